import type { Queryable } from '../db/database.ts';

/**
 * Those of the batches of payouts that a decision names, open or ended; not one that expired, for that says nothing about what
 * anybody wants.
 */
export async function namedPayoutBatches(
  q: Queryable,
  { batchIds, at }: { readonly batchIds: readonly string[]; readonly at: Date },
): Promise<Set<string>> {
  const { rows } = await q.query<{ batchId: string }>(
    `select distinct parameters->>'batch' as "batchId"
     from decisions
     left join decision_outcomes using (decision_id)
     where kind = 'payouts' and parameters->>'batch' = any ($1) and (outcome is not null or decisions.expires_at > $2)`,
    [batchIds, at],
  );
  return new Set(rows.map(row => row.batchId));
}
