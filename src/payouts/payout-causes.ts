import type { Queryable } from '../db/database.ts';

/** A file of payouts or of the bank's answers; null for another id. */
export async function payoutCause(
  q: Queryable,
  fileId: string,
): Promise<{
  readonly id: string;
  readonly name: string;
  readonly of: 'payouts' | 'answers';
  readonly by: string;
} | null> {
  const { rows } = await q.query<{ id: string; name: string; of: 'payouts' | 'answers'; by: string }>(
    `select file_id as id, name, 'payouts' as of, actor as by from payment_files where file_id = $1
     union all
     select file_id, name, 'answers', actor from answer_files where file_id = $1`,
    [fileId],
  );
  return rows[0] ?? null;
}

/** Those of the ids that are of files of payouts or of the bank's answers, as the transfers of what they moved bear them. */
export async function payoutCausesAmong(q: Queryable, ids: readonly string[]): Promise<Set<string>> {
  const { rows } = await q.query<{ fileId: string }>(
    `select file_id as "fileId" from payment_files where file_id = any ($1::uuid[])
     union all
     select file_id from answer_files where file_id = any ($1::uuid[])`,
    [ids],
  );
  return new Set(rows.map(row => row.fileId));
}
