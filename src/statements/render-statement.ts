import type { Money } from '../domain/money.ts';
import { formatAmount, nanos, parseAmount } from '../domain/nanos.ts';
import { invalidTable } from './invalid-traffic.ts';
import { type Language, MESSAGES, type Messages } from './messages.ts';
import { percentOf } from './rates.ts';
import { sectionLines } from './render-sections.ts';
import type {
  CurrencyStatement,
  ProviderApp,
  ProviderFigures,
  Statement,
  StatementApp,
  StatementDay,
  StatementFigures,
  StatementHalf,
  StatementUnit,
} from './statement-form.ts';
import {
  amount,
  type Column,
  decimal,
  grouped,
  isZero,
  left,
  minuteOf,
  right,
  textTable,
  textTableRows,
} from './text-table.ts';

const RULE = '─'.repeat(100);
const BALANCE_COLUMNS: readonly Column[] = [left(''), decimal('')];

/** The statement as its owner reads it on a terminal of 100 columns. */
export function renderStatement(statement: Statement, language: Language = 'en'): string {
  const say = MESSAGES[language];
  const { period, status, halves } = statement;
  const currencies =
    'developer' in statement
      ? statement.items.flatMap(item => currencyLines(say, item, developerParts(say, item)))
      : statement.items.flatMap(item => currencyLines(say, item, providerParts(say, item)));
  const lines = [
    'developer' in statement ? say.title(statement.developer) : say.providerTitle(statement.provider),
    `${say.period(period)}${status === 'pending' ? say.notSettledToItsEnd : ''}`,
    ...halves.flatMap(half => stateLine(say, half)),
    ...(currencies.length === 0 ? ['', say.nothing] : currencies),
  ];
  return `${lines.join('\n')}\n`;
}

function stateLine(say: Messages, { period, state, seal, issued_at }: StatementHalf): string[] {
  if (state === 'open') return [];
  if (seal === null) return [say.closedWithoutSeal(period)];
  return [
    issued_at === null ? say.closed(period) : say.issued({ period, at: minuteOf(issued_at) }),
    `  ${say.sealed(seal)}`,
  ];
}

/** What differs between a developer's and a service provider's statement. */
interface Parts {
  readonly earningLines: readonly string[];
  /** How what was settled was shared out; empty for a provider, whose part the table shows. */
  readonly sharedOut: readonly (readonly [string, Money])[];
  readonly share: readonly [string, Money];
}

function currencyLines<App, Figures>(say: Messages, item: CurrencyStatement<App, Figures>, parts: Parts): string[] {
  const { currency, opening_balance, closing_balance } = item;
  const { held } = item;
  const optional: [string, boolean, Money][] = [
    [say.lateTotal, item.late_differences.length > 0, item.late_total],
    [say.incentivesTotal, item.incentives.length > 0, item.incentives_total],
    [say.adjustmentsTotal, item.adjustments.length > 0, item.adjustments_total],
    ...(held === null ? [] : [heldRow(say, held.change_of_payable)]),
    [say.payoutsTotal, item.payouts.length > 0, item.payouts_total],
  ];
  const rows: (readonly [string, Money])[] = [
    [say.openingBalance(currency), opening_balance],
    parts.share,
    ...optional.filter(([, isTold]) => isTold).map(([label, , sum]): [string, Money] => [label, sum]),
    [say.closingBalance(currency), closing_balance],
    ...(item.under_way === null ? [] : [[say.underWay, item.under_way.closing] as const]),
  ];
  const separated = parts.sharedOut.length === 0 ? [] : [...parts.sharedOut.map(balanceRow), ['', '']];
  return [
    '',
    RULE,
    say.amountsIn(currency),
    '',
    ...parts.earningLines,
    ...invalidTable(item.invalid_traffic, { withDays: true, columns: say.columns }),
    ...sectionLines(say, item),
    '',
    ...textTable(BALANCE_COLUMNS, [...separated, ...rows.map(balanceRow)]),
  ];
}

function balanceRow([label, money]: readonly [string, Money]): string[] {
  return [label, amount(money)];
}

function heldRow(say: Messages, change: Money): [string, boolean, Money] {
  return [say.heldAndGivenBack, !isZero(change.amount), change];
}

