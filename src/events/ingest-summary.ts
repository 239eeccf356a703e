import type { Queryable } from '../db/database.ts';
import type { LineCounts } from './inbox.ts';

export interface IngestSummary extends Omit<LineCounts, 'rejected' | 'invalid'> {
  readonly received: number;
  readonly pending: number;
  /** Lines by the reason of their rejection. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Accepted events that were found invalid when they were processed, by reason. */
  readonly invalid: Readonly<Record<string, number>>;
}

/** What came of the lines of the given readings; lines of batches not yet processed count as pending. */
export async function summariseIngests(db: Queryable, ingestIds: readonly string[]): Promise<IngestSummary> {
  const { rows: totals } = await db.query<
    Record<'received' | 'pending' | 'accepted' | 'duplicates' | 'conflicts', number>
  >(
    `select coalesce(sum(line_count), 0)::bigint as received,
       coalesce(sum(line_count) filter (where seq is null), 0)::bigint as pending,
       coalesce(sum(accepted), 0)::bigint as accepted,
       coalesce(sum(duplicates), 0)::bigint as duplicates,
       coalesce(sum(conflicts), 0)::bigint as conflicts
     from inbox_batches
     where ingest_id = any ($1::uuid[])`,
    [ingestIds],
  );
  const { rows: reasons } = await db.query<{ reason: string; lines: number }>(
    `select rejected.reason, count(*) as lines
     from inbox_batches as batch
     join rejected_lines as rejected on rejected.bucket = batch.bucket and rejected.seq = batch.seq
     where batch.ingest_id = any ($1::uuid[])
     group by rejected.reason
     order by rejected.reason`,
    [ingestIds],
  );
  const { rows: invalid } = await db.query<{ reason: string; events: number }>(
    `select found.reason, sum(found.events::int) as events
     from inbox_batches as batch
     cross join lateral jsonb_each_text(batch.invalid) as found (reason, events)
     where batch.ingest_id = any ($1::uuid[])
     group by found.reason
     order by found.reason`,
    [ingestIds],
  );
  const total = totals[0] ?? { received: 0, pending: 0, accepted: 0, duplicates: 0, conflicts: 0 };
  return {
    ...total,
    rejected: Object.fromEntries(reasons.map(({ reason, lines }) => [reason, lines])),
    invalid: Object.fromEntries(invalid.map(({ reason, events }) => [reason, events])),
  };
}
