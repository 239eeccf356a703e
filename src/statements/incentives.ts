import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { IncentiveMovement } from '../ledger/incentive-movements.ts';
import { type Column, grouped, textTable } from './text-table.ts';

/** What a fund added to the share of a day, over all apps. */
export interface StatementIncentive {
  readonly fund_id: string;
  readonly date: BusinessDay;
  readonly amount: Money;
  readonly apps: readonly { readonly app_id: string; readonly amount: Money }[];
}

/** What funds awarded in one currency, by fund and day, and in all; days on which all was taken back stand there with nothing. */
export function incentivesIn(
  currency: string,
  movements: readonly IncentiveMovement[],
): { readonly incentives: readonly StatementIncentive[]; readonly incentiveNanos: Nanos } {
  const ofCurrency = movements.filter(each => each.currency === currency);
  const byDay = Map.groupBy(ofCurrency, each => `${each.fundId}\0${each.businessDay}`);
  const incentives = [...byDay.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const ofDay = [first, ...others];
    const apps = ofDay.map(({ appId, amountNanos }) => ({ app_id: appId, amount: money(amountNanos, currency) }));
    return [{ fund_id: first.fundId, date: first.businessDay, amount: money(sumOf(ofDay), currency), apps }];
  });
  return { incentives, incentiveNanos: sumOf(ofCurrency) };
}

function sumOf(movements: readonly IncentiveMovement[]): Nanos {
  return nanos(movements.reduce((sum, each) => sum + each.amountNanos, 0n));
}

const NAMED_APPS = 3;

const COLUMNS: readonly Column[] = [
  { title: '', align: 'left' },
  { title: '', align: 'left' },
  { title: '', align: 'decimal' },
];

/** As a section of a statement; nothing where there are none. */
export function incentiveLines(incentives: readonly StatementIncentive[]): string[] {
  if (incentives.length === 0) return [];
  const rows = incentives.map(({ fund_id, date, amount, apps }) => [
    `  ${date}  ${fund_id}`,
    apps.length > NAMED_APPS ? `${apps.length} apps` : apps.map(app => app.app_id).join(', '),
    grouped(amount.amount),
  ]);
  return ['', 'Incentives, on top of your share', ...textTable(COLUMNS, rows)];
}
