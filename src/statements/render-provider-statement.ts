import { adjustmentLines } from './adjustments.ts';
import { heldBalanceRow, heldLines } from './held-money.ts';
import type { ProviderApp, ProviderCurrencyStatement } from './provider-lines.ts';
import type { ProviderStatement } from './provider-statement.ts';
import { percentOf } from './rates.ts';
import { amount, BALANCE_COLUMNS, correctionLines, RULE } from './render-statement.ts';
import { type Column, textTable, textTableRows } from './text-table.ts';

const COLUMNS: readonly Column[] = [
  { title: '', align: 'left' },
  { title: "Developer's total", align: 'decimal' },
  { title: 'Ratio', align: 'right' },
  { title: 'Your part', align: 'decimal' },
];

/** The statement as a service provider reads it on a terminal of 100 columns. */
export function renderProviderStatement({ provider, period, status, items }: ProviderStatement): string {
  const lines = [
    `Statement for service provider ${provider.name} (${provider.id})`,
    `Period ${period.id}: ${period.from} to ${period.to}${status === 'pending' ? ', not settled to its end' : ''}`,
    ...(items.length === 0 ? ['', 'Nothing was earned and nothing is owed.'] : items.flatMap(currencyLines)),
  ];
  return `${lines.join('\n')}\n`;
}

function currencyLines(statement: ProviderCurrencyStatement): string[] {
  const { currency, corrections, adjustments, opening_balance, totals, closing_balance } = statement;
  return [
    '',
    RULE,
    `${currency}: all amounts in ${currency}`,
    '',
    ...partLines(statement),
    ...correctionLines(corrections),
    ...adjustmentLines(adjustments),
    ...heldLines(statement.held),
    '',
    ...textTable(BALANCE_COLUMNS, [
      [`Opening balance in ${currency}`, amount(opening_balance)],
      ['Your part of this period', amount(totals.provider_share)],
      ...(adjustments.length === 0 ? [] : [['Adjustments', amount(statement.adjustments_total)]]),
      ...heldBalanceRow(statement.held),
      [`Closing balance in ${currency}`, amount(closing_balance)],
    ]),
  ];
}

/** One table for the whole period, so that its columns stand below each other, with the days put between its rows. */
function partLines({ days, totals }: ProviderCurrencyStatement): string[] {
  const [head = [], ...rows] = textTableRows(COLUMNS, [
    ...days.flatMap(({ apps }) => apps.map(appRow)),
    ['All days', amount(totals.developer_total), '', amount(totals.provider_share)],
  ]);
  const lines = [...head];
  for (const { date, apps } of days) lines.push(date, ...rows.splice(0, apps.length).flat(), '');
  return [...lines, ...rows.flat()];
}

function appRow({ app_id, name, developer_id, status, developer_total, ratio, provider_share }: ProviderApp): string[] {
  const label = `  ${name} (${app_id}) of ${developer_id}${status === 'pending' ? ', PENDING' : ''}`;
  return [label, amount(developer_total), ratio === null ? '' : percentOf(ratio), amount(provider_share)];
}
