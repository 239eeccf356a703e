import type { Figure } from './bench.ts';
import type { Row } from './row.ts';
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
    const target = { limit: 0.7, aim: 1.5 };
    const rows: Row[] = [];
    const limits = runs.flatMap(run => (run.limit === null ? [] : [{ ...run.limit, events: run.events }]));
    if (limits.length > 0) {
      const empty = limits.map(run => run.events / run.emptySeconds);
      const filled = limits.map(run => run.events / run.filledSeconds);
      rows.push({ ...ours, reference: { name: 'limit, empty', values: empty }, target });
      rows.push({ ...ours, reference: { name: `limit, ${known} rows`, values: filled }, target });
    }
    const naive = runs.flatMap(run => (run.naivePerSecond === null ? [] : [run.naivePerSecond]));
    if (naive.length > 0) {
      rows.push({ ...ours, reference: { name: 'naive', values: naive }, target: { limit: 30, aim: 80 } });
    } else {
      bench.note('naive: skipped, it needs a Redis server and none was found');
    }
    return rows;
  },
};
