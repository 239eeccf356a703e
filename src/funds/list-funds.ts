import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import { shown } from '../domain/shown.ts';
import type { Fund, StoredRule } from './fund.ts';
import { allFunds, findFund } from './stored-funds.ts';
import { daysOf, standingOf } from './stored-grants.ts';

/** Where a fund stands: budget = awarded + returned + left, and claimed = awarded + lacking. */
export interface FundRow {
  readonly id: string;
  readonly status: 'open' | 'expired' | 'closed';
  readonly start: BusinessDay;
  readonly end: BusinessDay;
  readonly rule: StoredRule;
  readonly budget: Money;
  readonly claimed: Money;
  readonly awarded: Money;
  /** Claimed, but there was nothing left. */
  readonly lacking: Money;
  /** Gone back to where the fund's money came from. */
  readonly returned: Money;
  readonly left: Money;
}

export interface FundDayRow {
  readonly date: BusinessDay;
  readonly claimed: Money;
  readonly awarded: Money;
  readonly lacking: Money;
}

export interface ShownFund extends FundRow {
  /** Every day on which anything was ever claimed. */
  readonly items: readonly FundDayRow[];
}

/** All funds by id. */
export async function listFunds(q: Queryable): Promise<FundRow[]> {
  const rows: FundRow[] = [];
  for (const fund of await allFunds(q)) {
    const { items: _, ...row } = await shownFund(q, fund);
    rows.push(row);
  }
  return rows;
}

/**
 * A fund with its days.
 * @throws Refusal `unknown_fund`
 */
export async function showFund(q: Queryable, fundId: string): Promise<ShownFund> {
  const fund = await findFund(q, fundId);
  if (fund !== null) return await shownFund(q, fund);
  throw new Refusal({
    code: 'unknown_fund',
    message: `${shown(fundId)} is no incentive fund`,
    remedy: 'give an id that "npx apportion funds list" shows',
    details: { fund: shown(fundId) },
  });
}

async function shownFund(q: Queryable, fund: Fund): Promise<ShownFund> {
  const { fundId, currency, startDay, endDay, rule, budgetNanos, isClosed } = fund;
  const { awardedNanos, returnedNanos, hasEnded } = await standingOf(q, fundId);
  const days = await daysOf(q, { fundId });
  const claimedNanos = days.reduce((sum, day) => sum + day.claimedNanos, 0n);
  const inMoney = (amount: bigint) => money(nanos(amount), currency);
  return {
    id: fundId,
    status: isClosed ? 'closed' : hasEnded ? 'expired' : 'open',
    start: startDay,
    end: endDay,
    rule,
    budget: inMoney(budgetNanos),
    claimed: inMoney(claimedNanos),
    awarded: inMoney(awardedNanos),
    lacking: inMoney(claimedNanos - awardedNanos),
    returned: inMoney(returnedNanos),
    left: inMoney(budgetNanos - awardedNanos - returnedNanos),
    items: days.map(day => ({
      date: day.businessDay,
      claimed: inMoney(day.claimedNanos),
      awarded: inMoney(day.awardedNanos),
      lacking: inMoney(day.claimedNanos - day.awardedNanos),
    })),
  };
}
