import { setTimeout as sleep } from 'node:timers/promises';
import { type IQueueBackend, type Job, UnrecoverableError, Worker, type WorkerOptions } from 'bullmq';
import type { ErrorListener, Link, QueueBackend } from './backend.ts';
import { openLink } from './link.ts';
import {
  type BatchJob,
  HALF_MONTHLY,
  KEY_PREFIX,
  MAINTENANCE_QUEUE,
  NIGHTLY,
  parseBatchJob,
  parseSettleJob,
  queueNames,
  type SettleJob,
  SWEEP,
} from './names.ts';
import { onceInAWhile } from './once-in-a-while.ts';
import { UNLIMITED } from './queues.ts';
import { DEFAULT_TIMING, type QueueTiming, settlesWithin } from './timing.ts';

/** So that neither a long nightly run nor a long closing holds up the sweep. */
const MAINTENANCE_CONCURRENCY = 3;
/** Seconds until an idle worker looks by itself; a lost wake-up costs no more. */
const IDLE_LOOK_SECONDS = 2;
const FETCH_RETRY_MS = 300;
/** What BullMQ gets to record the results once the last job has returned. */
const RECORD_MS = 1_000;

interface CommonOptions {
  readonly backend: QueueBackend;
  readonly timing?: Partial<QueueTiming>;
  /** Hears each failed attempt of a job, and about once a second what is wrong with the backend. */
  readonly onError: ErrorListener;
}

interface BucketedOptions<Payload> extends CommonOptions {
  readonly groups: number;
  /** Jobs that this process runs at a time in each group. */
  readonly concurrency: number;
  /** Runs at least once for each job, perhaps twice at once; one that rejects is tried again, without end. */
  readonly handle: (job: Payload) => Promise<void>;
}

export interface MaintenanceOptions extends CommonOptions {
  readonly sweep: () => Promise<void>;
  readonly nightly: () => Promise<void>;
  readonly halfMonthly: () => Promise<void>;
}

/** Workers keep going through every loss of the backend and resume by themselves. */
export interface RunningWorkers {
  /** Takes no more jobs, waits at most `closeMs` for those that run, and never rejects. */
  close(): Promise<void>;
}

/** @throws Refusal `queue_unavailable` or `queue_not_migrated` when the backend can't be used at the start */
export async function startEventWorkers(options: BucketedOptions<BatchJob>): Promise<RunningWorkers> {
  const { groups, concurrency, handle } = options;
  return await start(options, {
    names: queueNames('events', groups),
    concurrency,
    run: job => handle(parsed(job, parseBatchJob)),
  });
}

/** @throws Refusal as `startEventWorkers` */
export async function startSettlementWorkers(options: BucketedOptions<SettleJob>): Promise<RunningWorkers> {
  const { groups, concurrency, handle } = options;
  return await start(options, {
    names: queueNames('settlement', groups),
    concurrency,
    run: job => handle(parsed(job, parseSettleJob)),
  });
}

/** @throws Refusal as `startEventWorkers` */
export async function startMaintenanceWorker(options: MaintenanceOptions): Promise<RunningWorkers> {
  return await start(options, {
    names: [MAINTENANCE_QUEUE],
    concurrency: MAINTENANCE_CONCURRENCY,
    run: async job => {
      if (job.name === SWEEP) return await options.sweep();
      if (job.name === NIGHTLY) return await options.nightly();
      if (job.name === HALF_MONTHLY) return await options.halfMonthly();
      throw new UnrecoverableError(`the maintenance queue knows no job ${job.name}`);
    },
  });
}

interface Work {
  readonly names: readonly string[];
  readonly concurrency: number;
  readonly run: (job: Job) => Promise<void>;
}

async function start({ backend, timing: given, onError }: CommonOptions, work: Work): Promise<RunningWorkers> {
  const timing = { ...DEFAULT_TIMING, ...given };
  const onTrouble = onceInAWhile(onError);
  const link = await openLink(backend, { use: 'work', timing, onError: onTrouble });
  const running = new Set<Promise<void>>();
  const run = async (job: Job): Promise<void> => {
    const done = work.run(job);
    const settled = done.catch(() => {}).finally(() => running.delete(settled));
    running.add(settled);
    await done;
  };
  const workers = work.names.map(name => {
    const worker = new QueueWorker(name, run, workerOptions(link, work.concurrency, timing), link.factory);
    worker.on('error', onTrouble);
    worker.on('failed', (_job, error) => onError(error));
    return worker;
  });
  let closing: Promise<void> | undefined;
  return {
    close: () => {
      closing ??= stop(workers, link, running, timing);
      return closing;
    },
  };
}

function workerOptions({ connection }: Link, concurrency: number, timing: QueueTiming): WorkerOptions {
  return {
    connection,
    prefix: KEY_PREFIX,
    concurrency,
    lockDuration: timing.lockDurationMs,
    stalledInterval: timing.stalledIntervalMs,
    // A worker that dies may take the same job with it again and again; the job is not to blame and must not be lost.
    maxStalledCount: UNLIMITED,
    drainDelay: IDLE_LOOK_SECONDS,
    runRetryDelay: FETCH_RETRY_MS,
    settings: {
      backoffStrategy: attempt => Math.min(timing.retryMinMs * 2 ** Math.min(attempt - 1, 30), timing.retryMaxMs),
    },
  };
}

/** A payload that can't be read will not get better by trying again. */
function parsed<Payload>(job: Job, parse: (data: unknown) => Payload): Payload {
  try {
    return parse(job.data);
  } catch (error) {
    throw new UnrecoverableError(
      `job ${job.id} has an unreadable payload: ${error instanceof Error ? error.message : error}`,
    );
  }
}

class QueueWorker extends Worker<unknown, void, string, IQueueBackend> {
  /** Lets go of everything at once; jobs that still run are taken over by another worker once their locks have run out. */
  async abandon(): Promise<void> {
    await this.lockManager.close();
    await this.backend.close(true);
  }
}

/** BullMQ's own close waits without end where the backend is away. */
async function stop(
  workers: readonly QueueWorker[],
  link: Link,
  running: ReadonlySet<Promise<void>>,
  timing: QueueTiming,
): Promise<void> {
  const closed = Promise.allSettled(workers.map(worker => worker.close()));
  const idle = async () => {
    while (running.size > 0) await Promise.all(running);
    // A process that is done need not wait for this.
    await sleep(RECORD_MS, undefined, { ref: false });
  };
  await settlesWithin(Promise.race([closed, idle()]), timing.closeMs);
  if (!(await settlesWithin(closed, 0))) {
    await settlesWithin(Promise.allSettled(workers.map(worker => worker.abandon())), timing.answerMs);
  }
  await link.close();
}
