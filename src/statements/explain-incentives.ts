import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import { ruleInWords, type StoredRule } from '../funds/fund.ts';
import { type IncentiveOfApp, incentivesOfApp } from '../funds/incentives-of-app.ts';
import { grouped } from './text-table.ts';

/** What a fund adds to an app's day. */
export interface ExplainedIncentive {
  readonly fund_id: string;
  readonly rule: StoredRule;
  readonly first_day: BusinessDay | null;
  /** Settled, as the fund's last step found it. */
  readonly gross: Money;
  readonly claim: Money;
  readonly awarded: Money;
  /** Claimed, but the fund had nothing left. */
  readonly lacking: Money;
}

export async function explainIncentives(
  q: Queryable,
  of: Parameters<typeof incentivesOfApp>[1],
): Promise<ExplainedIncentive[]> {
  return (await incentivesOfApp(q, of)).map(explained);
}

function explained({ fundId, rule, firstDay, currency, ...amounts }: IncentiveOfApp): ExplainedIncentive {
  const { grossNanos, claimNanos, awardedNanos } = amounts;
  const inMoney = (amount: bigint) => money(nanos(amount), currency);
  return {
    fund_id: fundId,
    rule,
    first_day: firstDay,
    gross: inMoney(grossNanos),
    claim: inMoney(claimNanos),
    awarded: inMoney(awardedNanos),
    lacking: inMoney(claimNanos - awardedNanos),
  };
}

/** As a section of an explanation; nothing where there are none. */
export function incentiveExplanation(incentives: readonly ExplainedIncentive[]): string[] {
  if (incentives.length === 0) return [];
  const lines = incentives.flatMap(({ fund_id, rule, first_day, claim, gross, awarded, lacking }) => [
    `  ${fund_id}: ${ruleInWords(rule)}${first_day === null ? '' : `; its first day was ${first_day}`}`,
    `    ${arithmetic(rule, { gross, claim })} ${claim.currency}`,
    `    awarded ${grouped(awarded.amount)}${/[1-9]/.test(lacking.amount) ? `; the fund had nothing left for ${grouped(lacking.amount)}` : ''}`,
  ]);
  return ['', 'Incentives, on top of the share', ...lines];
}

function arithmetic({ points, floor }: StoredRule, { gross, claim }: Record<'gross' | 'claim', Money>): string {
  const [earned, claimed] = [grouped(gross.amount), grouped(claim.amount)];
  if (!/[1-9]/.test(claim.amount)) return `gross of ${earned} claims nothing`;
  return points === null ? `gross of ${earned} reaches ${floor}: ${claimed}` : `${earned} × ${points} = ${claimed}`;
}
