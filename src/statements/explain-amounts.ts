import type { ProviderOfDay } from '../catalog/provider-book.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { minorUnits } from '../domain/currency.ts';
import { type Money, money } from '../domain/money.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { formatShare, shareOf, tierParts } from '../domain/tiers.ts';
import { type DayGross, worthOfDay } from '../domain/worth.ts';
import type { UnitEarnings } from '../earnings/earnings-fold.ts';
import type { MonthBefore } from '../earnings/month-gross.ts';
import type { AppDayTrace } from '../events/trace-app-day.ts';
import type { Posted } from '../ledger/posted.ts';
import type { TransferRow } from '../ledger/transfer-row.ts';
import type { Plan } from '../plans/plan.ts';
import type { PlanBook } from '../plans/plan-book.ts';
import { withFormerProviders, worthOfApp } from '../settlement/worth-of-apps.ts';
import { exactAmount } from './exact-amount.ts';
import { type ExplainedProvider, explainProvider } from './explain-provider.ts';
import { type HeldOnDay, heldOnDay } from './held-on-day.ts';
import { type InvalidLine, type InvalidTraffic, invalidLine } from './invalid-traffic.ts';

export interface CurrencyExplanation {
  readonly currency: string;
  readonly ad_units: readonly ExplainedUnit[];
  readonly gross: Money;
  /** Accepted events that do not count, by ad unit and reason: no part of the gross. */
  readonly invalid_traffic: readonly InvalidLine[];
  /** What the gross is worth to each side now; null while no plan covers the app on that day. */
  readonly worth: ExplainedWorth | null;
  /** Every transfer of that (app, day), versions in order; a provider's part with its halves in both books. */
  readonly transfers: readonly TransferRow[];
  /** What of it is kept back, by book; empty where nothing ever was. */
  readonly held: readonly HeldOnDay[];
  readonly posted: readonly ExplainedPart[];
  /** Worth − posted where they differ: what the next run posts. */
  readonly pending: readonly ExplainedPart[];
  readonly batches: readonly ExplainedBatch[];
  /** The batches' gross is that of the earnings and what is deducted from them; null while batches were left unread. */
  readonly traced: boolean | null;
}

export interface ExplainedUnit {
  readonly ad_unit_id: string;
  readonly impressions: number;
  readonly clicks: number;
  readonly gross: Money;
}

export interface ExplainedWorth {
  readonly plan: ExplainedPlan;
  /** Of the day's gross; by the month, of the month's gross to the day. */
  readonly tiers: readonly ExplainedTier[];
  /** The sum over tiers before its one rounding, half-even to the nano. */
  readonly unrounded_developer_share: Money;
  /** Null where the plan goes by the day. */
  readonly month: ExplainedMonth | null;
  /** Null where no service provider takes a part of the developer's total. */
  readonly provider: ExplainedProvider | null;
  /** Without the provider's part. */
  readonly developer_share: Money;
  readonly platform_share: Money;
}

/** The developer's share of the day is the share of the month's gross to the day − that of its gross to the day before. */
export interface ExplainedMonth {
  readonly to_day: MonthShare;
  readonly to_day_before: MonthShare & {
    readonly tiers: readonly ExplainedTier[];
    readonly unrounded_share: Money;
  };
}

interface MonthShare {
  readonly gross: Money;
  readonly share: Money;
}

export interface ExplainedPlan {
  readonly id: string;
  readonly reference_version: number;
  readonly scope: string;
  readonly scope_id: string | null;
  readonly effective_from: BusinessDay;
  readonly effective_to: BusinessDay | null;
  readonly basis: string;
  readonly mode: string;
  /** Of a plan for one app or developer: the day from which it acts, and who recorded that; null where none is recorded. */
  readonly accepted_on: BusinessDay | null;
  readonly accepted_by: string | null;
}

/** `part` × `share` = `amount`, exactly. */
export interface ExplainedTier {
  readonly up_to: Money | null;
  readonly share: string;
  readonly part: Money;
  readonly amount: Money;
}

export interface ExplainedPart {
  readonly reason: string;
  /** Only of a provider's part. */
  readonly provider_id?: string;
  readonly amount: Money;
}

export interface ExplainedBatch {
  readonly batch_id: string;
  readonly seq: number;
  readonly source: string;
  readonly processed_at: string;
  /** Events of this app, day and currency that count. */
  readonly accepted_events: number;
  readonly gross: Money;
}

export interface ExplanationSources {
  readonly app: {
    readonly appId: string;
    readonly developerId: string;
    readonly category: string | null;
    readonly day: BusinessDay;
  };
  readonly plans: PlanBook;
  readonly monthBefore: MonthBefore;
  readonly provider: ProviderOfDay | null;
  /** Less deductions. */
  readonly earnings: readonly Readonly<UnitEarnings>[];
  readonly invalid: readonly InvalidTraffic[];
  readonly posted: readonly Posted[];
  readonly transfers: readonly TransferRow[];
  readonly trace: AppDayTrace;
}

export function explainCurrencies(sources: ExplanationSources): CurrencyExplanation[] {
  const rows = [...sources.earnings, ...sources.invalid, ...sources.posted, ...sources.trace.traces];
  return [...new Set(rows.map(row => row.currency))].sort().map(currency => explainCurrency(currency, sources));
}

