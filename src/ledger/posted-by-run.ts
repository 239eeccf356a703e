import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';

/** What one run posted of one part of an (app, day, currency); negative where it took back. */
export interface PostedByRun {
  readonly runId: string;
  readonly developerId: string;
  readonly appId: string;
  readonly currency: string;
  readonly reason: string;
  readonly providerId: string | null;
  readonly amountNanos: Nanos;
}

/** Everything that settlement posted to developers' books for a bucket's business day, run by run. */
export async function postedByRun(
  db: Queryable,
  { bucket, day }: { readonly bucket: number; readonly day: BusinessDay },
): Promise<PostedByRun[]> {
  const { rows } = await db.query<Omit<PostedByRun, 'amountNanos'> & { amount: string }>(
    `select run_id as "runId", developer_id as "developerId", app_id as "appId", currency, reason,
       provider_id as "providerId", sum(case when debit = 'ad_revenue' then amount_nanos else -amount_nanos end) as amount
     from transfers
     where bucket = $1 and ledger_date = $2 and version is not null and run_id is not null and reason not in ('provider_income', 'hold', 'forfeiture', 'award', 'incentive')
     group by run_id, developer_id, app_id, currency, reason, provider_id`,
    [bucket, day],
  );
  return rows.map(({ amount, ...row }) => ({ ...row, amountNanos: nanos(BigInt(amount)) }));
}
