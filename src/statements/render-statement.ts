import type { Money } from '../domain/money.ts';
import { formatAmount, nanos, parseAmount } from '../domain/nanos.ts';
import { adjustmentLines } from './adjustments.ts';
import { heldBalanceRow, heldLines } from './held-money.ts';
import { incentiveLines } from './incentives.ts';
import { invalidTable } from './invalid-traffic.ts';
import { percentOf } from './rates.ts';
import type { Statement } from './statement.ts';
import type {
  CurrencyStatement,
  StatementApp,
  StatementCorrection,
  StatementFigures,
  StatementUnit,
} from './statement-lines.ts';
import { type Column, grouped, textTable, textTableRows } from './text-table.ts';

const COLUMNS: readonly Column[] = [
  { title: '', align: 'left' },
  { title: 'Impressions', align: 'right' },
  { title: 'Clicks', align: 'right' },
  { title: 'eCPM', align: 'decimal' },
  { title: 'Gross', align: 'decimal' },
  { title: 'Share %', align: 'right' },
  { title: 'Your share', align: 'decimal' },
];

export const BALANCE_COLUMNS: readonly Column[] = [
  { title: '', align: 'left' },
  { title: '', align: 'decimal' },
];

export const RULE = '─'.repeat(100);

const PARTS: Record<string, string> = {
  developer_share: 'your share',
  platform_share: "platform's part",
  provider_share: 'part of service provider',
  provider_income: 'your part',
};

/** The statement as a developer reads it on a terminal of 100 columns. */
export function renderStatement(statement: Statement): string {
  const { developer, period, items } = statement;
  const pending = statement.status === 'pending';
  const lines = [
    `Statement for ${developer.name} (${developer.id})`,
    `Period ${period.id}: ${period.from} to ${period.to}${pending ? ', not settled to its end' : ''}`,
    ...(items.length === 0 ? ['', 'Nothing was earned and nothing is owed.'] : items.flatMap(currencyLines)),
  ];
  return `${lines.join('\n')}\n`;
}

function currencyLines(statement: CurrencyStatement): string[] {
  return [
    '',
    RULE,
    `${statement.currency}: all amounts in ${statement.currency}`,
    '',
    ...earningLines(statement),
    ...invalidTable(statement.invalid_traffic, { withDays: true }),
    ...correctionLines(statement.corrections),
    ...incentiveLines(statement.incentives),
    ...adjustmentLines(statement.adjustments),
    ...heldLines(statement.held),
    '',
    ...balanceLines(statement),
  ];
}

/** One table for the whole period, so that its columns stand below each other, with headings put between its rows. */
function earningLines({ days, totals }: CurrencyStatement): string[] {
  const blocks = days.flatMap(({ date, apps }) => apps.map(app => ({ date, app })));
  const [head = [], ...rows] = textTableRows(COLUMNS, [
    ...blocks.flatMap(({ app }) => appRows(app)),
    ['All days', ...figures(totals)],
  ]);
  const lines = [...head];
  for (const { date, app } of blocks) {
    const ofApp = rows.splice(0, app.ad_units.length + 1);
    lines.push(headingOf(date, app), ...ofApp.flat(), ...providerLine(app), ...pendingLine(app), '');
  }
  return [...lines, ...rows.flat()];
}

function headingOf(date: string, app: StatementApp): string {
  const plan = app.plan_id === null ? '' : `, plan ${app.plan_id}`;
  return `${date}  ${app.name} (${app.app_id})${plan}${app.status === 'pending' ? ', PENDING' : ''}`;
}

function appRows(app: StatementApp): string[][] {
  return [...app.ad_units.map(unitRow), ['  Day of the app', ...figures(app)]];
}

function unitRow(unit: StatementUnit): string[] {
  const { impressions, clicks, ecpm, gross } = unit;
  return [`  ${unit.ad_unit_id}`, grouped(impressions), grouped(clicks), amount(ecpm), amount(gross), '', ''];
}

function figures(sums: StatementFigures): string[] {
  const { impressions, clicks, ecpm, gross, share_percent, developer_share } = sums;
  const counts = [grouped(impressions), grouped(clicks)];
  return [...counts, amount(ecpm), amount(gross), share_percent ?? '', amount(developer_share)];
}

/** What the provider took before the developer's share was what it is. */
function providerLine({ provider_id, provider_ratio, provider_share, developer_share }: StatementApp): string[] {
  if (isZero(provider_share.amount)) return [];
  if (provider_id === null || provider_ratio === null) return [`  To service providers: ${amount(provider_share)}`];
  const total = addedUp(provider_share, developer_share);
  return [`  To service provider ${provider_id}: ${percentOf(provider_ratio)} of ${total} = ${amount(provider_share)}`];
}

function pendingLine({ status, pending_gross }: StatementApp): string[] {
  if (status === 'settled') return [];
  if (isZero(pending_gross.amount)) return ['  Waits to be settled again'];
  return [`  Not settled yet: ${amount(pending_gross)} of gross`];
}

/** Later bookings that changed the lines of a statement. */
export function correctionLines(corrections: readonly StatementCorrection[]): string[] {
  if (corrections.length === 0) return [];
  const lines = corrections.map(
    ({ booked_at, business_date, app_id, reason, provider_id, change, version, transfer }) => {
      const whose = provider_id === undefined || reason === 'provider_income' ? '' : ` ${provider_id}`;
      const part = `${PARTS[reason] ?? reason}${whose}`;
      const sign = change.amount.startsWith('-') ? '' : '+';
      return [
        `  ${business_date}  ${app_id}: ${part} ${sign}${amount(change)}`,
        `              booked ${minuteOf(booked_at)}, version ${version}, transfer ${transfer}`,
      ];
    },
  );
  return ['', 'Corrections of earlier bookings, contained in the lines above', ...lines.flat()];
}

function balanceLines(statement: CurrencyStatement): string[] {
  const { opening_balance, totals, adjustments, adjustments_total, closing_balance, currency } = statement;
  const { incentives, incentives_total } = statement;
  const isPending = !isZero(totals.pending_gross.amount);
  return textTable(BALANCE_COLUMNS, [
    ['Gross settled in this period', amount(totals.gross)],
    ["Platform's part", amount(totals.platform_share)],
    ...(isZero(totals.provider_share.amount) ? [] : [["Service providers' part", amount(totals.provider_share)]]),
    ['Your share', amount(totals.developer_share)],
    ...(isPending ? [['Gross not settled yet, shared out later', amount(totals.pending_gross)]] : []),
    ['', ''],
    [`Opening balance in ${currency}`, amount(opening_balance)],
    ['Your share of this period', amount(totals.developer_share)],
    ...(incentives.length === 0 ? [] : [['Incentives', amount(incentives_total)]]),
    ...(adjustments.length === 0 ? [] : [['Adjustments', amount(adjustments_total)]]),
    ...heldBalanceRow(statement.held),
    [`Closing balance in ${currency}`, amount(closing_balance)],
  ]);
}

function addedUp(one: Money, other: Money): string {
  return grouped(formatAmount(nanos(parseAmount(one.amount) + parseAmount(other.amount)), one.currency));
}

/** "2018-04-17 01:00 UTC" */
function minuteOf(instant: string): string {
  return `${instant.slice(0, 10)} ${instant.slice(11, 16)} UTC`;
}

function isZero(decimal: string): boolean {
  return !/[1-9]/.test(decimal);
}

export function amount(money: { readonly amount: string } | null): string {
  return money === null ? '' : grouped(money.amount);
}
