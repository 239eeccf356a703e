import type { Figure } from './bench.ts';
import { peakMebibytes } from './peak-memory.ts';
import { eventStage } from './stage-events.ts';

/** Peak resident memory of the one worker process that took in all known events, and of the command that accepted them. */
export const figure: Figure = {
  name: 'event-memory',
  stage: eventStage,
  async measure(bench) {
    const { load } = await eventStage.state(bench);
    return [
      {
        figure: `peak memory of one event worker, ${load.lines.toLocaleString('en-US')} events`,
        unit: 'MiB',
        values: [peakMebibytes(load.peakBytes, ['event-worker'])],
        target: { limit: 512, aim: 256 },
      },
      {
        figure: 'peak memory of the acceptor',
        unit: 'MiB',
        values: [peakMebibytes(load.peakBytes, ['apportion ingest'])],
      },
    ];
  },
};
