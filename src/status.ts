import type { App } from './app.ts';
import { excessiveLogin } from './db/login-rights.ts';
import type { BusinessDay } from './domain/business-day.ts';
import { isRefusal } from './domain/errors.ts';
import { dueStatus } from './earnings/due-status.ts';
import { inboxStatus, recentTrouble } from './events/inbox-status.ts';
import { type HalfMonthStatus, readHalfMonthStatus, stuckHalfMonths } from './half-month-status.ts';
import { type LockWait, lockWaits } from './lock-waits.ts';
import type { QueueCounts } from './queue/queues.ts';
import { listRuns } from './settlement/list-runs.ts';

/** Accepted batches and runs that wait longer than this are stuck: a worker takes seconds. */
const STUCK_MS = 10 * 60_000;
const DAY_MS = 86_400_000;
const MOST_RUNS = 1_000;

/** What is behind, stuck, due, rejected or in conflict. */
export interface Status extends HalfMonthStatus {
  readonly now: string;
  readonly inbox: {
    readonly pending_batches: number;
    readonly pending_lines: number;
    readonly oldest_pending_at: string | null;
    readonly last_processed_at: string | null;
  };
  /** Counted as (developer, day); `open` are of days that are not over. */
  readonly due: {
    readonly overdue: number;
    readonly days: number;
    readonly oldest_day: BusinessDay | null;
    readonly open: number;
  };
  readonly runs: {
    readonly unfinished: number;
    readonly oldest_unfinished_at: string | null;
    /** The run that was requested last. */
    readonly last: {
      readonly run_id: string;
      readonly business_date: BusinessDay;
      readonly requested_at: string;
      readonly finished_at: string | null;
    } | null;
  };
  /** Null when the queue can't be reached. */
  readonly queue: QueueCounts | null;
  /** Of lines processed in the last `days` days. */
  readonly recent: {
    readonly days: number;
    readonly rejected: Readonly<Record<string, number>>;
    readonly conflicts: number;
  };
  /** Who waits for whom in the database just now, the longest first. */
  readonly waits: readonly LockWait[];
  /** What is well only as long as nothing else goes wrong, in words. */
  readonly warnings: readonly string[];
  /** What somebody has to look at, in words; empty when all is well. */
  readonly stuck: readonly string[];
}

/** Reads everything from Postgres and the counts of jobs from the queue; changes nothing. */
export async function readStatus(app: App, { days }: { readonly days: number }): Promise<Status> {
  const now = app.now();
  const today = app.calendar.dayOf(now.getTime());
  const since = new Date(now.getTime() - days * DAY_MS);
  const { inbox, due, unfinished, last, recent, halfMonths, login, waits } = await app.db.snapshot(async tx => ({
    inbox: await inboxStatus(tx),
    due: await dueStatus(tx, { today }),
    unfinished: (await listRuns(tx, { unfinished: true, limit: MOST_RUNS })).items,
    last: (await listRuns(tx, { limit: 1 })).items[0] ?? null,
    recent: await recentTrouble(tx, { since }),
    halfMonths: await readHalfMonthStatus(tx, app),
    login: await excessiveLogin(tx),
    waits: await lockWaits(tx),
  }));
  const { counts, problem } = await countJobs(app);
  const oldestRun = unfinished.at(-1) ?? null;
  return {
    now: now.toISOString(),
    inbox: {
      pending_batches: inbox.pendingBatches,
      pending_lines: inbox.pendingLines,
      oldest_pending_at: inbox.oldestPendingAt?.toISOString() ?? null,
      last_processed_at: inbox.lastProcessedAt?.toISOString() ?? null,
    },
    due: { overdue: due.overdue, days: due.days, oldest_day: due.oldestDay, open: due.open },
    runs: {
      unfinished: unfinished.length,
      oldest_unfinished_at: oldestRun?.requested_at ?? null,
      last:
        last === null
          ? null
          : {
              run_id: last.run_id,
              business_date: last.business_date,
              requested_at: last.requested_at,
              finished_at: last.finished_at,
            },
    },
    ...halfMonths,
    queue: counts,
    recent: { days, ...recent },
    waits,
    warnings: login === null ? [] : [login],
    stuck: [
      ...(problem === null ? [] : [problem]),
      ...waitingTooLong(now, inbox.oldestPendingAt, 'batches wait in the inbox: is a worker running ("apportion up")?'),
      ...waitingTooLong(
        now,
        oldestRun === null ? null : new Date(oldestRun.requested_at),
        `run ${oldestRun?.run_id} is unfinished: "apportion settle --run ${oldestRun?.run_id}" finishes it`,
      ),
      ...stuckHalfMonths(halfMonths, today),
      ...(counts === null ? [] : failedJobs(counts)),
    ],
  };
}

function waitingTooLong(now: Date, since: Date | null, what: string): string[] {
  return since !== null && now.getTime() - since.getTime() > STUCK_MS ? [`since ${since.toISOString()} ${what}`] : [];
}

function failedJobs(counts: QueueCounts): string[] {
  return Object.entries(counts)
    .filter(([, { failed }]) => failed > 0)
    .map(([kind, { failed }]) => `${failed} jobs of ${kind} have failed for good: the workers' log says why`);
}

async function countJobs(app: App): Promise<{ counts: QueueCounts | null; problem: string | null }> {
  try {
    return { counts: await (await app.queues()).counts(), problem: null };
  } catch (error) {
    if (!isRefusal(error)) throw error;
    return { counts: null, problem: error.message };
  }
}
