import type { App } from '../app.ts';
import { awaitWork } from '../await-work.ts';
import { countPending } from '../events/inbox.ts';
import type { IngestSummary } from '../events/ingest-summary.ts';
import type { Output } from './output.ts';
import { standByWorkers } from './stand-by.ts';

/** Waits until all batches of these readings are processed, with workers of its own where no others get it done. */
export async function awaitProcessing(
  app: App,
  {
    ingestIds,
    batches,
    output,
    ownProcesses = 0,
  }: {
    readonly ingestIds: readonly string[];
    readonly batches: number;
    readonly output: Output;
    /** Worker processes that this command has started. */
    readonly ownProcesses?: number;
  },
): Promise<void> {
  const queues = await app.queues();
  let progressAt = performance.now();
  let last = Number.POSITIVE_INFINITY;
  const progress = output.progress({ label: 'processing', total: batches });
  try {
    await awaitWork(app, {
      remaining: async () => {
        let pending = 0;
        for (const ingestId of ingestIds) pending += await countPending(app.db, ingestId);
        if (pending < last) progressAt = performance.now();
        last = pending;
        return pending;
      },
      startWorkers: () =>
        standByWorkers(app, {
          others: async () => (await queues.eventWorkers()) - ownProcesses,
          progressAt: () => progressAt,
          onError: error => output.note(`apportion: ${error.message}`),
        }),
      onProgress: remaining => progress.update(batches - remaining),
    });
  } finally {
    progress.stop();
  }
}

export function describeSummary(summary: IngestSummary): string {
  return describeCounts([
    ['received', summary.received],
    ['accepted', summary.accepted],
    ['duplicates', summary.duplicates],
    ['conflicts', summary.conflicts],
    ...(summary.pending > 0 ? [['pending', summary.pending] as [string, number]] : []),
    ...Object.entries(summary.invalid).map(([reason, events]): [string, number] => [`invalid: ${reason}`, events]),
    ...Object.entries(summary.rejected).map(([reason, lines]): [string, number] => [`rejected: ${reason}`, lines]),
  ]);
}

export function describeCounts(rows: readonly (readonly [label: string, lines: number])[]): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows
    .map(([label, lines]) => `${label.padEnd(width)}  ${lines.toLocaleString('en-US').padStart(13)}`)
    .join('\n');
}
