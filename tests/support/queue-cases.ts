import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openLink } from '../../src/queue/link.ts';
import {
  type BatchJob,
  batchJobId,
  KEY_PREFIX,
  MAINTENANCE_QUEUE,
  queueName,
  type SettleJob,
} from '../../src/queue/names.ts';
import { openQueues, type Queues } from '../../src/queue/queues.ts';
import { DEFAULT_TIMING, type QueueTiming } from '../../src/queue/timing.ts';
import {
  type RunningWorkers,
  startEventWorkers,
  startMaintenanceWorker,
  startSettlementWorkers,
} from '../../src/queue/workers.ts';
import type { QueueServer } from './queue-servers.ts';
import { rejectionOf } from './refusals.ts';

const WORKER_PROGRAM = fileURLToPath(new URL('./queue-worker-process.ts', import.meta.url));
const GROUPS = 4;
const SCHEDULES = {
  sweepEveryMs: 60_000,
  nightly: { pattern: '30 3 * * *', tz: 'Asia/Shanghai' },
  halfMonthly: { pattern: '30 4 * * *', tz: 'Asia/Shanghai' },
};
const HOUR_MS = 3_600_000;
/** On a busy machine; less than anything here that waits for good, or as long as the queue does by default. */
const WELL_WITHIN_MS = 20_000;

