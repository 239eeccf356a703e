import type { Figure } from './bench.ts';
import { bookStage } from './stage-books.ts';

/** Settling a settled day: as it is, when nothing is due, and with everything due once more, when all is computed and nothing posted. */
export const figure: Figure = {
  name: 'second-run',
  stage: bookStage,
  async measure(bench) {
    const runs = await (await bookStage.state(bench)).runs();
    const reference = { name: 'first run', values: runs.map(run => run.large.seconds) };
    const target = { limit: 0.3, aim: 0.1 };
    return [
      {
        figure: 'second run of a settled day',
        unit: 's',
        values: runs.map(run => run.againSeconds),
        reference,
        target,
      },
      {
        figure: 'second run, everything marked due again',
        unit: 's',
        values: runs.map(run => run.dueAgainSeconds),
        reference,
        target,
      },
    ];
  },
};
