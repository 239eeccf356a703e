import type { Figure } from './bench.ts';
import { eventStage } from './stage-events.ts';

/** The same file again, so that every event is a repeat, against its first time. */
export const figure: Figure = {
  name: 'replay',
  stage: eventStage,
  async measure(bench) {
    const runs = await (await eventStage.state(bench)).runs();
    return [
      {
        figure: 'replay of 100 % repeats',
        unit: 'events/s',
        values: runs.map(run => run.events / run.replaySeconds),
        reference: { name: 'first time', values: runs.map(run => run.events / run.firstSeconds) },
        target: { limit: 1, aim: 2 },
      },
    ];
  },
};
