import type { DecidedAmount } from '../decisions/decided-amounts.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { UnitEarnings } from '../earnings/earnings-fold.ts';
import type { AppDayMovement, Correction, PayableMovement } from '../ledger/app-day-movements.ts';
import type { HeldMovement } from '../ledger/held-movements.ts';
import type { IncentiveMovement } from '../ledger/incentive-movements.ts';
import { adjustmentsIn, type StatementAdjustment } from './adjustments.ts';
import type { AppOnDay, DecidedBy } from './decided-by.ts';
import { heldIn, type StatementHeld } from './held-money.ts';
import { incentivesIn, type StatementIncentive } from './incentives.ts';
import { type InvalidLine, type InvalidTraffic, invalidLine } from './invalid-traffic.ts';
import { ecpmNanos, sharePercent } from './rates.ts';

export interface CurrencyStatement {
  readonly currency: string;
  readonly opening_balance: Money;
  /** Days on which anything was earned or posted, corrections included. */
  readonly days: readonly StatementDay[];
  /** What the days' amounts contain of later changes. */
  readonly corrections: readonly StatementCorrection[];
  /** Accepted events that do not count, by day, app, ad unit and reason: no part of the figures above. */
  readonly invalid_traffic: readonly InvalidLine[];
  readonly totals: StatementFigures;
  /** What funds added to the share, by fund and day. */
  readonly incentives: readonly StatementIncentive[];
  readonly incentives_total: Money;
  /** What persons decided beside what was earned. */
  readonly adjustments: readonly StatementAdjustment[];
  readonly adjustments_total: Money;
  /** Money under review, which is in none of the balances; null where there never was any. */
  readonly held: StatementHeld | null;
  readonly closing_balance: Money;
}

export interface StatementFigures {
  readonly impressions: number;
  readonly clicks: number;
  /** Earned per thousand impressions, clicks' earnings included, rounded half-even to the minor unit. */
  readonly ecpm: Money | null;
  /** Settled. */
  readonly gross: Money;
  /** Without what a service provider takes of it. */
  readonly developer_share: Money;
  readonly provider_share: Money;
  readonly platform_share: Money;
  /** The developer's part of the settled gross, rounded half-even to two decimals. */
  readonly share_percent: string | null;
  /** Earned − settled; not yet shared out. */
  readonly pending_gross: Money;
}

export interface StatementDay {
  readonly date: BusinessDay;
  readonly status: DayStatus;
  readonly apps: readonly StatementApp[];
}

export interface StatementApp extends StatementFigures {
  readonly app_id: string;
  readonly name: string;
  readonly status: DayStatus;
  /** The plan behind the settled amounts; null before the first. */
  readonly plan_id: string | null;
  /** The service provider behind the settled amounts, and its ratio of the developer's total; null together where there is none. */
  readonly provider_id: string | null;
  readonly provider_ratio: string | null;
  readonly ad_units: readonly StatementUnit[];
}

export interface StatementUnit {
  readonly ad_unit_id: string;
  readonly impressions: number;
  readonly clicks: number;
  readonly ecpm: Money | null;
  /** Earned, whether settled or not. */
  readonly gross: Money;
}

export interface StatementCorrection {
  readonly booked_at: string;
  /** The day that it refers to. */
  readonly business_date: BusinessDay;
  readonly app_id: string;
  readonly reason: string;
  /** Only of a provider's part. */
  readonly provider_id?: string;
  readonly change: Money;
  readonly version: number;
  readonly transfer: string;
  readonly corrects: string | null;
  readonly run_id: string | null;
}

/** `pending`: the day has changed since it was last settled, or was never settled; its amounts will change. */
export type DayStatus = 'settled' | 'pending';

/** Everything known of one developer and period. */
export interface StatementSources {
  readonly payables: readonly PayableMovement[];
  readonly movements: readonly AppDayMovement[];
  readonly corrections: readonly Correction[];
  /** Less deductions. */
  readonly earnings: readonly Readonly<UnitEarnings>[];
  readonly invalid: readonly InvalidTraffic[];
  readonly decided: readonly DecidedAmount[];
  readonly kept: readonly HeldMovement[];
  readonly awarded: readonly IncentiveMovement[];
  readonly dueDays: ReadonlySet<BusinessDay>;
  readonly decidedBy: (app: AppOnDay) => DecidedBy;
  readonly nameOf: (appId: string) => string;
}

/** Throws unless opening balance and lines add up to the closing balance. */
export function statementsByCurrency(sources: StatementSources): CurrencyStatement[] {
  const rows = [...sources.payables, ...sources.movements, ...sources.earnings, ...sources.invalid];
  return [...new Set(rows.map(row => row.currency))].sort().map(currency => statementIn(currency, sources));
}

