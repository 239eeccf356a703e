import type { Money } from '../domain/money.ts';
import { ruleInWords } from '../funds/fund.ts';
import type { FundRow, ShownFund } from '../funds/list-funds.ts';
import { decimal, grouped, left, textTable } from './text-table.ts';

/** Funds as finance reads them on a terminal. */
export function renderFunds(funds: readonly FundRow[]): string {
  if (funds.length === 0) return 'no funds';
  return textTable(
    [
      ...[left('Fund'), left('Status'), left('From'), left('To'), decimal('Budget'), decimal('Awarded')],
      ...[decimal('Lacking'), decimal('Left'), left('Currency')],
    ],
    funds.map(fund => [
      ...[fund.id, fund.status, fund.start, fund.end, amount(fund.budget), amount(fund.awarded)],
      ...[amount(fund.lacking), amount(fund.left), fund.budget.currency],
    ]),
  ).join('\n');
}

/** One fund with its days. */
export function renderFund(fund: ShownFund): string {
  const { id, status, start, end, rule, items, ...sums } = fund;
  const amounts: [string, Money][] = [
    ['Budget', sums.budget],
    ['Claimed', sums.claimed],
    ['Awarded', sums.awarded],
    ['Lacking', sums.lacking],
    ['Given back', sums.returned],
    ['Left', sums.left],
  ];
  return [
    `Fund ${id}, ${status}, ${start} to ${end}, in ${sums.budget.currency}`,
    ruleInWords(rule),
    '',
    ...textTable(
      [left(''), decimal('')],
      amounts.map(([label, money]) => [label, amount(money)]),
    ),
    ...(items.length === 0 ? [] : ['', ...dayLines(fund)]),
  ].join('\n');
}

function dayLines({ items }: ShownFund): string[] {
  return textTable(
    [left('Day'), decimal('Claimed'), decimal('Awarded'), decimal('Lacking')],
    items.map(day => [day.date, amount(day.claimed), amount(day.awarded), amount(day.lacking)]),
  );
}

function amount(money: Money): string {
  return grouped(money.amount);
}
