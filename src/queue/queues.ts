import { type BulkJobOptions, Queue } from 'bullmq';
import { type AnyQueue, type Link, type QueueBackend, queueUnavailable } from './backend.ts';
import { openLink } from './link.ts';
import {
  type BatchJob,
  type BucketedKind,
  batchJobId,
  KEY_PREFIX,
  MAINTENANCE_QUEUE,
  queueName,
  queueNames,
  type SettleJob,
  settleJobId,
} from './names.ts';
import { checkSchedules, putSchedulers, type Schedules } from './schedules.ts';
import { DEFAULT_TIMING, type QueueTiming, settlesWithin } from './timing.ts';

/** Far more than a job can use up; the Postgres backend keeps it as an integer of 32 bits. */
export const UNLIMITED = 1_000_000;
/** The newest failed jobs that each queue keeps to be looked at. */
const FAILED_KEPT = 1_000;
const ROUND_SIZE = 1_000;

export interface QueuesOptions {
  readonly backend: QueueBackend;
  /** Groups of buckets, each with its own queues; the same number in every process. */
  readonly groups: number;
  readonly timing?: Partial<QueueTiming>;
}

export interface JobCounts {
  readonly waiting: number;
  readonly active: number;
  /** Waiting for their next attempt or their hour. */
  readonly delayed: number;
  readonly failed: number;
}

export type QueueCounts = Record<BucketedKind | 'maintenance', JobCounts>;

/**
 * What a producer does with the queues. Each call either reaches the backend or rejects, within about `answerMs`, with Refusal
 * `queue_unavailable` (exit code 3); a caller whose work stands in Postgres may then leave it to the sweep.
 */
export class Queues {
  readonly #backend: QueueBackend;
  readonly #groups: number;
  readonly #timing: QueueTiming;
  readonly #link: Link;
  readonly #open = new Map<string, AnyQueue>();

  constructor(link: Link, { backend, groups, timing }: Required<QueuesOptions>) {
    this.#link = link;
    this.#backend = backend;
    this.#groups = groups;
    this.#timing = { ...DEFAULT_TIMING, ...timing };
  }

  /** Asks that these batches be processed. A batch that already waits or runs is not enqueued a second time. */
  async enqueueBatches(jobs: readonly BatchJob[]): Promise<void> {
    await this.#enqueue('events', jobs, batchJobId);
  }

  /** Asks that these buckets be settled. One that already waits or runs in the same run is not enqueued a second time. */
  async enqueueSettlement(jobs: readonly SettleJob[]): Promise<void> {
    await this.#enqueue('settlement', jobs, settleJobId);
  }

  /** Puts the sweep, the nightly and the half-monthly work on the clock; safe to repeat at any moment, and needed again after the backend was wiped. */
  async putSchedules(schedules: Schedules): Promise<void> {
    checkSchedules(schedules);
    await this.#answered(putSchedulers(this.#queue(MAINTENANCE_QUEUE), schedules, jobOptions(this.#timing)));
  }

