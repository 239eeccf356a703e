import type { DecidedAmount } from '../decisions/decided-amounts.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { Correction, PayableMovement } from '../ledger/app-day-movements.ts';
import type { HeldMovement } from '../ledger/held-movements.ts';
import { adjustmentsIn, type StatementAdjustment } from './adjustments.ts';
import { heldIn, type StatementHeld } from './held-money.ts';
import { correctionLine, type DayStatus, type StatementCorrection } from './statement-lines.ts';

export interface ProviderCurrencyStatement {
  readonly currency: string;
  readonly opening_balance: Money;
  /** Days on which the provider was posted anything, corrections included. */
  readonly days: readonly ProviderDay[];
  /** What the days' amounts contain of later changes. */
  readonly corrections: readonly StatementCorrection[];
  readonly totals: ProviderFigures;
  /** What persons decided beside the parts. */
  readonly adjustments: readonly StatementAdjustment[];
  readonly adjustments_total: Money;
  /** Money under review, which is in none of the balances; null where there never was any. */
  readonly held: StatementHeld | null;
  readonly closing_balance: Money;
}

export interface ProviderFigures {
  /** What the parts are taken from. */
  readonly developer_total: Money;
  readonly provider_share: Money;
}

export interface ProviderDay {
  readonly date: BusinessDay;
  readonly status: DayStatus;
  readonly apps: readonly ProviderApp[];
}

export interface ProviderApp {
  readonly app_id: string;
  readonly name: string;
  readonly developer_id: string;
  readonly status: DayStatus;
  /** Null, as the ratio, where the provider no longer has the app on that day. */
  readonly developer_total: Money | null;
  /** A decimal string from "0.00" to "1.00". */
  readonly ratio: string | null;
  readonly provider_share: Money;
}

/** A provider's part of an app's day in one currency, as it is settled. */
export interface SharedDay {
  readonly businessDay: BusinessDay;
  readonly appId: string;
  readonly currency: string;
  readonly developerId: string;
  readonly amountNanos: Nanos;
  readonly ratio: string | null;
  readonly totalNanos: Nanos | null;
  readonly isPending: boolean;
}

/** Everything known of one provider and period. */
export interface ProviderSources {
  readonly payables: readonly PayableMovement[];
  readonly shared: readonly SharedDay[];
  readonly corrections: readonly Correction[];
  readonly decided: readonly DecidedAmount[];
  readonly kept: readonly HeldMovement[];
  readonly nameOf: (appId: string) => string;
}

/** Throws unless opening balance and lines add up to the closing balance. */
export function providerStatementsByCurrency(sources: ProviderSources): ProviderCurrencyStatement[] {
  const rows = [...sources.payables, ...sources.shared];
  return [...new Set(rows.map(row => row.currency))].sort().map(currency => statementIn(currency, sources));
}

function statementIn(
  currency: string,
  { payables, shared, corrections, decided, kept, nameOf }: ProviderSources,
): ProviderCurrencyStatement {
  const ofCurrency = shared.filter(row => row.currency === currency);
  const payable = payables.find(each => each.currency === currency);
  const openingNanos = payable?.beforeNanos ?? nanos(0n);
  const shareNanos = sumOf(ofCurrency.map(row => row.amountNanos));
  const { adjustments, adjustedNanos } = adjustmentsIn(currency, decided);
  const { held, payableNanos: heldNanos } = heldIn(currency, kept);
  const movedNanos = nanos(shareNanos + adjustedNanos + heldNanos);
  if (movedNanos !== (payable?.withinNanos ?? 0n)) {
    throw new Error(
      `the lines of a statement come to ${movedNanos} nanos ${currency}, the account to ${payable?.withinNanos}`,
    );
  }
  return {
    currency,
    opening_balance: money(openingNanos, currency),
    days: daysOf(ofCurrency, nameOf),
    corrections: corrections.filter(row => row.currency === currency).map(correctionLine),
    totals: {
      developer_total: money(sumOf(ofCurrency.map(row => row.totalNanos ?? nanos(0n))), currency),
      provider_share: money(shareNanos, currency),
    },
    adjustments,
    adjustments_total: money(adjustedNanos, currency),
    held,
    closing_balance: money(nanos(openingNanos + movedNanos), currency),
  };
}

function daysOf(shared: readonly SharedDay[], nameOf: ProviderSources['nameOf']): ProviderDay[] {
  const byDay = [...Map.groupBy(shared, row => row.businessDay)].sort(([a], [b]) => (a < b ? -1 : 1));
  return byDay.map(([date, rows]) => {
    const apps = rows.toSorted((a, b) => (a.appId < b.appId ? -1 : 1)).map(row => appLine(row, nameOf));
    return { date, status: apps.some(app => app.status === 'pending') ? 'pending' : 'settled', apps };
  });
}

function appLine(row: SharedDay, nameOf: ProviderSources['nameOf']): ProviderApp {
  return {
    app_id: row.appId,
    name: nameOf(row.appId),
    developer_id: row.developerId,
    status: row.isPending ? 'pending' : 'settled',
    developer_total: row.totalNanos === null ? null : money(row.totalNanos, row.currency),
    ratio: row.ratio,
    provider_share: money(row.amountNanos, row.currency),
  };
}

function sumOf(amounts: readonly Nanos[]): Nanos {
  return nanos(amounts.reduce<bigint>((sum, each) => sum + each, 0n));
}
