import type pg from 'pg';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { isRefusal } from '../domain/errors.ts';
import { type Money, money } from '../domain/money.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import { openPeriodOf, type Period } from '../domain/period.ts';
import type { AccountKind } from '../domain/transfer.ts';
import type { DueExtent } from '../earnings/due-days.ts';
import { filed, type PlannedTransfer, postedByDecisions } from '../ledger/decision-transfers.ts';
import type { AccountMovement } from '../ledger/moved-by-runs.ts';
import { firstOpenPeriod } from '../ledger/period-closings.ts';
import { type Decision, type DecisionStatus, type Evidence, statusAt } from './decision.ts';
import type { Effects, KindContext, Summary } from './kind.ts';
import { kindNamed } from './kinds.ts';
import { type DecisionFilters, decisionsInOrder } from './stored-decisions.ts';

/** A decision in a list. */
export interface DecisionRow {
  readonly id: string;
  readonly kind: string;
  readonly status: DecisionStatus;
  readonly reason: string;
  readonly proposed_by: string;
  readonly proposed_at: string;
  readonly expires_at: string | null;
  readonly decided_by: string | null;
  readonly decided_at: string | null;
  readonly note: string | null;
}

/** A transfer that a decision would make, or has made. */
export interface DecisionTransferRow {
  /** Null until it is posted. */
  readonly id: string | null;
  readonly book: string;
  readonly app_id: string | null;
  readonly business_date: BusinessDay | null;
  /** Of a proposal: where it would be filed if it were approved now. */
  readonly period: string;
  readonly debit: AccountKind;
  readonly credit: AccountKind;
  readonly amount: Money;
  readonly reason: string;
  /** In the words of who proposed it. */
  readonly why: string;
}

/** What is marked due by approval; null stands for all. */
export interface DueRow {
  readonly developer_id: string | null;
  readonly app_id: string | null;
  readonly currency: string | null;
  readonly from: BusinessDay;
  readonly to: BusinessDay | null;
}

export interface ShownDecision extends DecisionRow {
  readonly parameters: unknown;
  readonly evidence: readonly Evidence[];
  /** Posted, or of a proposal what it would post. */
  readonly transfers: readonly DecisionTransferRow[];
  /** Of a proposal only. */
  readonly due: readonly DueRow[];
  /** Of a kind that moves too much to list it: by currency and account, over all books. */
  readonly moved: readonly AccountMovement[];
  /** What becomes of what it names, a sentence each. */
  readonly notes: readonly string[];
  /** Why it can't be applied now; null if it can, or has ended. */
  readonly problem: { readonly code: string; readonly message: string } | null;
}

const CURSOR = [/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, /^[ -~]{1,64}$/];

/** Decisions, the last proposed first. Refuses (`bad_limit`, `bad_cursor`) a page that can't be given. */
export async function listDecisions(
  tx: pg.ClientBase,
  {
    at,
    limit = DEFAULT_LIMIT,
    after,
    ...filters
  }: DecisionFilters & { readonly at: Date; readonly limit?: number; readonly after?: string | undefined },
): Promise<{ items: DecisionRow[]; next: string | null }> {
  const [proposedAt = '', decisionId = ''] = after === undefined ? [] : readCursor(after, CURSOR);
  const most = checkLimit(limit);
  const decisions = await decisionsInOrder(tx, filters, {
    at,
    after: after === undefined ? null : { proposedAt, decisionId },
    limit: most + 1,
  });
  const items = decisions.slice(0, most).map(decision => decisionRow(decision, at));
  const last = items.at(-1);
  const hasMore = decisions.length > most && last !== undefined;
  return { items, next: hasMore ? writeCursor([last.proposed_at, last.id]) : null };
}

