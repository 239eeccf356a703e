import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';

/** A flow between books, or between currencies, whose two halves are not both there or don't agree. */
export interface BrokenLink {
  readonly linkId: string;
  /** What there is, in words. */
  readonly halves: string;
}

const DEFAULT_LIMIT = 1000;

/** Business days for which the ledger holds flows between books, in order. */
export async function linkedDays(q: Queryable): Promise<BusinessDay[]> {
  const { rows } = await q.query<{ day: BusinessDay }>(
    'select distinct ledger_date as day from transfers where link_id is not null order by ledger_date',
  );
  return rows.map(row => row.day);
}

/**
 * Links of a day that are not what a provider's part or a fund's award makes: one half in a developer's book and one in the provider's
 * or the fund's, alike in all but the book, which together leave nothing on the account between them; nor what a payout's exchange
 * makes: two halves in one book, alike in all but currency and amount. At most `limit` are told.
 */
export async function brokenLinks(
  q: Queryable,
  {
    day,
    bucketCount,
    limit = DEFAULT_LIMIT,
  }: { readonly day: BusinessDay; readonly bucketCount: number; readonly limit?: number },
): Promise<BrokenLink[]> {
  const { rows } = await q.query<BrokenLink>(
    `select link_id as "linkId",
       string_agg(concat_ws(' ', developer_id, reason, debit, '>', credit, amount_nanos, currency), '; ' order by reason) as halves
     from transfers
     where ledger_date = $1 and link_id is not null
     group by link_id
     having count(*) <> 2
       or not (
         count(*) filter (where ${EXCHANGED_OUT}) = 1
           and count(*) filter (where ${EXCHANGED_IN} and transfer_id = link_id) = 1
         or count(*) filter (where ${LEAVES}) = 1
           and count(*) filter (where ${ARRIVES} and developer_id = provider_id and transfer_id = link_id) = 1
         or count(*) filter (where ${AWARD_LEAVES} and developer_id = fund_id) = 1
           and count(*) filter (where ${AWARD_ARRIVES} and transfer_id = link_id) = 1
       )
       or sum(${movementOn('provider_share')}) <> 0
       or sum(${movementOn('incentive')}) <> 0
       or count(distinct (app_id, business_date, period, provider_id, fund_id, run_id, version, booked_at)) <> 1
       or count(distinct currency) <> case when bool_or(payout_id is null) then 1 else 2 end
       -- An exchange stays in its book.
       or (count(payout_id) > 0 and count(distinct (developer_id, payout_id, decision_id)) <> 1)
       or bool_or(bucket <> ${BUCKET_OF_OWNER} % $2)
     order by link_id
     limit $3`,
    [day, bucketCount, limit],
  );
  return rows;
}

const EXCHANGED_OUT = `reason = 'exchange' and payout_id is not null and debit = 'payout_due' and credit = 'fx'`;

const EXCHANGED_IN = `reason = 'exchange' and payout_id is not null and debit = 'fx' and credit = 'payout_due'`;

const LEAVES = `reason = 'provider_share'
         and ((debit = 'ad_revenue' and credit = 'provider_share') or (debit = 'provider_share' and credit = 'ad_revenue'))`;

const ARRIVES = `reason = 'provider_income'
         and ((debit = 'provider_share' and credit = 'payable') or (debit = 'payable' and credit = 'provider_share'))`;

const AWARD_LEAVES = `reason = 'award'
         and ((debit = 'fund_available' and credit = 'incentive') or (debit = 'incentive' and credit = 'fund_available'))`;

const AWARD_ARRIVES = `reason = 'incentive'
         and ((debit = 'incentive' and credit = 'payable') or (debit = 'payable' and credit = 'incentive'))`;

/** What a transfer moves on an account between two books. */
function movementOn(account: 'provider_share' | 'incentive'): string {
  return `case when credit = '${account}' then amount_nanos when debit = '${account}' then -amount_nanos else 0 end`;
}

/** As `bucketOf` does it, before the remainder. */
const BUCKET_OF_OWNER = `('x' || left(encode(sha256(convert_to(developer_id, 'UTF8')), 'hex'), 8))::bit(32)::bigint`;
