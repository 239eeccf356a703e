import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { addDays, parseBusinessDay } from '../src/domain/business-day.ts';
import { writeSampleDay } from '../src/events/write-sample-day.ts';
import { type Bench, Stage } from './bench.ts';
import { BOOKS_PLAN, BUCKETS } from './books-plan.ts';
import { BenchHome } from './home.ts';
import { loadEarnings, markLoadedDue } from './load-earnings.ts';
import { watchPeakMemory } from './peak-memory.ts';
import { type ProcessorTime, processorTimeSince, readProcessorTime } from './processor-time.ts';
import { type CopiedTransfers, LedgerLimitReference } from './reference-ledger-limit.ts';
import { type Payment, SqlLedgerReference } from './reference-sql-ledger.ts';
import { prepareAsUser, type SettledDay, settleAsUser, startUp } from './run-as-user.ts';

const SIZES = {
  'settle-apps': { full: 1_000_000, quick: 10_000, help: 'apps of a day that is settled' },
  'few-apps': { full: 10_000, quick: 1_000, help: 'apps of the small day beside it' },
  'sql-transfers': { full: 20_000, quick: 2_000, help: 'transfers of each run of the SQL ledger' },
};

/** The figures that are compared with the references; without them they are not run. */
const COMPARED = 'settlement';
/** Days of two months, so that both sizes begin with partitions of their own. */
const FIRST_DAY = parseBusinessDay('2018-05-01');
const FIRST_SMALL_DAY = parseBusinessDay('2018-07-01');

/** A day settled for the first time. */
export interface SettledRun {
  readonly apps: number;
  readonly transfers: number;
  /** Of the command, from its start to its end. */
  readonly seconds: number;
  /** From the moment at which the run was requested to the end of its last bucket, as the run's own record has it. */
  readonly runSeconds: number;
  readonly processorTime: ProcessorTime;
  readonly peakBytes: ReadonlyMap<string, number>;
}

export interface SettlementRun {
  readonly large: SettledRun;
  readonly small: SettledRun;
  /** Seconds of the same command again, and once more after every developer's day has been marked as due. */
  readonly againSeconds: number;
  readonly dueAgainSeconds: number;
  readonly ledgerLimit: CopiedTransfers | null;
  readonly sqlLedgerPerSecond: number | null;
}

class BookStage {
  readonly home: BenchHome;
  readonly #bench: Bench;
  #ledgerLimit: LedgerLimitReference | null = null;
  #sqlLedger: SqlLedgerReference | null = null;
  #runs: Promise<SettlementRun[]> | null = null;

  private constructor(bench: Bench, home: BenchHome) {
    this.#bench = bench;
    this.home = home;
  }

  static async open(bench: Bench): Promise<BookStage> {
    const home = await BenchHome.open(bench);
    const { files } = await writeSampleDay({
      apps: bench.size('settle-apps'),
      events: 1,
      day: FIRST_DAY,
      timeZone: 'Asia/Shanghai',
      seed: 'bench',
      outDir: path.join(home.folder, 'sample'),
    });
    await writeFile(files.plans, JSON.stringify({ plans: [BOOKS_PLAN] }));
    bench.progress('importing the catalog');
    await prepareAsUser(home, { catalogs: [files.catalog], plans: files.plans });
    await startUp(home);
    return new BookStage(bench, home);
  }

  /** Measured once, for all figures. */
  async runs(): Promise<SettlementRun[]> {
    this.#runs ??= this.#runAll();
    return await this.#runs;
  }

  async #runAll(): Promise<SettlementRun[]> {
    const runs: SettlementRun[] = [];
    for (let run = 0; run < this.#bench.runs; run += 1) {
      this.#bench.progress(`run ${run + 1} of ${this.#bench.runs}: a day, the same again, a small day, references`);
      runs.push(await this.#run(run));
    }
    return runs;
  }

  async #run(run: number): Promise<SettlementRun> {
    const day = addDays(FIRST_DAY, run);
    const [large, { run_id }] = await this.#settleNew(day, this.#bench.size('settle-apps'));
    const compared = await this.#compare(run_id);
    const [small] = await this.#settleNew(addDays(FIRST_SMALL_DAY, run), this.#bench.size('few-apps'));
    const again = await this.#settleAgain(day);
    await markLoadedDue(this.home.owner, { from: day, to: day });
    const dueAgain = await this.#settleAgain(day);
    return { large, small, againSeconds: again, dueAgainSeconds: dueAgain, ...compared };
  }

  async #settleNew(day: string, apps: number): Promise<[SettledRun, SettledDay]> {
    const { home } = this;
    const loaded = await loadEarnings(home.owner, { bucketCount: BUCKETS, from: day, to: day, apps });
    await home.checkpoint();
    const memory = watchPeakMemory();
    const before = readProcessorTime(home.pids);
    const { seconds, data } = await settleAsUser(home, { from: day });
    const peakBytes = memory.stop();
    await home.checkpoint();
    const processorTime = processorTimeSince(before, home.pids);
    const [settled] = data.items;
    if (settled?.apps !== loaded.apps || settled.transfers !== 2 * loaded.apps) {
      throw new Error(`${day}: ${JSON.stringify(settled)} for ${loaded.apps} apps`);
    }
    const runSeconds = await this.#runSeconds(settled.run_id);
    return [
      { apps: settled.apps, transfers: settled.transfers, seconds, runSeconds, processorTime, peakBytes },
      settled,
    ];
  }

  async #settleAgain(day: string): Promise<number> {
    await this.home.checkpoint();
    const { seconds, data } = await settleAsUser(this.home, { from: day });
    if (data.items.some(item => item.transfers > 0)) throw new Error(`${day}: a second run posted something`);
    return seconds;
  }

  async #compare(runId: string): Promise<Pick<SettlementRun, 'ledgerLimit' | 'sqlLedgerPerSecond'>> {
    if (!this.#bench.selected(COMPARED)) return { ledgerLimit: null, sqlLedgerPerSecond: null };
    const { home } = this;
    this.#ledgerLimit ??= await LedgerLimitReference.open(home);
    const ledgerLimit = await this.#ledgerLimit.run(runId);
    const { pgledger } = this.#bench;
    if (pgledger === null) return { ledgerLimit, sqlLedgerPerSecond: null };
    this.#sqlLedger ??= await SqlLedgerReference.open(home.references, pgledger);
    const { rows } = await home.owner.query<Payment>(
      `select developer_id as "developerId", (amount_nanos / 1e9)::text as amount
       from transfers
       where run_id = $1 and credit = 'payable'
       limit $2`,
      [runId, this.#bench.size('sql-transfers')],
    );
    return { ledgerLimit, sqlLedgerPerSecond: rows.length / (await this.#sqlLedger.run(rows)) };
  }

  async #runSeconds(runId: string): Promise<number> {
    const { rows } = await this.home.owner.query<{ seconds: number }>(
      `select extract(epoch from max(done.finished_at) - run.requested_at)::float8 as seconds
       from settlement_runs as run
       join settlement_run_buckets as done on done.run_id = run.run_id
       where run.run_id = $1
       group by run.requested_at`,
      [runId],
    );
    return rows[0]?.seconds ?? Number.NaN;
  }

  async close(): Promise<void> {
    await this.home.close();
  }
}

export const bookStage = new Stage('books', SIZES, bench => BookStage.open(bench));
