import type { Figure } from './bench.ts';
import type { Row } from './row.ts';
import { bookStage, type SettledRun } from './stage-books.ts';

/** What an app costs on a day with many apps, against a day with few; and where its processor time goes. */
export const figure: Figure = {
  name: 'settlement-scale',
  stage: bookStage,
  async measure(bench) {
    const runs = await (await bookStage.state(bench)).runs();
    const many = bench.size('settle-apps').toLocaleString('en-US');
    const few = bench.size('few-apps').toLocaleString('en-US');
    const microsecondsAnApp = ({ runSeconds, apps }: SettledRun) => (runSeconds / apps) * 1e6;
    const processorRow = (who: string, secondsOf: (run: SettledRun) => number): Row => ({
      figure: `CPU an app settled, ${who}`,
      unit: 'µs',
      values: runs.map(({ large }) => (secondsOf(large) / large.apps) * 1e6),
    });
    return [
      {
        figure: `settlement's cost an app, ${many} apps`,
        unit: 'µs',
        values: runs.map(run => microsecondsAnApp(run.large)),
        reference: { name: `${few} apps`, values: runs.map(run => microsecondsAnApp(run.small)) },
        target: { limit: 1.2, aim: 1 },
      },
      processorRow('all processes', ({ processorTime: { node, postgres, redis } }) => node + postgres + redis),
      processorRow('Node', run => run.processorTime.node),
      processorRow('Postgres', run => run.processorTime.postgres),
    ];
  },
};
