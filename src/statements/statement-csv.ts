import type { Money } from '../domain/money.ts';
import type { CurrencyStatement, ProviderApp, Statement, StatementApp } from './statement-form.ts';

/** One line of a statement. What its `amount` adds to the balance it says itself; figures that add nothing stand in other columns. */
export interface StatementCsvRow {
  readonly owner_id: string;
  readonly period: string;
  readonly section: string;
  readonly date: string | null;
  readonly app_id: string | null;
  readonly ad_unit_id: string | null;
  /** A plan, a provider, a fund, a transfer, a decision or a payout, as the section has it. */
  readonly reference: string | null;
  readonly detail: string | null;
  readonly impressions: number | null;
  readonly clicks: number | null;
  readonly ecpm: string | null;
  readonly gross: string | null;
  /** Of the balance: all of them together, but the opening and the closing one, are the change of the balance. */
  readonly amount: string | null;
  readonly currency: string;
}

export const STATEMENT_CSV: readonly (keyof StatementCsvRow)[] = [
  'owner_id',
  'period',
  'section',
  'date',
  'app_id',
  'ad_unit_id',
  'reference',
  'detail',
  'impressions',
  'clicks',
  'ecpm',
  'gross',
  'amount',
  'currency',
];

type Cells = Partial<Omit<StatementCsvRow, 'owner_id' | 'period' | 'currency'>> & { readonly section: string };

/** From the same object as the other forms, in the order of the sections. */
export function* statementRows(statement: Statement): Generator<StatementCsvRow> {
  const owner = 'developer' in statement ? statement.developer : statement.provider;
  for (const item of statement.items) {
    const common = { owner_id: owner.id, period: statement.period.id };
    for (const cells of cellsOf(item)) yield { ...common, ...EMPTY, ...cells, currency: item.currency };
  }
}

const EMPTY = {
  ...{ date: null, app_id: null, ad_unit_id: null, reference: null, detail: null },
  ...{ impressions: null, clicks: null, ecpm: null, gross: null, amount: null },
};

function* cellsOf(item: CurrencyStatement<StatementApp | ProviderApp, unknown>): Generator<Cells> {
  yield { section: 'opening_balance', amount: item.opening_balance.amount };
  for (const { date, apps } of item.days) for (const app of apps) yield* appCells(date, app);
  for (const line of item.corrections) {
    const { business_date: date, app_id, transfer, reason, change } = line;
    // Contained in the days.
    yield { section: 'correction', date, app_id, reference: transfer, detail: `${reason} ${change.amount}` };
  }
  for (const { date, app_id, gross, change, transfers } of item.late_differences) {
    const reference = transfers[0] ?? null;
    yield { section: 'late_difference', date, app_id, reference, gross: amountOf(gross), amount: change.amount };
  }
  for (const line of item.invalid_traffic) {
    const { date, app_id, ad_unit_id, reason: detail, invalidation_id: reference, impressions, clicks, gross } = line;
    const counts = { impressions, clicks, gross: gross.amount };
    yield { section: 'not_counted', date, app_id, ad_unit_id, reference, detail, ...counts };
  }
  for (const { date, fund_id, amount } of item.incentives) {
    yield { section: 'incentive', date, reference: fund_id, amount: amount.amount };
  }
  for (const { business_date: date, app_id, decision_id, why, reason, change } of item.adjustments) {
    yield { section: reason, date, app_id, reference: decision_id, detail: why, amount: change.amount };
  }
  if (item.held !== null)
    yield { section: 'held', amount: item.held.change_of_payable.amount, detail: item.held.closing.amount };
  for (const { booked_at, reference, status, change } of item.payouts) {
    yield { section: 'payout', date: booked_at.slice(0, 10), reference, detail: status, amount: change.amount };
  }
  if (item.withholding !== null) yield { section: 'withheld_tax', detail: item.withholding.withheld.amount };
  yield { section: 'closing_balance', amount: item.closing_balance.amount };
}

function* appCells(date: string, app: StatementApp | ProviderApp): Generator<Cells> {
  const { app_id, status } = app;
  if ('developer_id' in app) {
    const gross = amountOf(app.developer_total);
    yield {
      section: 'provider_part',
      date,
      app_id,
      reference: app.developer_id,
      detail: status,
      gross,
      amount: app.provider_share.amount,
    };
    return;
  }
  for (const { ad_unit_id, impressions, clicks, ecpm, gross } of app.ad_units) {
    const figures = { impressions, clicks, ecpm: amountOf(ecpm), gross: gross.amount };
    yield { section: 'ad_unit', date, app_id, ad_unit_id, ...figures };
  }
  const { impressions, clicks, ecpm, gross, developer_share, plan_id: reference } = app;
  const figures = { impressions, clicks, ecpm: amountOf(ecpm), gross: gross.amount, amount: developer_share.amount };
  yield { section: 'day', date, app_id, reference, detail: status, ...figures };
}

function amountOf(money: Money | null): string | null {
  return money?.amount ?? null;
}
