import type { Figure } from './bench.ts';
import type { Row } from './row.ts';
import { type EventRun, eventStage } from './stage-events.ts';

/** Processor time that an event costs, over all processes, the checkpoint that writes it down included. */
export const figure: Figure = {
  name: 'processor-time',
  stage: eventStage,
  async measure(bench) {
    const runs = await (await eventStage.state(bench)).runs();
    const row = (who: string, secondsOf: (run: EventRun) => number): Row => ({
      figure: `CPU an event, ${who}`,
      unit: 'µs',
      values: runs.map(run => (secondsOf(run) / run.lines) * 1e6),
    });
    return [
      {
        ...row('all processes', ({ processorTime: { node, postgres, redis } }) => node + postgres + redis),
        target: { limit: 20, aim: 10 },
      },
      row('Node', run => run.processorTime.node),
      row('of Node: the command that accepts', run => run.processorTime.commands),
      row('Postgres', run => run.processorTime.postgres),
      row('Redis', run => run.processorTime.redis),
    ];
  },
};
