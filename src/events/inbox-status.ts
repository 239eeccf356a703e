import type { Queryable } from '../db/database.ts';

export interface InboxStatus {
  /** Accepted and not yet processed. */
  readonly pendingBatches: number;
  readonly pendingLines: number;
  readonly oldestPendingAt: Date | null;
  readonly lastProcessedAt: Date | null;
}

export async function inboxStatus(q: Queryable): Promise<InboxStatus> {
  const { rows } = await q.query<InboxStatus>(
    `select count(*) as "pendingBatches", coalesce(sum(line_count), 0)::bigint as "pendingLines",
       min(accepted_at) as "oldestPendingAt",
       (
         select max(last.processed_at)
         from (select distinct bucket from inbox_batches) as bucket
         cross join lateral (
           select processed_at from inbox_batches where bucket = bucket.bucket and seq is not null order by seq desc limit 1
         ) as last
       ) as "lastProcessedAt"
     from inbox_batches
     where seq is null`,
  );
  return rows[0] ?? { pendingBatches: 0, pendingLines: 0, oldestPendingAt: null, lastProcessedAt: null };
}

/** Lines of batches processed since an instant that did not come to earnings and were not taken in since. */
export interface RecentTrouble {
  /** By reason. */
  readonly rejected: Readonly<Record<string, number>>;
  readonly conflicts: number;
}

export async function recentTrouble(q: Queryable, { since }: { readonly since: Date }): Promise<RecentTrouble> {
  const { rows } = await q.query<{ reason: string; lines: number }>(
    `select rejected.reason, count(*) as lines
     from inbox_batches as batch
     join rejected_lines as rejected on rejected.bucket = batch.bucket and rejected.seq = batch.seq
     where batch.processed_at >= $1 and batch.rejected > 0
       and not exists (
         select from redriven_lines as redriven
         where redriven.bucket = rejected.bucket and redriven.seq = rejected.seq and redriven.line_no = rejected.line_no
       )
     group by rejected.reason
     order by lines desc, rejected.reason`,
    [since],
  );
  const { rows: totals } = await q.query<{ conflicts: number }>(
    `select coalesce(sum(conflicts), 0)::bigint as conflicts from inbox_batches where processed_at >= $1`,
    [since],
  );
  return {
    rejected: Object.fromEntries(rows.map(({ reason, lines }) => [reason, lines])),
    conflicts: totals[0]?.conflicts ?? 0,
  };
}