/** What the queue promises, whichever backend runs it. */
export function describeQueue(name: string, startServer: () => Promise<QueueServer>): void {
  describe(`the queue on ${name}`, () => {
    let server: QueueServer;

    beforeAll(async () => {
      server = await startServer();
    });
    afterAll(async () => {
      await server.remove();
    });
    beforeEach(async () => {
      await server.wipe();
    });

    async function open(timing: Partial<QueueTiming> = {}): Promise<Queues> {
      const queues = await openQueues({ backend: server.backend, groups: GROUPS, timing });
      onTestFinished(() => queues.close());
      return queues;
    }

    interface EventWorkerOptions {
      handle?: (job: BatchJob) => Promise<void>;
      timing?: Partial<QueueTiming>;
      groups?: number;
    }

    /** Event workers that note down what they get, in the order in which they begin with it. */
    async function work({ handle = async () => {}, timing = {}, groups = GROUPS }: EventWorkerOptions = {}) {
      const begun: BatchJob[] = [];
      const errors: Error[] = [];
      const workers = await startEventWorkers({
        backend: server.backend,
        groups,
        concurrency: 2,
        timing,
        onError: error => errors.push(error),
        handle: async job => {
          begun.push(job);
          await handle(job);
        },
      });
      onTestFinished(() => workers.close());
      return { begun, errors, close: () => workers.close() };
    }

    /** The queue as BullMQ shows it. */
    async function look(queue: string) {
      const link = await openLink(server.backend, { use: 'produce', timing: DEFAULT_TIMING, onError: () => {} });
      const bullmq = new Queue(queue, { connection: link.connection, prefix: KEY_PREFIX }, link.factory);
      bullmq.on('error', () => {});
      onTestFinished(async () => {
        await bullmq.close();
        await link.close();
      });
      return bullmq;
    }

    test('carries batches and buckets of settlement runs to the workers, then forgets them', async () => {
      const queues = await open();
      const batches = Array.from({ length: 64 }, (_, bucket) => ({ bucket, batchId: crypto.randomUUID() }));
      const buckets = Array.from({ length: 8 }, (_, bucket) => ({ runId: 'run', businessDay: '2018-03-28', bucket }));
      await queues.enqueueBatches(batches);
      await queues.enqueueSettlement(buckets);
      expect(await queues.counts()).toMatchObject({ events: { waiting: 64 }, settlement: { waiting: 8 } });

      const { begun } = await work();
      const settled: SettleJob[] = [];
      const settlement = await startSettlementWorkers({
        backend: server.backend,
        groups: GROUPS,
        concurrency: 1,
        onError: () => {},
        handle: async job => {
          settled.push(job);
        },
      });
      onTestFinished(() => settlement.close());
      const none = { waiting: 0, active: 0, delayed: 0, failed: 0 };
      await expect.poll(() => queues.counts()).toEqual({ events: none, settlement: none, maintenance: none });
      expect(begun.toSorted((a, b) => a.bucket - b.bucket)).toEqual(batches);
      expect(settled.toSorted((a, b) => a.bucket - b.bucket)).toEqual(buckets);
    });

    test('takes a batch that already waits once, and again after it was done', async () => {
      const queues = await open();
      const batch = { bucket: 5, batchId: 'twice' };
      await queues.enqueueBatches([batch, batch]);
      await queues.enqueueBatches([batch]);
      expect(await queues.counts()).toMatchObject({ events: { waiting: 1 } });
      const { begun } = await work();
      await expect.poll(() => queues.counts()).toMatchObject({ events: { waiting: 0, active: 0 } });
      expect(begun).toEqual([batch]);
      await queues.enqueueBatches([batch]);
      await expect.poll(() => begun).toEqual([batch, batch]);
    });

    test('takes a long backlog, though all of it together takes longer than one answer may', async () => {
      const backlog = (length: number, name: string) =>
        Array.from({ length }, (_, index) => ({ bucket: index % 64, batchId: `${name}${index}` }));
      const few = backlog(1_000, 'few');
      const before = performance.now();
      await (await open()).enqueueBatches(few);
      const fewTook = performance.now() - before;
      const answerMs = Math.max(1_000, 12 * fewTook);
      const many = backlog(Math.ceil((1.5 * answerMs) / fewTook) * few.length, 'many');
      const queues = await open({ answerMs });
      await queues.enqueueBatches(many);
      expect(await queues.counts()).toMatchObject({ events: { waiting: few.length + many.length } });
    });

    test('tries a job again until it succeeds, after rests that stay short', async () => {
      const queues = await open();
      const { begun, errors } = await work({
        timing: { retryMinMs: 20, retryMaxMs: 80 },
        handle: async () => {
          if (begun.length < 8) throw new Error(`attempt ${begun.length}`);
        },
      });
      await queues.enqueueBatches([{ bucket: 0, batchId: 'stubborn' }]);
      await expect.poll(() => begun).toHaveLength(8);
      await expect.poll(() => queues.counts()).toMatchObject({ events: { active: 0, delayed: 0, failed: 0 } });
      expect(errors.map(error => error.message)).toEqual([1, 2, 3, 4, 5, 6, 7].map(attempt => `attempt ${attempt}`));
    });

    test('keeps a job that can not be read, and does not let it stand in the way of the same batch', async () => {
      const queues = await open();
      const { begun, errors } = await work();
      const batch = { bucket: 0, batchId: 'unreadable at first' };
      const bullmq = await look(queueName('events', 0));
      await bullmq.add('events', { bucket: 'zero' }, { jobId: batchJobId(batch), attempts: 3 });
      await expect.poll(() => queues.counts()).toMatchObject({ events: { failed: 1, active: 0 } });
      expect(begun).toEqual([]);
      expect(errors.map(error => error.message)).toEqual([expect.stringMatching(/unreadable payload/)]);
      await queues.enqueueBatches([batch]);
      await expect.poll(() => begun).toEqual([batch]);
      expect(await queues.counts()).toMatchObject({ events: { failed: 0 } });
    });

    test('renews the lock of a job that takes long', async () => {
      const queues = await open();
      const timing = { lockDurationMs: 1_500, stalledIntervalMs: 200 };
      const handle = async () => await sleep(4_000);
      const { begun } = await work({ timing, handle });
      const other = await work({ timing, handle });
      await queues.enqueueBatches([{ bucket: 0, batchId: 'long' }]);
      await expect.poll(() => begun.length + other.begun.length).toBe(1);
      await expect.poll(() => queues.counts()).toMatchObject({ events: { active: 0, waiting: 0 } });
      expect(begun.length + other.begun.length).toBe(1);
    });

    test('hands the job of a worker process killed with SIGKILL to another within 6 seconds', async () => {
      const queues = await open();
      const batch = { bucket: 0, batchId: 'orphan' };
      const child: ChildProcess = fork(WORKER_PROGRAM, [JSON.stringify(server.backend)], {
        execPath: process.execPath,
      });
      onTestFinished(() => {
        child.kill('SIGKILL');
      });
      expect(await once(child, 'message')).toEqual(['ready', undefined]);
      const taken = once(child, 'message');
      await queues.enqueueBatches([batch]);
      expect(await taken).toEqual([batch.batchId, undefined]);
      const { begun } = await work();
      child.kill('SIGKILL');
      await once(child, 'exit');
      await expect.poll(() => begun, { timeout: WELL_WITHIN_MS }).toEqual([batch]);
      const { lockDurationMs, stalledIntervalMs } = DEFAULT_TIMING;
      // What it takes at most, whatever the machine itself takes.
      expect(lockDurationMs + 2 * stalledIntervalMs).toBeLessThan(6_000);
    });

    test('refuses within seconds while the server is away, goes on by itself when it is back', async () => {
      const timing = { answerMs: 1_500 };
      const queues = await open(timing);
      const idle = await work();
      const batch = { bucket: 1, batchId: 'before' };
      let finish = () => {};
      const busy = await work({ handle: () => new Promise(resolve => (finish = resolve)), groups: 1 });
      await queues.enqueueBatches([{ bucket: 4, batchId: 'running' }]);
      await expect.poll(() => idle.begun.length + busy.begun.length).toBe(1);
      await server.kill();

      const before = performance.now();
      const refusals = await Promise.all([
        rejectionOf(queues.enqueueBatches([batch])),
        rejectionOf(queues.enqueueSettlement([{ runId: 'run', businessDay: '2018-03-28', bucket: 0 }])),
        rejectionOf(queues.putSchedules(SCHEDULES)),
        rejectionOf(queues.counts()),
        rejectionOf(openQueues({ backend: server.backend, groups: GROUPS, timing })),
        rejectionOf(
          startEventWorkers({
            backend: server.backend,
            groups: 1,
            concurrency: 1,
            timing,
            onError: () => {},
            handle: async () => {},
          }),
        ),
      ]);
      expect(performance.now() - before).toBeLessThan(WELL_WITHIN_MS);
      for (const refusal of refusals) expect(refusal).toMatchObject({ code: 'queue_unavailable', exitCode: 3 });
      finish();

      await server.start();
      const enqueue = () =>
        queues.enqueueBatches([batch]).then(
          () => 'done',
          () => 'refused',
        );
      await expect.poll(enqueue, { timeout: WELL_WITHIN_MS }).toBe('done');
      await expect.poll(() => idle.begun, { timeout: WELL_WITHIN_MS }).toContainEqual(batch);
      // A lost server is said, but not at every attempt to reach it.
      expect(idle.errors.length).toBeGreaterThan(0);
      expect(idle.errors.length).toBeLessThan(100);
    });

    test('is restored by enqueueing again and putting the schedules again after it was wiped', async () => {
      const queues = await open();
      const { begun } = await work();
      let sweeps = 0;
      const maintenance = await startMaintenanceWorker({
        backend: server.backend,
        onError: () => {},
        sweep: async () => {
          sweeps += 1;
        },
        nightly: async () => {},
        halfMonthly: async () => {},
      });
      onTestFinished(() => maintenance.close());
      await queues.putSchedules({ ...SCHEDULES, sweepEveryMs: 500 });
      await expect.poll(() => sweeps).toBeGreaterThan(0);

      await server.wipe();
      const before = sweeps;
      const batch = { bucket: 3, batchId: 'after' };
      await queues.enqueueBatches([batch]);
      await queues.putSchedules({ ...SCHEDULES, sweepEveryMs: 500 });
      await expect.poll(() => begun).toEqual([batch]);
      await expect.poll(() => sweeps).toBeGreaterThan(before + 1);
    });

    test('has each schedule once on the clock of the time zone, however often they are put', async () => {
      const queues = await open();
      await queues.putSchedules(SCHEDULES);
      await queues.putSchedules(SCHEDULES);
      const bullmq = await look(MAINTENANCE_QUEUE);
      const schedulers = await bullmq.getJobSchedulers();
      expect(schedulers.map(({ key }) => key).toSorted()).toEqual(['half-monthly', 'nightly', 'sweep']);
      expect(await bullmq.getJobCountByTypes('waiting', 'delayed')).toBe(3);
      // 03:30 in Shanghai is 19:30 UTC, all year.
      const next = new Date(schedulers.find(({ key }) => key === 'nightly')?.next ?? 0);
      expect(next.toISOString()).toMatch(/T19:30:00\.000Z$/);
      expect(next.getTime() - Date.now()).toBeGreaterThan(0);
      expect(next.getTime() - Date.now()).toBeLessThanOrEqual(24 * HOUR_MS);

      await queues.putSchedules({ ...SCHEDULES, nightly: { pattern: '30 4 * * *', tz: 'UTC' } });
      const changed = await bullmq.getJobScheduler('nightly');
      expect(new Date(changed?.next ?? 0).toISOString()).toMatch(/T04:30:00\.000Z$/);
      expect(await bullmq.getJobCountByTypes('waiting', 'delayed')).toBe(3);
    });

    test('does not drop a run that fell due while nobody worked when its schedule is put again', async () => {
      const queues = await open();
      const everySecond = { ...SCHEDULES, sweepEveryMs: HOUR_MS, nightly: { pattern: '* * * * * *', tz: 'UTC' } };
      await queues.putSchedules(everySecond);
      const bullmq = await look(MAINTENANCE_QUEUE);
      const due = (await bullmq.getJobScheduler('nightly'))?.next ?? 0;
      await sleep(due - Date.now() + 50);
      await queues.putSchedules(everySecond);
      expect((await bullmq.getJobScheduler('nightly'))?.next).toBe(due);
    });

    test('refuses a schedule that names no instant', async () => {
      const queues = await open();
      const refusal = await rejectionOf(
        queues.putSchedules({ ...SCHEDULES, nightly: { pattern: '61 3 * * *', tz: 'UTC' } }),
      );
      expect(refusal).toMatchObject({ code: 'bad_schedule', exitCode: 2 });
      await rejectionOf(queues.putSchedules({ ...SCHEDULES, nightly: { pattern: '30 3 * * *', tz: 'Asia/Nowhere' } }));
      const other = await rejectionOf(
        queues.putSchedules({ ...SCHEDULES, halfMonthly: { pattern: '0 5 32 * *', tz: 'UTC' } }),
      );
      expect(other.message).toContain('The half-monthly schedule "0 5 32 * *"');
    });

    test('closes only after the running job, takes no other, and is bounded by closeMs', async () => {
      const queues = await open();
      let finish = () => {};
      const { begun, close } = await work({ groups: 1, handle: () => new Promise(resolve => (finish = resolve)) });
      await queues.enqueueBatches([{ bucket: 0, batchId: 'last' }]);
      await expect.poll(() => begun).toHaveLength(1);
      const closing = close();
      expect(await Promise.race([closing.then(() => 'closed'), sleep(300, 'still running')])).toBe('still running');
      await queues.enqueueBatches([{ bucket: 0, batchId: 'next' }]);
      finish();
      await closing;
      expect(await queues.counts()).toMatchObject({ events: { active: 0, waiting: 1 } });

      const stuck = await work({ groups: 1, timing: { closeMs: 400 }, handle: () => new Promise(() => {}) });
      await expect.poll(() => stuck.begun).toHaveLength(1);
      const before = performance.now();
      await stuck.close();
      expect(performance.now() - before).toBeLessThan(WELL_WITHIN_MS);
    });

    test('closes while the server is away', async () => {
      const queues = await open({ answerMs: 1_000 });
      const running: RunningWorkers = await work({ timing: { answerMs: 1_000 } });
      await queues.enqueueBatches([{ bucket: 0, batchId: 'any' }]);
      await server.kill();
      try {
        const before = performance.now();
        await Promise.all([running.close(), queues.close()]);
        expect(performance.now() - before).toBeLessThan(WELL_WITHIN_MS);
      } finally {
        await server.start();
      }
    });
  });
}
