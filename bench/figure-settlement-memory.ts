import type { Figure } from './bench.ts';
import { peakMebibytes } from './peak-memory.ts';
import { bookStage } from './stage-books.ts';

/** Peak resident memory of the process that takes most while it settles a day of many apps. */
export const figure: Figure = {
  name: 'settlement-memory',
  stage: bookStage,
  async measure(bench) {
    const runs = await (await bookStage.state(bench)).runs();
    return [
      {
        figure: `peak memory settling ${bench.size('settle-apps').toLocaleString('en-US')} apps`,
        unit: 'MiB',
        values: runs.map(({ large }) => peakMebibytes(large.peakBytes, ['settlement-worker', 'apportion settle'])),
        target: { limit: 1024, aim: 512 },
      },
    ];
  },
};
