import type { Queryable } from '../db/database.ts';

/** The bucket's last batch, by its place in the recorded order, that was processed at or before an instant; 0 before the first. */
export async function lastSeqAt(
  q: Queryable,
  { bucket, instant }: { readonly bucket: number; readonly instant: Date },
): Promise<number> {
  const { rows } = await q.query<{ seq: number }>(
    `select seq
     from inbox_batches
     where bucket = $1 and seq is not null and processed_at <= $2
     order by seq desc
     limit 1`,
    [bucket, instant],
  );
  return rows[0]?.seq ?? 0;
}
