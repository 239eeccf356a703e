import type { Figure } from './bench.ts';
import type { Row, Target } from './row.ts';
import { eventStage } from './stage-events.ts';

/** Events end to end: from a file to committed earnings, against COPY and against a job and an INSERT for each. */
export const figure: Figure = {
  name: 'events',
  stage: eventStage,
  async measure(bench) {
    const runs = await (await eventStage.state(bench)).runs();
    const known = bench.size('known').toLocaleString('en-US');
    const ours = {
      figure: `events end to end, ${known} known`,
      unit: 'events/s',
      values: runs.map(run => run.events / run.firstSeconds),
    } as const;
    const rows: Row[] = [];
    const compare = (name: 'limit' | 'naive', target: Target) => {
      const rates = runs.map(run => run[name]).filter(rate => rate !== null);
      if (rates.length === 0) return;
      rows.push({ ...ours, reference: { name: `${name}, empty`, values: rates.map(rate => rate.empty) } });
      const values = rates.map(rate => rate.filled);
      rows.push({ ...ours, reference: { name: `${name}, ${known} rows`, values }, target });
    };
    compare('limit', { limit: 0.7, aim: 1.5 });
    compare('naive', { limit: 30, aim: 80 });
    if (runs.some(run => run.naive === null)) bench.note('naive: skipped, it needs a Redis server and none was found');
    return rows;
  },
};
