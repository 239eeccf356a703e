import type { Queryable } from '../db/database.ts';

/** Batches of payouts that a decision names which is proposed and has not expired. */
export async function openPayoutBatches(q: Queryable, at: Date): Promise<Set<string>> {
  const { rows } = await q.query<{ batchId: string }>(
    `select distinct parameters->>'batch' as "batchId"
     from decisions
     left join decision_outcomes using (decision_id)
     where kind = 'payouts' and outcome is null and decisions.expires_at > $1`,
    [at],
  );
  return new Set(rows.map(row => row.batchId));
}
