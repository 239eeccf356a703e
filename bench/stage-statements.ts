import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from '../src/db/database.ts';
import { addDays, parseBusinessDay } from '../src/domain/business-day.ts';
import { parsePeriod } from '../src/domain/period.ts';
import { trialBalance } from '../src/ledger/trial-balance.ts';
import { statementOf } from '../src/statements/statement.ts';
import type { DeveloperStatement } from '../src/statements/statement-form.ts';
import { type Bench, Stage } from './bench.ts';
import { BOOKS_PLAN, BUCKETS } from './books-plan.ts';
import { BenchHome } from './home.ts';
import { loadEarnings } from './load-earnings.ts';
import { writePlainCatalogs } from './plain-catalog.ts';
import { quantile } from './row.ts';
import { prepareAsUser, settleAsUser, startUp } from './run-as-user.ts';

const SIZES = {
  developers: { full: 200_000, quick: 1_000, help: 'developers in the ledger, with one app each' },
  days: { full: 30, quick: 5, help: 'days of the month in the ledger, 2 to 30' },
  statements: { full: 1_000, quick: 100, help: 'statements read in each round' },
};

/** The last day of a month and, from the next one on, the month: a statement of the first month stays the same while the ledger grows. */
const FIRST_DAY = parseBusinessDay('2018-03-31');
const SETTLED_AT_ONCE = 10;
const TRIAL_BALANCES = 20;
/** Statements read before the first that counts. */
const WARMING = 50;
/** Any constant will do: the same developers are asked for each time. */
const STRIDE = 7_919;

/** Milliseconds: of each round the median and the 99th percentile. */
export interface Latencies {
  readonly p50: readonly number[];
  readonly p99: readonly number[];
}

/**
 * The same statements, all read once and then all read again. What is read for the first time may lie on the disk only: a day's rows
 * that were written a minute ago do not, those that were written an hour ago may. Read again, they are in memory both times.
 */
export interface Readings {
  readonly first: Latencies;
  readonly again: Latencies;
}

export interface StatementTimes {
  /** A statement of one day, with nothing but that day in the ledger, and with all days. */
  readonly oneDayAlone: Readings;
  readonly oneDayAmongAll: Readings;
  /** A month's statement, with all days in the ledger. */
  readonly month: Readings;
  readonly trialBalanceMs: readonly number[];
}

class StatementStage {
  readonly #home: BenchHome;
  readonly #bench: Bench;
  readonly #database: Database;
  #times: Promise<StatementTimes> | null = null;

  private constructor(bench: Bench, home: BenchHome) {
    this.#bench = bench;
    this.#home = home;
    this.#database = home.database(1);
  }

  static async open(bench: Bench): Promise<StatementStage> {
    const home = await BenchHome.open(bench);
    const folder = path.join(home.folder, 'sample');
    await mkdir(folder);
    const plans = path.join(folder, 'plans.json');
    await writeFile(plans, JSON.stringify({ plans: [BOOKS_PLAN] }));
    bench.progress('importing the catalog');
    await prepareAsUser(home, { catalogs: await writePlainCatalogs(folder, bench.size('developers')), plans });
    await startUp(home);
    return new StatementStage(bench, home);
  }

  /** Measured once, for all figures. */
  async times(): Promise<StatementTimes> {
    this.#times ??= this.#measure();
    return await this.#times;
  }

  async #measure(): Promise<StatementTimes> {
    const days = this.#bench.size('days');
    await this.#settle(0, 0);
    await this.#rest();
    const oneDayAlone = await this.#read('2018-03', 1);
    for (let from = 1; from <= days; from += SETTLED_AT_ONCE) {
      await this.#settle(from, Math.min(from + SETTLED_AT_ONCE - 1, days));
    }
    await this.#rest();
    return {
      oneDayAlone,
      oneDayAmongAll: await this.#read('2018-03', 1),
      month: await this.#read('2018-04', days),
      trialBalanceMs: await this.#readTrialBalances(),
    };
  }

  /** Through settlement itself, so that whatever a statement reads is there as in real life. */
  async #settle(firstPlace: number, lastPlace: number): Promise<void> {
    const from = addDays(FIRST_DAY, firstPlace);
    const to = addDays(FIRST_DAY, lastPlace);
    this.#bench.progress(`loading the ledger: ${from} to ${to}`);
    await loadEarnings(this.#home.owner, { bucketCount: BUCKETS, from, to, apps: this.#bench.size('developers') });
    const { data } = await settleAsUser(this.#home, { from, to });
    const apps = data.items.reduce((sum, item) => sum + item.apps, 0);
    const wanted = this.#bench.size('developers') * (lastPlace - firstPlace + 1);
    if (apps !== wanted) throw new Error(`settled ${apps} of ${wanted} apps`);
  }

  /** As autovacuum leaves the tables soon after a night's settlement. */
  async #rest(): Promise<void> {
    this.#bench.progress('vacuum and checkpoint');
    await this.#home.owner.query('vacuum (analyze) transfers, earnings');
    await this.#home.owner.query('checkpoint');
  }

  async #read(label: string, days: number): Promise<Readings> {
    this.#bench.progress(`reading statements of ${label}`);
    const period = parsePeriod(label);
    const developers = this.#bench.size('developers');
    const readOne = async (place: number) => {
      const startedAt = performance.now();
      const statement = await this.#database.snapshot(tx =>
        statementOf(tx, { developerId: `d${1 + ((place * STRIDE) % developers)}`, period, bucketCount: BUCKETS }),
      );
      const milliseconds = performance.now() - startedAt;
      checkStatement(statement, days);
      return milliseconds;
    };
    let from = 0;
    const readSome = async (count: number) => {
      const times: number[] = [];
      while (times.length < count) times.push(await readOne(from + times.length));
      return times;
    };
    await readSome(WARMING);
    from += WARMING;
    const first: number[][] = [];
    const again: number[][] = [];
    for (let round = 0; round < this.#bench.runs; round += 1) {
      const count = this.#bench.size('statements');
      first.push(await readSome(count));
      again.push(await readSome(count));
      from += count;
    }
    return { first: latenciesOf(first), again: latenciesOf(again) };
  }

  async #readTrialBalances(): Promise<number[]> {
    const times: number[] = [];
    for (let round = 0; round < TRIAL_BALANCES; round += 1) {
      const startedAt = performance.now();
      const { balanced, items } = await trialBalance(this.#database);
      times.push(performance.now() - startedAt);
      if (!balanced || items.length !== 3)
        throw new Error('the trial balance is not that of three accounts in balance');
    }
    return times;
  }

  async close(): Promise<void> {
    await this.#home.close();
  }
}

function latenciesOf(rounds: readonly (readonly number[])[]): Latencies {
  return { p50: rounds.map(times => quantile(times, 0.5)), p99: rounds.map(times => quantile(times, 0.99)) };
}

function checkStatement({ status, developer, items }: DeveloperStatement, days: number): void {
  if (status === 'settled' && items.length === 1 && items[0]?.days.length === days) return;
  throw new Error(
    `${developer.id}: a statement that is ${status}, with ${items[0]?.days.length} days instead of ${days}`,
  );
}

export const statementStage = new Stage('statements', SIZES, bench => StatementStage.open(bench));
