import type { Queryable } from '../db/database.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { awardsOn } from '../ledger/awards.ts';
import type { StoredRule } from './fund.ts';

/** What a fund makes of an app's day: what it found settled, what that may claim, and what was awarded of it. */
export interface IncentiveOfApp {
  readonly fundId: string;
  readonly currency: string;
  readonly rule: StoredRule;
  readonly grossNanos: bigint;
  readonly claimNanos: bigint;
  readonly awardedNanos: bigint;
  /** The app's first earning day as the fund knows it; null where its rule does not ask for it. */
  readonly firstDay: BusinessDay | null;
}

/** By fund; those of which the day never claimed anything are left out. Of an earlier instant: by the steps taken until then. */
export async function incentivesOfApp(
  q: Queryable,
  {
    bucket,
    bucketCount,
    appId,
    day,
    instant = null,
  }: {
    /** The developer's. */
    readonly bucket: number;
    readonly bucketCount: number;
    readonly appId: string;
    readonly day: BusinessDay;
    readonly instant?: Date | null;
  },
): Promise<IncentiveOfApp[]> {
  const { rows } = await q.query<
    Omit<IncentiveOfApp, 'grossNanos' | 'claimNanos' | 'awardedNanos'> & Record<'gross' | 'claim', string>
  >(
    `select fund_id as "fundId", currency, rule, last.gross_nanos as gross, last.claim_nanos as claim,
       (
         select min(first_day)
         from fund_first_days as first
         join fund_grants as step using (fund_id, grant_no)
         where first.bucket = $1 and first.fund_id = terms.fund_id and app_id = $2 and step.granted_at <= coalesce($4::timestamptz, 'infinity')
       ) as "firstDay"
     from fund_terms as terms
     cross join lateral (
       select gross_nanos, claim_nanos
       from fund_claims as found
       join fund_grants as step using (fund_id, grant_no)
       where found.bucket = $1 and found.fund_id = terms.fund_id and business_date = $3 and app_id = $2
         and step.granted_at <= coalesce($4::timestamptz, 'infinity')
       order by grant_no desc
       limit 1
     ) as last
     where start_day <= $3 and end_day >= $3
     order by fund_id collate "C"`,
    [bucket, appId, day, instant],
  );
  const found: IncentiveOfApp[] = [];
  for (const { gross, claim, ...row } of rows) {
    const { fundId } = row;
    const of = { bucket: bucketOf(fundId, bucketCount), fundId, day, appIds: [appId], bookedBy: instant };
    const awardedNanos = (await awardsOn(q, of)).get(appId)?.awardedNanos ?? 0n;
    found.push({ ...row, grossNanos: BigInt(gross), claimNanos: BigInt(claim), awardedNanos });
  }
  return found;
}
