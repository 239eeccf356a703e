import type { App } from './app.ts';
import { listAudit } from './audit/list-audit.ts';
import { closingOrder } from './closing/closing-orders.ts';
import { lastDayOf, nextToClose } from './closing/period-order.ts';
import { whatBlocks } from './closing/what-blocks.ts';
import type { Queryable } from './db/database.ts';
import { openPayoutBatches } from './decisions/open-batches.ts';
import { addDays, type BusinessDay } from './domain/business-day.ts';
import { nextPeriod, type Period } from './domain/period.ts';
import { lastSeal } from './ledger/period-closings.ts';
import { type PayoutBatch, payoutBatches } from './payouts/batches.ts';
import { storedBatches } from './payouts/stored-batches.ts';
import { countUnmatched } from './payouts/unmatched.ts';
import { unissuedPeriods } from './statements/issue-statements.ts';

const DAY_MS = 86_400_000;
/** Batches drawn up longer ago are for `payouts batches` to tell. */
const RECENT_DAYS = 366;
/** The schedule has until the next night. */
const PATIENCE_DAYS = 1;

/** Something that keeps a period from being closed, and what to do about it. */
export interface ShownBlock {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

/** Payouts that are at one point of their way. */
export interface PayoutsAt {
  readonly batches: readonly string[];
  readonly payouts: number;
  /** Of those whose day has passed. */
  readonly overdue: number;
  /** The first day on which any of them is due. */
  readonly due_on: BusinessDay | null;
}

export interface HalfMonthStatus {
  readonly periods: {
    readonly last_closed: { readonly period: Period; readonly closed_at: string; readonly seal: string } | null;
    /** Over, and not closed. */
    readonly open: readonly Period[];
    /** What the first of them waits for. */
    readonly blocks: readonly ShownBlock[];
    /** When the first open one, over or not, is closed by the standing order; null without one. */
    readonly closes_on: BusinessDay | null;
    /** Closed, but without all of their statements. */
    readonly unissued: readonly Period[];
  };
  /** Of batches drawn up in the last year. */
  readonly payouts: {
    /** Drawn up, and nobody has proposed to pay them. */
    readonly due: PayoutsAt;
    /** Waiting for approval. */
    readonly proposed: PayoutsAt;
    /** Waiting to be sent, some of them perhaps for an invoice. */
    readonly approved: PayoutsAt;
    /** Waiting for the bank's answer. */
    readonly sent: PayoutsAt & { readonly sent_at: string | null };
    readonly unmatched_answers: number;
  };
  /** When each schedule last began, and how that ended; null where it never has. */
  readonly schedules: { readonly nightly: ScheduleRun | null; readonly half_monthly: ScheduleRun | null };
}

export interface ScheduleRun {
  readonly began_at: string;
  readonly result: 'done' | 'refused' | 'failed' | null;
  readonly refusal_code: string | null;
}

/** Where half-months and their payouts stand; reads one snapshot. */
export async function readHalfMonthStatus(
  q: Queryable,
  { calendar, installation, now }: Pick<App, 'calendar' | 'installation' | 'now'>,
): Promise<HalfMonthStatus> {
  const at = now();
  const today = calendar.dayOf(at.getTime());
  const { bucketCount } = installation;
  return {
    periods: await periodsOf(q, { bucketCount, today, at }),
    payouts: await payoutsOf(q, { today, at }),
    schedules: { nightly: await lastRunOf(q, 'nightly'), half_monthly: await lastRunOf(q, 'half-monthly') },
  };
}

/** What somebody has to look at, in words. */
export function stuckHalfMonths({ periods, schedules }: HalfMonthStatus, today: BusinessDay): string[] {
  const [first] = periods.open;
  const { closes_on: closesOn } = periods;
  const wasRefused = schedules.half_monthly?.refusal_code === BLOCKED && periods.blocks.length > 0;
  const isDue = first !== undefined && closesOn !== null && today >= closesOn;
  const isLate = isDue && (wasRefused || today > addDays(closesOn, PATIENCE_DAYS));
  const blocks =
    periods.blocks.length === 0
      ? [{ message: 'the half-monthly schedule has not closed it', remedy: BY_HAND }]
      : periods.blocks;
  return [
    ...(isLate
      ? blocks.map(({ message, remedy }) => `${first} was to be closed on ${closesOn}: ${message}; ${remedy}`)
      : []),
    ...Object.entries(schedules).flatMap(([name, last]) =>
      last === null || last.result === 'done' || last.result === null || last.refusal_code === BLOCKED
        ? []
        : [
            `the ${name.replace('_', '-')} schedule ended at ${last.began_at} with ${last.refusal_code}: the log of the maintenance worker says why`,
          ],
    ),
  ];
}

/** Told by what blocks the period. */
const BLOCKED = 'period_blocked';
const BY_HAND = 'is "apportion up" running? By hand: npx apportion periods close --due';

async function periodsOf(
  q: Queryable,
  { bucketCount, today, at }: { readonly bucketCount: number; readonly today: BusinessDay; readonly at: Date },
): Promise<HalfMonthStatus['periods']> {
  const seal = await lastSeal(q);
  const next = await nextToClose(q, { bucketCount });
  const open: Period[] = [];
  for (let period = next; period !== null && lastDayOf(period) < today; period = nextPeriod(period)) open.push(period);
  const afterDays = (await closingOrder(q))?.afterDays ?? null;
  const [first] = open;
  return {
    last_closed:
      seal === null ? null : { period: seal.period, closed_at: seal.closedAt.toISOString(), seal: seal.digest },
    open,
    blocks: first === undefined ? [] : await whatBlocks(q, { period: first, cut: at }),
    // On the first day on which so many have passed.
    closes_on: next === null || afterDays === null ? null : addDays(lastDayOf(next), afterDays + 1),
    unissued: await unissuedPeriods(q, bucketCount),
  };
}

async function payoutsOf(
  q: Queryable,
  { today, at }: { readonly today: BusinessDay; readonly at: Date },
): Promise<HalfMonthStatus['payouts']> {
  const since = at.getTime() - RECENT_DAYS * DAY_MS;
  const recent = (await storedBatches(q, {})).filter(batch => batch.drawnAt.getTime() >= since);
  const batchIds = recent.map(batch => batch.batchId);
  const batches = await payoutBatches(q, { batchIds, proposed: await openPayoutBatches(q, at) });
  const standing = (status: keyof PayoutBatch['byStatus']): PayoutsAt => {
    const those = batches.filter(batch => (batch.byStatus[status] ?? 0) > 0);
    const count = (some: readonly PayoutBatch[]) => some.reduce((sum, batch) => sum + (batch.byStatus[status] ?? 0), 0);
    return {
      batches: those.map(batch => batch.batchId).sort(),
      payouts: count(those),
      overdue: count(those.filter(batch => batch.dueOn < today)),
      due_on: those.map(batch => batch.dueOn).sort()[0] ?? null,
    };
  };
  const sentAt = batches
    .filter(batch => (batch.byStatus.sent ?? 0) > 0)
    .flatMap(batch => batch.files.map(file => file.sentAt.toISOString()))
    .sort()[0];
  return {
    due: standing('due'),
    proposed: standing('proposed'),
    approved: standing('approved'),
    sent: { ...standing('sent'), sent_at: sentAt ?? null },
    unmatched_answers: await countUnmatched(q),
  };
}

async function lastRunOf(q: Queryable, command: string): Promise<ScheduleRun | null> {
  const [last] = (await listAudit(q, { command, limit: 1 })).items;
  if (last === undefined) return null;
  return { began_at: last.began_at, result: last.result, refusal_code: last.refusal_code };
}