/** A decision with the transfers it has made or, of a proposal, would make now; of one that ended otherwise there are none. */
export async function showDecision(
  tx: pg.ClientBase,
  decision: Decision,
  context: KindContext,
): Promise<ShownDecision> {
  const status = statusAt(decision, context.at);
  // In the order of the kind's own fields, which the database does not keep.
  const parameters = kindNamed(decision.kind)?.parameters.parse(decision.parameters) ?? decision.parameters;
  const row = { ...decisionRow(decision, context.at), parameters, evidence: decision.evidence };
  const nothing = { transfers: [], due: [], ...NO_SUMMARY, problem: null };
  if (status === 'applied') {
    const transfers = await postedTransfers(tx, decision, context);
    return { ...row, ...nothing, ...(await summaryOf(tx, decision)), transfers };
  }
  if (status !== 'proposed') return { ...row, ...nothing };
  try {
    const effects = await previewOf(tx, decision, context);
    const firstOpen = await firstOpenPeriod(tx);
    return { ...row, ...shownEffects(effects, decision, { ...context, firstOpen }), problem: problemOf(effects) };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { ...row, ...nothing, problem: { code: error.code, message: error.message } };
  }
}

const NO_SUMMARY: Summary = { moved: [], notes: [] };

async function summaryOf(tx: pg.ClientBase, { decisionId, kind: name, parameters }: Decision): Promise<Summary> {
  const kind = kindNamed(name);
  if (kind?.summary === undefined) return NO_SUMMARY;
  return await kind.summary(tx, { decisionId, parameters: kind.parameters.parse(parameters) });
}

function problemOf({ blocks = [] }: Effects): ShownDecision['problem'] {
  const [first] = blocks;
  return first === undefined ? null : { code: first.code, message: blocks.map(block => block.message).join('; ') };
}

async function previewOf(tx: pg.ClientBase, decision: Decision, context: KindContext): Promise<Effects> {
  const kind = kindNamed(decision.kind);
  if (kind === null) return { transfers: [], due: [] };
  const { proposedAt } = decision;
  return await kind.preview(tx, kind.parameters.parse(decision.parameters), { ...context, proposedAt });
}

async function postedTransfers(
  tx: pg.ClientBase,
  { decisionId, kind: name, parameters, reason }: Decision,
  { bucketCount }: KindContext,
): Promise<DecisionTransferRow[]> {
  const kind = kindNamed(name);
  const planned = kind?.posted?.(kind.parameters.parse(parameters)) ?? [];
  const keptBackIn = kind?.keepsBackIn?.(kind.parameters.parse(parameters)) ?? [];
  const ownerIds = [...new Set([...planned.map(each => each.ownerId), keptBackIn].flat())];
  const buckets = [...new Set(ownerIds.map(ownerId => bucketOf(ownerId, bucketCount)))];
  const posted = await postedByDecisions(tx, { buckets, ownerIds, decisionIds: [decisionId] });
  return posted.map((each, place) =>
    transferRow({ ...each, why: planned[place]?.why || reason }, { id: each.transferId, period: each.period }),
  );
}

function shownEffects(
  { transfers, due, summary = NO_SUMMARY }: Effects,
  { reason }: Decision,
  { firstOpen, ...context }: KindContext & { readonly firstOpen: Period | null },
) {
  return {
    transfers: transfers.map(each =>
      transferRow(
        { ...each, why: each.why === '' ? reason : each.why },
        { id: null, period: openPeriodOf(filed(each, context).ledgerDay, firstOpen) },
      ),
    ),
    due: due.map(dueRow),
    ...summary,
  };
}

function transferRow(
  transfer: Omit<PlannedTransfer, 'reason'> & { readonly reason: string },
  { id, period }: { readonly id: string | null; readonly period: string },
): DecisionTransferRow {
  return {
    id,
    book: transfer.ownerId,
    app_id: transfer.appId,
    business_date: transfer.businessDay,
    period,
    debit: transfer.debit,
    credit: transfer.credit,
    amount: money(transfer.amountNanos, transfer.currency),
    reason: transfer.reason,
    why: transfer.why,
  };
}

function dueRow({ developerId, appId, currency, fromDay, toDay }: DueExtent): DueRow {
  return { developer_id: developerId, app_id: appId, currency, from: fromDay, to: toDay };
}

function decisionRow(decision: Decision, at: Date): DecisionRow {
  const { outcome } = decision;
  return {
    id: decision.decisionId,
    kind: decision.kind,
    status: statusAt(decision, at),
    reason: decision.reason,
    proposed_by: decision.proposedBy,
    proposed_at: decision.proposedAt.toISOString(),
    expires_at: decision.expiresAt?.toISOString() ?? null,
    decided_by: outcome?.actor ?? null,
    decided_at: outcome?.decidedAt.toISOString() ?? null,
    note: outcome?.note ?? null,
  };
}