function developerParts(say: Messages, item: CurrencyStatement<StatementApp, StatementFigures>): Parts {
  const { totals } = item;
  return {
    earningLines: earningLines(say, item),
    sharedOut: [
      [say.grossSettled, totals.gross],
      [say.platformPart, totals.platform_share],
      ...(isZero(totals.provider_share.amount) ? [] : [[say.providersPart, totals.provider_share] as const]),
      [say.yourShare, totals.developer_share],
      ...(isZero(totals.pending_gross.amount) ? [] : [[say.grossNotSettled, totals.pending_gross] as const]),
    ],
    share: [say.shareOfPeriod, totals.developer_share],
  };
}

/** One table for the whole period, so that its columns stand below each other, with headings put between its rows. */
function earningLines(say: Messages, { days, totals }: CurrencyStatement<StatementApp, StatementFigures>): string[] {
  const { columns } = say;
  const table: Column[] = [
    left(''),
    right(columns.impressions),
    right(columns.clicks),
    decimal(columns.ecpm),
    decimal(columns.gross),
    right(columns.sharePercent),
    decimal(columns.yourShare),
  ];
  const blocks = days.flatMap(({ date, apps }) => apps.map(app => ({ date, app })));
  const [head = [], ...rows] = textTableRows(table, [
    ...blocks.flatMap(({ app }) => [...app.ad_units.map(unitRow), [`  ${say.dayOfApp}`, ...figures(app)]]),
    [say.allDays, ...figures(totals)],
  ]);
  const lines = [...head];
  for (const { date, app } of blocks) {
    const ofApp = rows.splice(0, app.ad_units.length + 1);
    lines.push(headingOf(say, date, app), ...ofApp.flat(), ...providerLine(say, app), ...pendingLine(say, app), '');
  }
  return [...lines, ...rows.flat()];
}

function headingOf(say: Messages, date: string, app: StatementApp): string {
  const plan = app.plan_id === null ? '' : say.plan(app.plan_id);
  return `${date}  ${app.name} (${app.app_id})${plan}${app.status === 'pending' ? say.pendingMark : ''}`;
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
function providerLine(say: Messages, app: StatementApp): string[] {
  const { provider_id, provider_ratio, provider_share, developer_share } = app;
  if (isZero(provider_share.amount)) return [];
  const sum = amount(provider_share);
  if (provider_id === null || provider_ratio === null) return [`  ${say.toProviders(sum)}`];
  const total = grouped(
    formatAmount(
      nanos(parseAmount(provider_share.amount) + parseAmount(developer_share.amount)),
      provider_share.currency,
    ),
  );
  return [`  ${say.toProvider({ id: provider_id, ratio: percentOf(provider_ratio), total, amount: sum })}`];
}

function pendingLine(say: Messages, { status, pending_gross }: StatementApp): string[] {
  const gross = amount(pending_gross);
  if (isZero(pending_gross.amount)) return status === 'settled' ? [] : [`  ${say.waitsToBeSettled}`];
  return [`  ${status === 'settled' ? say.inLaterPeriod(gross) : say.notSettled(gross)}`];
}

function providerParts(say: Messages, item: CurrencyStatement<ProviderApp, ProviderFigures>): Parts {
  const { columns } = say;
  const table: Column[] = [left(''), decimal(columns.developerTotal), right(columns.ratio), decimal(columns.yourPart)];
  return {
    earningLines: partLines(say, table, item),
    sharedOut: [],
    share: [say.partOfPeriod, item.totals.provider_share],
  };
}

function partLines(
  say: Messages,
  table: readonly Column[],
  { days, totals }: { readonly days: readonly StatementDay<ProviderApp>[]; readonly totals: ProviderFigures },
): string[] {
  const [head = [], ...rows] = textTableRows(table, [
    ...days.flatMap(({ apps }) => apps.map(app => partRow(say, app))),
    [say.allDays, amount(totals.developer_total), '', amount(totals.provider_share)],
  ]);
  const lines = [...head];
  for (const { date, apps } of days) lines.push(date, ...rows.splice(0, apps.length).flat(), '');
  return [...lines, ...rows.flat()];
}

function partRow(say: Messages, app: ProviderApp): string[] {
  const label = say.appOf({ name: app.name, id: app.app_id, developer: app.developer_id });
  return [
    `  ${label}${app.status === 'pending' ? say.pendingMark : ''}`,
    amount(app.developer_total),
    app.ratio === null ? '' : percentOf(app.ratio),
    amount(app.provider_share),
  ];
}
