import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { closeScheduled, type ScheduledClosing, scheduledClosings } from '../../src/closing/scheduled-closing.ts';
import { Database } from '../../src/db/database.ts';
import { addDays, type BusinessDay, parseBusinessDay } from '../../src/domain/business-day.ts';
import { isRefusal } from '../../src/domain/errors.ts';
import { parsePeriod } from '../../src/domain/period.ts';
import { dueByBucket } from '../../src/earnings/due-by-bucket.ts';
import { acceptFile } from '../../src/events/accept-file.ts';
import { acceptancesBefore, pendingAt } from '../../src/events/accepted-by.ts';
import { type BatchKey, isProcessed, oldestPending } from '../../src/events/inbox.ts';
import { processBucket } from '../../src/events/process-bucket.ts';
import { type PeriodSeal, periodSeals } from '../../src/ledger/period-closings.ts';
import { type BucketOfRun, settleBucket } from '../../src/settlement/settle-bucket.ts';
import { settleDays, settleDueDays } from '../../src/settlement/settle-days.ts';
import { Chance } from '../fault/chance.ts';
import { Closing, click } from '../support/closing.ts';
import { SEED } from '../support/runs.ts';

const FILES = 120;
const MOST_FILES_MORE = 600;
const LINES = 8;
const PERIODS = 6;
const BUCKETS = 4;
/** Of settling for one cut. */
const MOST_ROUNDS = 10;
/** The oldest day that is still taken in. */
const WINDOW_DAYS = 34;

interface Line {
  readonly day: BusinessDay;
  readonly priceMicros: number;
}

/** Everybody at once, over a clock that only moves forwards: files come in, buckets are processed and settled, periods are closed. */
class Load {
  readonly chance = new Chance(SEED);
  readonly closing: Closing;
  readonly db: Database;
  readonly files = new Map<string, readonly Line[]>();
  readonly counts = { batches: 0, runs: 0, closed: 0, refused: 0 };
  #now: number;
  batches: BatchKey[] = [];
  jobs: BucketOfRun[] = [];
  filesLeft = FILES;

  constructor(closing: Closing) {
    this.closing = closing;
    this.#now = closing.system.now.getTime();
    this.db = new Database({ address: closing.system.database.address, role: 'application', connections: 16 });
  }