function explainCurrency(currency: string, sources: ExplanationSources): CurrencyExplanation {
  const { appId, developerId, category, day } = sources.app;
  const earnings = sources.earnings
    .filter(row => row.currency === currency)
    .toSorted((a, b) => (a.adUnitId < b.adUnitId ? -1 : 1));
  const posted = sources.posted.filter(part => part.currency === currency);
  const traces = sources.trace.traces.filter(trace => trace.currency === currency);
  const invalid = sources.invalid.filter(row => row.currency === currency);
  const transfers = sources.transfers.filter(transfer => transfer.amount.currency === currency);
  const grossNanos = sumOf(earnings);
  const deductedNanos = sumOf(invalid.filter(row => row.isDeducted));
  const { plans, monthBefore, provider } = sources;
  const worth = worthOfApp(
    { appId, developerId, currency, grossNanos },
    { day, category, plans, monthBefore, provider },
  );
  const { plan, parts } = withFormerProviders(worth, posted);
  const monthBeforeNanos = monthBefore({ appId, currency });
  const unread = sources.trace.unreadBatches > 0;
  return {
    currency,
    ad_units: earnings.map(row => ({
      ad_unit_id: row.adUnitId,
      impressions: row.impressions,
      clicks: row.clicks,
      gross: money(row.grossNanos, currency),
    })),
    gross: money(grossNanos, currency),
    invalid_traffic: invalid.map(invalidLine),
    worth: plan === null ? null : explainWorth(plan, { grossNanos, monthBeforeNanos }, provider),
    transfers: inVersionOrder(transfers),
    held: heldOnDay(transfers),
    posted: posted.map(part => explainPart(part, money(part.amountNanos, currency))),
    pending: parts.flatMap(part => {
      const { reason, providerId, worthNanos } = part;
      const before = posted.find(each => each.reason === reason && each.providerId === providerId);
      const postedNanos = before?.amountNanos ?? 0n;
      const amount = money(nanos(worthNanos - postedNanos), currency);
      return worthNanos === postedNanos ? [] : [explainPart(part, amount)];
    }),
    batches: traces.map(trace => ({
      batch_id: trace.batch.batchId,
      seq: trace.batch.seq,
      source: trace.batch.source,
      processed_at: trace.batch.processedAt.toISOString(),
      accepted_events: trace.acceptedEvents,
      gross: money(trace.grossNanos, currency),
    })),
    traced: unread ? null : sumOf(traces) === grossNanos + deductedNanos,
  };
}

function explainPart(
  { reason, providerId }: { readonly reason: string; readonly providerId: string | null },
  amount: Money,
): ExplainedPart {
  return providerId === null ? { reason, amount } : { reason, provider_id: providerId, amount };
}

function explainWorth(plan: Plan, gross: DayGross, provider: ProviderOfDay | null): ExplainedWorth {
  const { currency } = plan;
  const { platformNanos, developerNanos: totalNanos } = worthOfDay(plan, gross);
  const shared = provider === null ? null : explainProvider(provider, { totalNanos, currency });
  const isMonthly = plan.basis === 'app_month';
  const { tiers, unrounded_share } = explainShare(plan, isMonthly ? monthToDay(gross) : gross.grossNanos);
  return {
    plan: explainPlan(plan),
    tiers,
    unrounded_developer_share: unrounded_share,
    month: isMonthly ? explainMonth(plan, gross) : null,
    provider: shared?.provider ?? null,
    developer_share: money(shared?.developerNanos ?? totalNanos, currency),
    platform_share: money(platformNanos, currency),
  };
}

function explainPlan({ acceptance, ...plan }: Plan): ExplainedPlan {
  const accepted = typeof acceptance === 'string' ? null : acceptance;
  return {
    id: plan.planId,
    reference_version: plan.referenceVersion,
    scope: plan.scope,
    scope_id: plan.scopeId === '' ? null : plan.scopeId,
    effective_from: plan.effectiveFrom,
    effective_to: plan.effectiveTo,
    basis: plan.basis,
    mode: plan.mode,
    accepted_on: accepted?.acceptedOn ?? null,
    accepted_by: accepted?.actor ?? null,
  };
}

function explainMonth(plan: Plan, gross: DayGross): ExplainedMonth {
  const { share: shareToDay } = explainShare(plan, monthToDay(gross));
  return {
    to_day: { gross: money(monthToDay(gross), plan.currency), share: shareToDay },
    to_day_before: {
      gross: money(gross.monthBeforeNanos, plan.currency),
      ...explainShare(plan, gross.monthBeforeNanos),
    },
  };
}

function explainShare({ mode, tiers, currency }: Plan, grossNanos: Nanos) {
  const digits = minorUnits(currency);
  const { unroundedPpmNanos, shareNanos } = shareOf(mode, tiers, grossNanos);
  return {
    tiers: tierParts(mode, tiers, grossNanos).map(part => ({
      up_to: part.tier.upToNanos === null ? null : money(part.tier.upToNanos, currency),
      share: formatShare(part.tier.sharePpm),
      part: money(part.grossNanos, currency),
      amount: { amount: exactAmount(part.unroundedPpmNanos, digits), currency },
    })),
    unrounded_share: { amount: exactAmount(unroundedPpmNanos, digits), currency },
    share: money(shareNanos, currency),
  };
}

function monthToDay({ grossNanos, monthBeforeNanos }: DayGross): Nanos {
  return nanos(monthBeforeNanos + grossNanos);
}

export function inVersionOrder(transfers: readonly TransferRow[]): TransferRow[] {
  return transfers.toSorted((a, b) => (a.version ?? 0) - (b.version ?? 0) || (a.reason < b.reason ? -1 : 1));
}

function sumOf(rows: readonly { readonly grossNanos: Nanos }[]): Nanos {
  return nanos(rows.reduce((sum, row) => sum + row.grossNanos, 0n));
}