function statementIn(currency: string, all: StatementSources): CurrencyStatement {
  const inCurrency = <Row extends { readonly currency: string }>(rows: readonly Row[]) =>
    rows.filter(row => row.currency === currency);
  const sources = { ...all, movements: inCurrency(all.movements), earnings: inCurrency(all.earnings) };
  const payable = all.payables.find(each => each.currency === currency);
  const openingNanos = payable?.beforeNanos ?? nanos(0n);
  const totals = addUp(sources);
  const { adjustments, adjustedNanos } = adjustmentsIn(currency, all.decided);
  const { incentives, incentiveNanos } = incentivesIn(currency, all.awarded);
  const { held, payableNanos: heldNanos } = heldIn(currency, all.kept);
  const movedNanos = nanos(totals.developerNanos + incentiveNanos + adjustedNanos + heldNanos);
  if (movedNanos !== (payable?.withinNanos ?? 0n)) {
    throw new Error(
      `the lines of a statement come to ${movedNanos} nanos ${currency}, the account to ${payable?.withinNanos}`,
    );
  }
  return {
    currency,
    opening_balance: money(openingNanos, currency),
    days: daysOf(sources, currency),
    corrections: inCurrency(all.corrections).map(correctionLine),
    invalid_traffic: inCurrency(all.invalid).map(invalidLine),
    totals: figuresOf(totals, currency),
    incentives,
    incentives_total: money(incentiveNanos, currency),
    adjustments,
    adjustments_total: money(adjustedNanos, currency),
    held,
    closing_balance: money(nanos(openingNanos + movedNanos), currency),
  };
}

function daysOf(sources: StatementSources, currency: string): StatementDay[] {
  const movements = Map.groupBy(sources.movements, row => row.businessDay);
  const earnings = Map.groupBy(sources.earnings, row => row.businessDay);
  return [...new Set([...movements.keys(), ...earnings.keys()])].sort().map(day => {
    const ofDay = { ...sources, movements: movements.get(day) ?? [], earnings: earnings.get(day) ?? [] };
    const apps = appsOf(ofDay, { day, currency });
    return { date: day, status: apps.some(app => app.status === 'pending') ? 'pending' : 'settled', apps };
  });
}

function appsOf(
  ofDay: StatementSources,
  { day, currency }: { readonly day: BusinessDay; readonly currency: string },
): StatementApp[] {
  const movements = Map.groupBy(ofDay.movements, row => row.appId);
  const earnings = Map.groupBy(ofDay.earnings, row => row.appId);
  return [...new Set([...movements.keys(), ...earnings.keys()])].sort().map(appId => {
    const ofApp = { movements: movements.get(appId) ?? [], earnings: earnings.get(appId) ?? [] };
    const sums = addUp(ofApp);
    const { planId, provider } = ofApp.movements.length === 0 ? UNDECIDED : ofDay.decidedBy({ appId, day, currency });
    return {
      app_id: appId,
      name: ofDay.nameOf(appId),
      status: ofDay.dueDays.has(day) || sums.earnedNanos !== sums.grossNanos ? 'pending' : 'settled',
      plan_id: planId,
      provider_id: provider?.id ?? null,
      provider_ratio: provider?.ratio ?? null,
      ...figuresOf(sums, currency),
      ad_units: ofApp.earnings.map(unitLine),
    };
  });
}

const UNDECIDED: DecidedBy = { planId: null, provider: null };

interface Sums {
  readonly impressions: number;
  readonly clicks: number;
  readonly earnedNanos: Nanos;
  readonly grossNanos: Nanos;
  readonly developerNanos: Nanos;
  readonly providerNanos: Nanos;
  readonly platformNanos: Nanos;
}

function addUp({ movements, earnings }: Pick<StatementSources, 'movements' | 'earnings'>): Sums {
  return {
    impressions: earnings.reduce((sum, row) => sum + row.impressions, 0),
    clicks: earnings.reduce((sum, row) => sum + row.clicks, 0),
    earnedNanos: nanos(earnings.reduce((sum, row) => sum + row.grossNanos, 0n)),
    grossNanos: nanos(movements.reduce((sum, row) => sum + row.grossNanos, 0n)),
    developerNanos: nanos(movements.reduce((sum, row) => sum + row.developerNanos, 0n)),
    providerNanos: nanos(movements.reduce((sum, row) => sum + row.providerNanos, 0n)),
    platformNanos: nanos(movements.reduce((sum, row) => sum + row.platformNanos, 0n)),
  };
}

function figuresOf(sums: Sums, currency: string): StatementFigures {
  const { impressions, clicks, earnedNanos, grossNanos, developerNanos, providerNanos, platformNanos } = sums;
  return {
    impressions,
    clicks,
    ecpm: moneyOrNull(ecpmNanos({ grossNanos: earnedNanos, impressions, currency }), currency),
    gross: money(grossNanos, currency),
    developer_share: money(developerNanos, currency),
    provider_share: money(providerNanos, currency),
    platform_share: money(platformNanos, currency),
    share_percent: sharePercent({ partNanos: developerNanos, ofNanos: grossNanos }),
    pending_gross: money(nanos(earnedNanos - grossNanos), currency),
  };
}

function unitLine({ adUnitId, impressions, clicks, grossNanos, currency }: Readonly<UnitEarnings>): StatementUnit {
  return {
    ad_unit_id: adUnitId,
    impressions,
    clicks,
    ecpm: moneyOrNull(ecpmNanos({ grossNanos, impressions, currency }), currency),
    gross: money(grossNanos, currency),
  };
}

export function correctionLine(correction: Correction): StatementCorrection {
  return {
    booked_at: correction.bookedAt.toISOString(),
    business_date: correction.businessDay,
    app_id: correction.appId,
    reason: correction.reason,
    ...(correction.providerId === null ? {} : { provider_id: correction.providerId }),
    change: money(correction.changeNanos, correction.currency),
    version: correction.version,
    transfer: correction.transferId,
    corrects: correction.corrects,
    run_id: correction.runId,
  };
}

function moneyOrNull(amountNanos: Nanos | null, currency: string): Money | null {
  return amountNanos === null ? null : money(amountNanos, currency);
}
