import type { BusinessDay } from '../domain/business-day.ts';
import { minorUnits } from '../domain/currency.ts';
import { type Money, money } from '../domain/money.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { formatShare, shareOf, tierParts } from '../domain/tiers.ts';
import type { UnitEarnings } from '../earnings/earnings-fold.ts';
import type { AppDayTrace } from '../events/trace-app-day.ts';
import type { Posted } from '../ledger/posted.ts';
import type { TransferRow } from '../ledger/transfer-row.ts';
import type { Plan, PlanBook } from '../plans/plan.ts';
import { worthOfApp } from '../settlement/worth-of-apps.ts';
import { exactAmount } from './exact-amount.ts';

export interface CurrencyExplanation {
  readonly currency: string;
  readonly ad_units: readonly ExplainedUnit[];
  readonly gross: Money;
  /** What the gross is worth to each side now; null while no plan covers the app on that day. */
  readonly worth: ExplainedWorth | null;
  /** Every transfer of that (app, day), versions in order. */
  readonly transfers: readonly TransferRow[];
  readonly posted: readonly ExplainedPart[];
  /** Worth − posted where they differ: what the next run posts. */
  readonly pending: readonly ExplainedPart[];
  readonly batches: readonly ExplainedBatch[];
  /** The batches' gross is that of the earnings; null while batches were left unread. */
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
  readonly tiers: readonly ExplainedTier[];
  /** The sum over tiers before its one rounding, half-even to the nano. */
  readonly unrounded_developer_share: Money;
  readonly developer_share: Money;
  readonly platform_share: Money;
}

export interface ExplainedPlan {
  readonly id: string;
  readonly reference_version: number;
  readonly scope: string;
  readonly scope_id: string | null;
  readonly effective_from: BusinessDay;
  readonly effective_to: BusinessDay | null;
  readonly mode: string;
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
  readonly earnings: readonly Readonly<UnitEarnings>[];
  readonly posted: readonly Posted[];
  readonly transfers: readonly TransferRow[];
  readonly trace: AppDayTrace;
}

export function explainCurrencies(sources: ExplanationSources): CurrencyExplanation[] {
  const rows = [...sources.earnings, ...sources.posted, ...sources.trace.traces];
  return [...new Set(rows.map(row => row.currency))].sort().map(currency => explainCurrency(currency, sources));
}

function explainCurrency(currency: string, sources: ExplanationSources): CurrencyExplanation {
  const { appId, developerId, category, day } = sources.app;
  const earnings = sources.earnings.filter(row => row.currency === currency);
  const posted = sources.posted.filter(part => part.currency === currency);
  const traces = sources.trace.traces.filter(trace => trace.currency === currency);
  const grossNanos = sumOf(earnings);
  const { plan, parts } = worthOfApp(
    { appId, developerId, currency, grossNanos },
    { day, category, plans: sources.plans },
  );
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
    worth: plan === null ? null : explainWorth(plan, grossNanos),
    transfers: inVersionOrder(sources.transfers.filter(transfer => transfer.amount.currency === currency)),
    posted: posted.map(part => ({ reason: part.reason, amount: money(part.amountNanos, currency) })),
    pending: parts.flatMap(({ reason, worthNanos }) => {
      const postedNanos = posted.find(part => part.reason === reason)?.amountNanos ?? 0n;
      const amount = money(nanos(worthNanos - postedNanos), currency);
      return worthNanos === postedNanos ? [] : [{ reason, amount }];
    }),
    batches: traces.map(trace => ({
      batch_id: trace.batch.batchId,
      seq: trace.batch.seq,
      source: trace.batch.source,
      processed_at: trace.batch.processedAt.toISOString(),
      accepted_events: trace.acceptedEvents,
      gross: money(trace.grossNanos, currency),
    })),
    traced: unread ? null : sumOf(traces) === grossNanos,
  };
}

function explainWorth(plan: Plan, grossNanos: Nanos): ExplainedWorth {
  const { currency } = plan;
  const digits = minorUnits(currency);
  const { unroundedPpmNanos, shareNanos } = shareOf(plan.mode, plan.tiers, grossNanos);
  return {
    plan: {
      id: plan.planId,
      reference_version: plan.referenceVersion,
      scope: plan.scope,
      scope_id: plan.scopeId === '' ? null : plan.scopeId,
      effective_from: plan.effectiveFrom,
      effective_to: plan.effectiveTo,
      mode: plan.mode,
    },
    tiers: tierParts(plan.mode, plan.tiers, grossNanos).map(part => ({
      up_to: part.tier.upToNanos === null ? null : money(part.tier.upToNanos, currency),
      share: formatShare(part.tier.sharePpm),
      part: money(part.grossNanos, currency),
      amount: { amount: exactAmount(part.unroundedPpmNanos, digits), currency },
    })),
    unrounded_developer_share: { amount: exactAmount(unroundedPpmNanos, digits), currency },
    developer_share: money(shareNanos, currency),
    platform_share: money(nanos(grossNanos - shareNanos), currency),
  };
}

function inVersionOrder(transfers: readonly TransferRow[]): TransferRow[] {
  return transfers.toSorted((a, b) => (a.version ?? 0) - (b.version ?? 0) || (a.reason < b.reason ? -1 : 1));
}

function sumOf(rows: readonly { readonly grossNanos: Nanos }[]): Nanos {
  return nanos(rows.reduce((sum, row) => sum + row.grossNanos, 0n));
}
