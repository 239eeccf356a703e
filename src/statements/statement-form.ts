import type { BusinessDay } from '../domain/business-day.ts';
import type { Money } from '../domain/money.ts';
import type { Period } from '../domain/period.ts';
import type { StatementAdjustment } from './adjustments.ts';
import type { StatementCorrection } from './corrections.ts';
import type { StatementHeld } from './held-money.ts';
import type { StatementIncentive } from './incentives.ts';
import type { InvalidLine } from './invalid-traffic.ts';
import type { LateDifference } from './late-differences.ts';
import type { StatementPayout, StatementWithholding, UnderWay } from './payouts.ts';

/** What a book's owner reads about a half-month or a month: this object is what `--json` prints and what is issued. */
export interface BookStatement<App, Figures> {
  readonly period: { readonly id: string; readonly from: BusinessDay; readonly to: BusinessDay };
  /** The half-months that it is put together from: one, or the two of a month. */
  readonly halves: readonly StatementHalf[];
  /** `pending` while a day of an open half has changed since it was last settled. */
  readonly status: DayStatus;
  /** A statement for each currency in which anything moved or stands. */
  readonly items: readonly CurrencyStatement<App, Figures>[];
}

export interface DeveloperStatement extends BookStatement<StatementApp, StatementFigures> {
  readonly developer: StatementOwner;
}

export interface ProviderStatement extends BookStatement<ProviderApp, ProviderFigures> {
  readonly provider: StatementOwner;
}

export type Statement = DeveloperStatement | ProviderStatement;

export interface StatementOwner {
  readonly id: string;
  readonly name: string;
}

export interface StatementHalf {
  readonly period: Period;
  /** `open`: it will change; `closed`: its amounts will not; `issued`: it was stored, and is printed as it was. */
  readonly state: 'open' | 'closed' | 'issued';
  /** Of the closed period, hex. */
  readonly seal: string | null;
  readonly issued_at: string | null;
}

/** `pending`: the day has changed since it was last settled, or was never settled; its amounts are an estimate. */
export type DayStatus = 'settled' | 'pending';

/**
 * opening_balance + share of the days (`developer_share` or, of a provider, `provider_share` of the totals) + late_total
 * + incentives_total + adjustments_total + held.change_of_payable + payouts_total = closing_balance
 */
export interface CurrencyStatement<App, Figures> {
  readonly currency: string;
  readonly opening_balance: Money;
  /** Days of the period on which anything was earned or posted, corrections included. */
  readonly days: readonly StatementDay<App>[];
  /** What the days' amounts contain of later changes. */
  readonly corrections: readonly StatementCorrection[];
  /** Changes of days before the period, whose own period was closed when they were posted. */
  readonly late_differences: readonly LateDifference[];
  readonly late_total: Money;
  /** Accepted events that do not count, by day, app, ad unit and reason: no part of the figures of the days. */
  readonly invalid_traffic: readonly InvalidLine[];
  /** Of the days. */
  readonly totals: Figures;
  /** What funds added to the share, by fund and day. */
  readonly incentives: readonly StatementIncentive[];
  readonly incentives_total: Money;
  /** What persons decided beside what was earned. */
  readonly adjustments: readonly StatementAdjustment[];
  readonly adjustments_total: Money;
  /** Money under review, which is in none of the balances; null where there is none and was none. */
  readonly held: StatementHeld | null;
  /** Payouts that moved in the period. */
  readonly payouts: readonly StatementPayout[];
  readonly payouts_total: Money;
  /** Tax withheld from payouts; null where there is none and was none. */
  readonly withholding: StatementWithholding | null;
  /** Approved or sent, and not yet paid; null where nothing is and was. */
  readonly under_way: UnderWay | null;
  readonly closing_balance: Money;
}

export interface StatementDay<App> {
  readonly date: BusinessDay;
  readonly status: DayStatus;
  readonly apps: readonly App[];
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
  /** Earned − settled: shared out later, of a closed period in a later one. */
  readonly pending_gross: Money;
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

export interface ProviderFigures {
  /** What the parts are taken from. */
  readonly developer_total: Money;
  readonly provider_share: Money;
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