  readonly now = () => {
    this.#now += 1;
    return new Date(this.#now);
  };

  get deps() {
    const { calendar, bucketCount } = this.closing.system;
    return { db: this.db, calendar, bucketCount, now: this.now };
  }

  get today(): BusinessDay {
    return this.closing.system.calendar.dayOf(this.#now);
  }

  advanceTo(day: BusinessDay): void {
    this.#now = Math.max(this.#now, Date.parse(`${day}T01:00:00+08:00`));
  }

  async ingestOne(): Promise<void> {
    this.filesLeft -= 1;
    // One instant for all of the file: the days go by meanwhile.
    const clock = this.now();
    const today = this.closing.system.calendar.dayOf(clock.getTime());
    const lines = Array.from({ length: LINES }, (): Line => {
      const back = 1 + this.chance.below(WINDOW_DAYS);
      return { day: addDays(today, -back), priceMicros: 1 + this.chance.below(2_000_000) };
    });
    const file = path.join(this.closing.system.folder, `load-${this.filesLeft}.ndjson`);
    const texts = lines.map(({ day, priceMicros }, index) =>
      click(day, (priceMicros / 1_000_000).toFixed(6), index % 2 === 0 ? 'app_1' : 'app_7_1'),
    );
    await writeFile(file, texts.map(text => `${text}\n`).join(''));
    const enqueue = async (batches: BatchKey[]) => {
      this.batches.push(...batches);
    };
    const accepted = await acceptFile(
      { ...this.deps, enqueue },
      { path: file, format: 'ndjson', clock, batchEvents: 100 },
    );
    this.files.set(accepted.ingestId, lines);
  }

  async processOne(): Promise<void> {
    const batch = this.batches.splice(this.chance.below(this.batches.length), 1)[0];
    if (batch === undefined) return;
    this.counts.batches += 1;
    if (!(await isProcessed(this.db, batch)))
      await processBucket(this.deps, { bucket: batch.bucket, batchEvents: 100 });
  }

  async startRuns(): Promise<void> {
    const enqueue = async (jobs: BucketOfRun[]) => {
      this.jobs.push(...jobs);
    };
    this.counts.runs += (await settleDueDays({ ...this.deps, enqueue })).length;
  }

  async settleOne(): Promise<void> {
    const job = this.jobs.splice(this.chance.below(Math.min(this.jobs.length, 20)), 1)[0];
    if (job !== undefined) await settleBucket(this.deps, job);
  }

  /** Closes what the standing order wants, after everything up to the cut was settled, or (in haste) as it is. */
  async tryClosing({ inHaste }: { readonly inHaste: boolean }): Promise<void> {
    const [scheduled] = await scheduledClosings(this.db, { ...this.deps, at: this.now() });
    if (scheduled === undefined) return;
    const cut = this.now();
    for (let rounds = inHaste ? 1 : MOST_ROUNDS; rounds > 0; rounds -= 1) {
      if (!inHaste) await this.settlePeriod(scheduled, cut);
      try {
        await closeScheduled(this.deps, { ...scheduled, cut });
        this.counts.closed += 1;
        return;
      } catch (error) {
        if (!isRefusal(error) || !['period_blocked', 'period_skipped'].includes(error.code)) throw error;
        this.counts.refused += 1;
      }
    }
  }

  async settlePeriod({ period, isFirst }: ScheduledClosing, cut: Date): Promise<void> {
    await this.db.transaction(acceptancesBefore);
    for (const { bucket } of await oldestPending(this.db))
      await processBucket(this.deps, { bucket, batchEvents: 10_000 });
    expect(await pendingAt(this.db, cut)).toMatchObject({ batches: 0 });
    const { firstDay, lastDay } = parsePeriod(period);
    const due = await dueByBucket(this.db, { from: isFirst ? null : firstDay, to: lastDay });
    const jobs: BucketOfRun[] = [];
    const enqueue = async (some: BucketOfRun[]) => {
      jobs.push(...some);
    };
    const days = [...new Set(due.map(each => each.businessDay))];
    this.counts.runs += (await settleDays({ ...this.deps, enqueue }, days)).length;
    const byBucket = [...Map.groupBy(jobs, job => job.bucket).values()];
    await Promise.all(
      byBucket.map(async ofBucket => {
        for (const job of ofBucket) await settleBucket(this.deps, job);
      }),
    );
  }

  async settleAll(): Promise<void> {
    while (this.batches.length > 0) await this.processOne();
    do await this.startRuns();
    while (await this.settleJobs());
  }

  async settleJobs(): Promise<boolean> {
    const had = this.jobs.length > 0;
    while (this.jobs.length > 0) await this.settleOne();
    return had;
  }
}

async function forAsLongAs(isOn: () => boolean, work: () => Promise<void>): Promise<void> {
  while (isOn()) {
    await work();
    await setImmediate();
  }
}

test('the unit stranded by closing a window under load', { timeout: 240_000 }, async () => {
  console.log(`closing under load: SEED=${SEED}`);
  const closing = await Closing.forTest({ bucketCount: BUCKETS, now: '2018-05-03T01:00:00+08:00' });
  await closing.decide('closing_schedule', { after_days: 0 });
  const load = new Load(closing);
  try {
    // Goes on until a closing has come through it.
    const isOn = () => load.filesLeft > (load.counts.closed > 0 ? 0 : -MOST_FILES_MORE);
    let day = load.today;
    const failures: unknown[] = [];
    const worker = async (work: () => Promise<void>) => {
      try {
        await forAsLongAs(isOn, work);
      } catch (error) {
        failures.push(error);
        load.filesLeft = -MOST_FILES_MORE;
      }
    };
    await Promise.all([
      worker(async () => await load.ingestOne()),
      worker(async () => await load.ingestOne()),
      worker(async () => {
        // The days go by with the files.
        const period = Math.floor(((FILES - Math.max(load.filesLeft, 0)) * PERIODS) / FILES);
        day = addDays(parseBusinessDay('2018-05-03'), 15 * period);
        load.advanceTo(day);
        await load.startRuns();
      }),
      ...[1, 2].map(async () => await worker(async () => await load.processOne())),
      ...[1, 2, 3].map(async () => await worker(async () => await load.settleOne())),
      worker(async () => await load.tryClosing({ inHaste: false })),
      ...[1, 2].map(async () => await worker(async () => await load.tryClosing({ inHaste: true }))),
    ]);
    expect(failures).toEqual([]);
    await load.settleAll();
    const closedUnderLoad = load.counts.closed;
    for (let left = PERIODS; left > 0; left -= 1) await load.tryClosing({ inHaste: false });
    console.log({ ...load.counts, closedUnderLoad });
    expect(closedUnderLoad).toBeGreaterThan(0);
    expect(load.counts.closed).toBeGreaterThanOrEqual(PERIODS);

    const seals = await periodSeals(load.db);
    await expectAllPosted(load);
    await expectCutsKept(load, seals);
    const { differences, pending } = await closing.system.verify();
    expect(differences).toEqual([]);
    expect(pending).toEqual({ batches: 0, dueDays: 0 });
  } finally {
    await load.db.close();
  }
});

/** Not a nano stranded or doubled: the ledger has what the lines earned, and periods add up to it. */
async function expectAllPosted(load: Load): Promise<void> {
  const all = [...load.files.values()].flat();
  const { rows } = await load.db.query<{ gross: string }>(
    `select coalesce(sum(case when debit = 'ad_revenue' then amount_nanos else -amount_nanos end), 0) as gross
     from transfers
     where debit = 'ad_revenue' or credit = 'ad_revenue'`,
  );
  expect(rows[0]?.gross).toBe(String(all.reduce((sum, line) => sum + line.priceMicros * 1000, 0)));
}

/** What was accepted up to a period's cut is in it; what is in it and came later had been settled before the closing. */
async function expectCutsKept(load: Load, seals: readonly PeriodSeal[]): Promise<void> {
  const { rows } = await load.db.query<{ ingestId: string; acceptedAt: Date }>(
    `select ingest_id as "ingestId", max(accepted_at) as "acceptedAt" from inbox_batches group by ingest_id`,
  );
  const acceptedAt = new Map(rows.map(row => [row.ingestId, row.acceptedAt]));
  const { rows: posted } = await load.db.query<{ period: string; gross: string }>(
    `select period, sum(case when debit = 'ad_revenue' then amount_nanos else -amount_nanos end) as gross
     from transfers
     where (debit = 'ad_revenue' or credit = 'ad_revenue') and period = half_month(ledger_date)
     group by period`,
  );
  for (const { period, cut, closedAt } of seals) {
    const grossUpTo = (instant: Date) =>
      [...load.files]
        .filter(([ingestId]) => (acceptedAt.get(ingestId) ?? closedAt) <= instant)
        .flatMap(([, lines]) => lines)
        .filter(
          line => line.day.slice(0, 7) === period.slice(0, 7) && line.day.slice(8) <= '15' === period.endsWith('H1'),
        )
        .reduce((sum, line) => sum + line.priceMicros * 1000, 0);
    const gross = Number(posted.find(row => row.period === period)?.gross ?? 0);
    expect(gross, `${period}, at least what came up to its cut`).toBeGreaterThanOrEqual(grossUpTo(cut));
    expect(gross, `${period}, at most what came at all`).toBeLessThanOrEqual(grossUpTo(new Date(8.64e15)));
  }
}
