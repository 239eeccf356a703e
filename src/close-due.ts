import { type App, closingDepsOf, runDepsOf } from './app.ts';
import { awaitWork } from './await-work.ts';
import type { Block } from './closing/closing.ts';
import { closeScheduled, type ScheduledClosing, scheduledClosings } from './closing/scheduled-closing.ts';
import { isRefusal, type Refusal } from './domain/errors.ts';
import { parsePeriod } from './domain/period.ts';
import { dueByBucket } from './earnings/due-by-bucket.ts';
import { acceptancesBefore, pendingAt } from './events/accepted-by.ts';
import { oldestPending } from './events/inbox.ts';
import type { PeriodSeal } from './ledger/period-closings.ts';
import type { ErrorListener } from './queue/backend.ts';
import { type ShownProgress, settleAndAwait } from './settle-and-await.ts';
import { settleDays } from './settlement/settle-days.ts';
import { runEventWorkers } from './worker-set.ts';

const MOST_ROUNDS = 10;

export interface ClosedDue {
  /** In order. */
  readonly closed: readonly PeriodSeal[];
  /** Why the next one stays open; null where all are closed that were to be. */
  readonly refused: { readonly period: string; readonly refusal: Refusal } | null;
}

interface CloseDueOptions {
  readonly progressOf?: (label: string, total: number) => ShownProgress;
  readonly onError: ErrorListener;
  /** What is done before each closing, such as what the period closed last still lacks; what it throws ends the rest. */
  readonly beforeClosing?: () => Promise<void>;
}

/**
 * Closes every period that the standing order wants closed by now, missed ones included, in order. Of each it first waits until what was
 * accepted up to now is processed, and settles the days that are due; the first that can't be closed ends it. Doing it again, or
 * twice at once, closes nothing twice.
 * @throws Refusal where a service is missing, `work_stuck`
 */
export async function closeDuePeriods(app: App, options: CloseDueOptions): Promise<ClosedDue> {
  const { installation, calendar, now } = app;
  const closed: PeriodSeal[] = [];
  const at = now();
  for (const scheduled of await scheduledClosings(app.db, { ...installation, calendar, at })) {
    const cut = now();
    await awaitBatches(app, cut, options);
    const seal = await settleAndClose(app, { ...scheduled, cut }, options);
    if (isRefusal(seal)) return { closed, refused: { period: scheduled.period, refusal: seal } };
    closed.push(seal);
  }
  return { closed, refused: null };
}

/**
 * What comes in meanwhile can make another day due of which no run knew all up to the cut. Each round leaves fewer such days, for the
 * cut stays where it is.
 */
async function settleAndClose(
  app: App,
  closing: ScheduledClosing & { readonly cut: Date },
  options: CloseDueOptions,
): Promise<PeriodSeal | Refusal> {
  for (let round = 1; ; round += 1) {
    await settlePeriod(app, closing, options);
    await options.beforeClosing?.();
    try {
      return await closeScheduled(closingDepsOf(app), closing);
    } catch (error) {
      if (!isRefusal(error) || error.exitCode === 3) throw error;
      if (round === MOST_ROUNDS || !isUnsettled(error)) return error;
    }
  }
}

/** Whether it is refused for nothing but days that are to be settled. */
function isUnsettled({ code, details }: Refusal): boolean {
  const blocks = (details.blocks ?? []) as readonly Block[];
  return code === 'period_blocked' && blocks.every(block => block.code === 'days_due');
}

async function awaitBatches(app: App, cut: Date, { progressOf, onError }: CloseDueOptions): Promise<void> {
  // A batch that was accepted up to the cut may not be committed yet.
  await app.db.transaction(acceptancesBefore);
  const { batches: total } = await pendingAt(app.db, cut);
  if (total === 0) return;
  // Jobs may have been lost with the queue.
  await (await app.queues()).enqueueBatches(await oldestPending(app.db));
  const progress = progressOf?.('processing', total);
  try {
    await awaitWork(app, {
      remaining: async () => (await pendingAt(app.db, cut)).batches,
      startWorkers: () => runEventWorkers(app, onError),
      onProgress: remaining => progress?.update(total - remaining),
    });
  } finally {
    progress?.stop();
  }
}

/** Settles the period's due days; of the first period to be closed, also those before it. */
async function settlePeriod(
  app: App,
  { period, isFirst }: ScheduledClosing,
  { progressOf, onError }: CloseDueOptions,
): Promise<void> {
  const { firstDay, lastDay } = parsePeriod(period);
  await settleAndAwait(app, {
    start: async waiting => {
      const due = await dueByBucket(app.db, { from: isFirst ? null : firstDay, to: lastDay });
      const days = [...new Set(due.map(each => each.businessDay))].filter(day => !waiting.has(day));
      return await settleDays(runDepsOf(app), days);
    },
    ...(progressOf === undefined ? {} : { progressOf: (total: number) => progressOf('settling', total) }),
    onError,
  });
}
