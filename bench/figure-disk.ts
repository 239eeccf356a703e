import type { Figure } from './bench.ts';
import { eventStage } from './stage-events.ts';

const SHOWN_TABLES = 4;

/** What an event takes on disk once it is processed, against its line in the log. */
export const figure: Figure = {
  name: 'disk',
  stage: eventStage,
  async measure(bench) {
    const { load } = await eventStage.state(bench);
    const bytes = load.diskBytes.postgres + load.diskBytes.redis;
    const largest = [...load.tableBytes].toSorted((a, b) => b[1] - a[1]).slice(0, SHOWN_TABLES);
    const tables = largest.map(([table, grown]) => `${table} ${(grown / load.lines).toFixed(1)} B`).join(', ');
    bench.note(`disk, an event: ${tables}, with their indexes`);
    return [
      {
        figure: `bytes on disk an event, of ${load.lines.toLocaleString('en-US')}`,
        unit: 'B',
        values: [bytes / load.lines],
        reference: { name: 'NDJSON line', values: [load.rawBytes / load.lines] },
        target: { limit: 3 / 4, aim: 1 / 3 },
      },
      { figure: 'bytes on disk an event, Redis alone', unit: 'B', values: [load.diskBytes.redis / load.lines] },
    ];
  },
};