  async counts(): Promise<QueueCounts> {
    const [events, settlement, maintenance] = await this.#answered(
      Promise.all([
        this.#count(queueNames('events', this.#groups)),
        this.#count(queueNames('settlement', this.#groups)),
        this.#count([MAINTENANCE_QUEUE]),
      ]),
    );
    return { events, settlement, maintenance };
  }

  /** How many processes take event jobs just now; 0 also where the backend can't tell. */
  async eventWorkers(): Promise<number> {
    const workers = this.#queue(queueName('events', 0)).getWorkersCount();
    return await this.#answered(workers.catch(() => 0));
  }

  async close(): Promise<void> {
    const closing = Promise.allSettled([...this.#open.values()].map(queue => queue.close()));
    await settlesWithin(closing, this.#timing.answerMs);
    await this.#link.close();
  }

  async #enqueue<Job extends { bucket: number }>(
    kind: BucketedKind,
    jobs: readonly Job[],
    idOf: (job: Job) => string,
  ): Promise<void> {
    const named = jobs.map(job => ({ name: kind, data: job, opts: { ...jobOptions(this.#timing), jobId: idOf(job) } }));
    // The backend gets its time for each round, so that a long backlog is not taken for silence.
    for (let from = 0; from < named.length; from += ROUND_SIZE) {
      const round = Map.groupBy(named.slice(from, from + ROUND_SIZE), ({ data }) => data.bucket % this.#groups);
      const adding = [...round].map(([group, its]) => add(this.#queue(queueName(kind, group)), its));
      await this.#answered(Promise.all(adding));
    }
  }

  async #count(names: readonly string[]): Promise<JobCounts> {
    const total = { waiting: 0, active: 0, delayed: 0, failed: 0 };
    for (const counted of await Promise.all(names.map(name => this.#queue(name).getJobCounts()))) {
      total.waiting += (counted.waiting ?? 0) + (counted.paused ?? 0) + (counted.prioritized ?? 0);
      total.active += counted.active ?? 0;
      total.delayed += counted.delayed ?? 0;
      total.failed += counted.failed ?? 0;
    }
    return total;
  }

  #queue(name: string): AnyQueue {
    let queue = this.#open.get(name);
    if (queue === undefined) {
      const { connection, factory } = this.#link;
      queue = new Queue(
        name,
        { connection, prefix: KEY_PREFIX, skipMetasUpdate: true, skipVersionCheck: true },
        factory,
      );
      // Who calls hears of a failure from the call itself; without a listener the error would end the process.
      queue.on('error', () => {});
      this.#open.set(name, queue);
    }
    return queue;
  }

  /** What comes too late is still done by the backend, which does no harm: everything here may be done twice. */
  async #answered<Answer>(work: Promise<Answer>): Promise<Answer> {
    const { answerMs } = this.#timing;
    if (!(await settlesWithin(work, answerMs))) {
      throw queueUnavailable(this.#backend, new Error(`no answer within ${answerMs} ms`));
    }
    try {
      return await work;
    } catch (error) {
      throw queueUnavailable(this.#backend, error);
    }
  }
}

/** @throws Refusal `queue_unavailable` when the backend does not answer within `answerMs`, `queue_not_migrated` on a Postgres without the queue */
export async function openQueues({ backend, groups, timing = {} }: QueuesOptions): Promise<Queues> {
  const link = await openLink(backend, { use: 'produce', timing: { ...DEFAULT_TIMING, ...timing }, onError: () => {} });
  return new Queues(link, { backend, groups, timing });
}

/** A service that is down never uses up a job's attempts; what fails for good is kept for a while, to be looked at. */
export function jobOptions({ retryMinMs }: QueueTiming): BulkJobOptions {
  return {
    attempts: UNLIMITED,
    backoff: { type: 'capped', delay: retryMinMs },
    removeOnComplete: true,
    removeOnFail: { count: FAILED_KEPT },
    stackTraceLimit: 1,
  };
}

interface BulkJob {
  name: string;
  data: unknown;
  opts: BulkJobOptions & { jobId: string };
}

async function add(queue: AnyQueue, jobs: BulkJob[]): Promise<void> {
  await queue.addBulk(jobs);
  await addAgainWhatHadFailed(queue, jobs);
}

/** BullMQ passes over a job whose id belongs to a failed one that it still keeps. */
async function addAgainWhatHadFailed(queue: AnyQueue, jobs: readonly BulkJob[]): Promise<void> {
  if ((await queue.getFailedCount()) === 0) return;
  const failed = new Set(await queue.getRanges(['failed'], 0, FAILED_KEPT));
  const passedOver = jobs.filter(({ opts }) => failed.has(opts.jobId));
  if (passedOver.length === 0) return;
  await Promise.all(passedOver.map(({ opts }) => queue.remove(opts.jobId)));
  await queue.addBulk(passedOver);
}
