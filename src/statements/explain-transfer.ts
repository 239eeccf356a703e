import type pg from 'pg';
import { developerOfApp } from '../catalog/app-names.ts';
import type { Decision } from '../decisions/decision.ts';
import { findDecision } from '../decisions/stored-decisions.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos, parseAmount } from '../domain/nanos.ts';
import { findTransfer } from '../ledger/find-transfer.ts';
import type { TransferRow } from '../ledger/transfer-row.ts';
import { runsOfDays } from '../settlement/runs-of-days.ts';
import { type ExplainedRun, type Explanation, explainAt, explainedRun } from './explain.ts';
import type { CurrencyExplanation } from './explain-amounts.ts';
import { cutoffOfRun } from './explain-cutoff.ts';
import { type ExplainedFundStep, explainFundStep } from './explain-fund-step.ts';
import { type ExplainedPayout, explainPayout } from './explain-payout.ts';

/** Why a transfer is in the ledger. */
export interface TransferExplanation {
  readonly transfer: TransferRow;
  readonly corrects: TransferRow | null;
  readonly corrected_by: TransferRow | null;
  /** The other half of a flow between two books. */
  readonly linked: TransferRow | null;
  /** What posted it: the run, in the bucket of the app's developer, the step of a fund, or the decision. */
  readonly run: ExplainedRun | null;
  readonly fund_step: ExplainedFundStep | null;
  readonly payout: ExplainedPayout | null;
  readonly decision: ExplainedDecision | null;
  /** Null for what is no part of a day's worth. */
  readonly arithmetic: TransferArithmetic | null;
  /** The (app, day) in the transfer's currency as its run knew it, and before the run posted; `pending` is what it posted. */
  readonly day: ExplainedDayOfRun | null;
}

export interface ExplainedDayOfRun extends Pick<Explanation, 'app' | 'developer' | 'business_date' | 'category'> {
  readonly item: CurrencyExplanation;
}

/** `worth_after` − `posted_before` = `difference`, which the transfer moves: from right to left if it is negative. */
export interface TransferArithmetic {
  readonly worth_after: Money;
  readonly posted_before: Money;
  readonly difference: Money;
  /** False: the ledger does not agree with the evidence, as `verify` will tell. */
  readonly adds_up: boolean;
}

export interface ExplainedDecision {
  readonly id: string;
  readonly kind: string;
  readonly reason: string;
  readonly proposed_by: string;
  readonly proposed_at: string;
  readonly approved_by: string | null;
  readonly approved_at: string | null;
  readonly note: string | null;
}

/** Transfers of these reasons are parts of what a day is worth. */
const PARTS = ['developer_share', 'platform_share', 'provider_share', 'provider_income'];

/**
 * Explains one transfer by its id. `tx` is a snapshot.
 * @throws Refusal `unknown_transfer`
 */
export async function explainTransfer(
  tx: pg.ClientBase,
  {
    transferId,
    bucketCount,
    calendar,
  }: { readonly transferId: string; readonly bucketCount: number; readonly calendar: BusinessCalendar },
): Promise<TransferExplanation> {
  const { transfer, corrects, correctedBy, linked } = await findTransfer(tx, { transferId, bucketCount });
  const decision = transfer.decision_id === null ? null : await findDecision(tx, transfer.decision_id);
  const ofRun = await explainRunOf(tx, transfer, { bucketCount, calendar });
  const isPart = PARTS.includes(transfer.reason) && transfer.version !== null;
  return {
    transfer,
    corrects,
    corrected_by: correctedBy,
    linked,
    run: ofRun?.run ?? null,
    fund_step: ofRun === null ? await explainFundStep(tx, transfer.run_id) : null,
    payout: await explainPayout(tx, transfer, bucketCount),
    decision: decision && explainDecision(decision),
    arithmetic: ofRun?.day && isPart ? arithmeticOf(transfer, ofRun.day.item) : null,
    day: ofRun?.day ?? null,
  };
}

async function explainRunOf(
  tx: pg.ClientBase,
  { run_id, app_id: appId, business_date: day, amount: { currency } }: TransferRow,
  { bucketCount, calendar }: { readonly bucketCount: number; readonly calendar: BusinessCalendar },
): Promise<{ run: ExplainedRun; day: ExplainedDayOfRun | null } | null> {
  if (run_id === null || appId === null || day === null) return null;
  const bucket = bucketOf(await developerOfApp(tx, appId), bucketCount);
  const runs = await runsOfDays(tx, { bucket, days: [day] });
  const run = runs.find(({ runId }) => runId === run_id);
  if (run === undefined) return null;
  const cutoff = cutoffOfRun(run, runs);
  const { app, developer, business_date, category, items } = await explainAt(tx, {
    ...{ appId, day, bucketCount, calendar, cutoff },
  });
  const item = items.find(each => each.currency === currency);
  return {
    run: explainedRun(run),
    day: item === undefined ? null : { app, developer, business_date, category, item },
  };
}

function arithmeticOf(transfer: TransferRow, { worth, posted }: CurrencyExplanation): TransferArithmetic | null {
  const { reason, provider_id, amount } = transfer;
  if (worth === null) return null;
  const { currency } = amount;
  const nothing = money(nanos(0n), currency);
  const ofProvider = worth.provider?.id === provider_id ? worth.provider?.share : undefined;
  // What a provider was posted before another one, or none, has the app on that day is worth nothing to it.
  const worthAfter =
    { developer_share: worth.developer_share, platform_share: worth.platform_share }[reason] ?? ofProvider ?? nothing;
  const partReason = reason === 'provider_income' ? 'provider_share' : reason;
  const before = posted.find(part => part.reason === partReason && (part.provider_id ?? null) === provider_id);
  const postedBefore = before?.amount ?? nothing;
  const differenceNanos = nanos(parseAmount(worthAfter.amount) - parseAmount(postedBefore.amount));
  const isForward = transfer.debit === (reason === 'provider_income' ? 'provider_share' : 'ad_revenue');
  const movedNanos = parseAmount(amount.amount) * (isForward ? 1n : -1n);
  return {
    worth_after: worthAfter,
    posted_before: postedBefore,
    difference: money(differenceNanos, currency),
    adds_up: differenceNanos === movedNanos,
  };
}

function explainDecision(decision: Decision): ExplainedDecision {
  const { outcome } = decision;
  return {
    id: decision.decisionId,
    kind: decision.kind,
    reason: decision.reason,
    proposed_by: decision.proposedBy,
    proposed_at: decision.proposedAt.toISOString(),
    approved_by: outcome?.actor ?? null,
    approved_at: outcome?.decidedAt.toISOString() ?? null,
    note: outcome?.note ?? null,
  };
}
