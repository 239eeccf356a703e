import { afterAll, beforeAll, expect, test } from 'vitest';
import { addDays, parseBusinessDay } from '../../src/domain/business-day.ts';
import { listRuns, showRun } from '../../src/settlement/list-runs.ts';
import type { BucketOfRun } from '../../src/settlement/settle-bucket.ts';
import { resumeRun } from '../../src/settlement/settle-days.ts';
import { sweep } from '../../src/settlement/sweep.ts';
import { nanosOf, type SettlementSystem } from '../support/settlement-system.ts';
import { openSmallInstallation } from '../support/small-installation.ts';

let system: SettlementSystem;

beforeAll(async () => {
  system = await openSmallInstallation();
});

afterAll(async () => await system.drop());

test('runs are listed the last first, page by page, each with its record', async () => {
  const { items: all, next } = await listRuns(system.db);
  expect(next).toBeNull();
  expect(all.length).toBeGreaterThan(3);
  expect(all.map(run => run.requested_at)).toEqual(
    all
      .map(run => run.requested_at)
      .sort()
      .reverse(),
  );

  const paged: string[] = [];
  let after: string | undefined;
  for (let page = 0; page < all.length; page += 1) {
    const { items, next: more } = await listRuns(system.db, { limit: 1, after });
    paged.push(...items.map(run => run.run_id));
    after = more ?? undefined;
  }
  expect(after).toBeUndefined();
  expect(paged).toEqual(all.map(run => run.run_id));

  const day = parseBusinessDay('2018-04-14');
  const ofDay = (await listRuns(system.db, { from: day, to: day })).items;
  expect(ofDay.map(run => run.run_id)).toEqual(
    all.filter(run => run.business_date === '2018-04-14').map(run => run.run_id),
  );
  expect(ofDay.length).toBeGreaterThan(1);
});

test('totals of a run are the sums of its transfers', async () => {
  const transfers = await system.transfers();
  for (const run of (await listRuns(system.db)).items) {
    const its = transfers.filter(transfer => transfer.runId === run.run_id);
    expect(its).toHaveLength(run.transfers);
    for (const { account, debits, credits } of run.totals) {
      const sum = (side: 'debit' | 'credit') =>
        its
          .filter(transfer => transfer[side] === account && transfer.currency === debits.currency)
          .reduce((total, transfer) => total + transfer.amountNanos, 0n);
      expect([nanosOf(debits.amount), nanosOf(credits.amount)]).toEqual([sum('debit'), sum('credit')]);
    }
    expect(run.totals.length > 0).toBe(its.length > 0);
  }
});

test('an interrupted run tells what it lacks and is finished by asking for just that', async () => {
  system.now = new Date('2018-04-18T09:00:00+08:00');
  await system.processAll();
  const [run] = await system.requestRun('2018-04-15');
  const jobs = system.settlementJobs;
  system.settlementJobs = [];
  expect(jobs.length).toBeGreaterThan(1);
  const [first, ...lost] = jobs;
  await system.settleBucket(first as (typeof jobs)[number]);

  const unfinished = (await listRuns(system.db, { unfinished: true })).items;
  expect(unfinished).toEqual([
    expect.objectContaining({ run_id: run?.runId, buckets: jobs.length, buckets_done: 1, finished_at: null }),
  ]);

  expect(await swept()).toEqual(lost.toSorted((a, b) => a.bucket - b.bucket));
  expect(await swept({ days: 3 })).toEqual([]);

  const asked: number[] = [];
  const resume = async () =>
    await resumeRun(
      {
        db: system.db,
        calendar: system.calendar,
        now: () => system.now,
        enqueue: async resumed => {
          for (const job of resumed) {
            asked.push(job.bucket);
            await system.settleBucket(job);
          }
        },
      },
      run?.runId ?? '',
    );
  await resume();
  expect(asked.sort()).toEqual(lost.map(job => job.bucket).sort());
  expect((await listRuns(system.db, { unfinished: true })).items).toEqual([]);
  const shown = await showRun(system.db, run?.runId ?? '');
  expect(shown.items.map(row => row.bucket)).toEqual(jobs.map(job => job.bucket).sort());
  expect(shown).toMatchObject({ buckets_done: jobs.length, business_date: '2018-04-15', duration_ms: 0 });

  expect(await swept()).toEqual([]);
  await resume();
  expect(asked).toHaveLength(lost.length);
  expect((await system.verify()).differences).toEqual([]);
});

/** What a sweep puts back into the queue of runs, so many days from now. */
async function swept({ days = 0 } = {}): Promise<BucketOfRun[]> {
  const jobs: BucketOfRun[] = [];
  await sweep({
    db: system.db,
    now: () => new Date(system.now.getTime() + days * 86_400_000),
    enqueueBatches: async () => {},
    enqueueSettlement: async some => {
      jobs.push(...some);
    },
  });
  return jobs;
}

test('a run that does not exist is refused with a remedy, whatever its id looks like', async () => {
  for (const runId of ['x', "'; drop", '018f0000-0000-7000-8000-000000000000']) {
    await expect(showRun(system.db, runId)).rejects.toMatchObject({ code: 'unknown_run' });
  }
  await expect(listRuns(system.db, { limit: 0 })).rejects.toMatchObject({ code: 'bad_limit' });
  await expect(listRuns(system.db, { after: 'x' })).rejects.toMatchObject({ code: 'bad_cursor' });
  const late = addDays(parseBusinessDay('2018-04-15'), 100);
  expect(await listRuns(system.db, { from: late })).toEqual({ items: [], next: null });
});
