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
  statements: { full: 1_000, quick: 100, help: 'statements of each kind read in each run' },
};

/** The last day of a month and, from the next one on, the month: a statement of the first month is the same in both ledgers. */
const FIRST_DAY = parseBusinessDay('2018-03-31');
const SETTLED_AT_ONCE = 10;
const TRIAL_BALANCES = 20;
/** Statements read before the first that counts. */
const WARMING = 50;
/** Any constant will do: the same developers are asked for each time. */
const STRIDE = 7_919;

/** What a statement is to cover. */
interface Wanted {
  readonly label: string;
  readonly days: number;
}

/** The month of the first day. */
const DAY: Wanted = { label: '2018-03', days: 1 };

/** Milliseconds: of each run the median and the 99th percentile. */
export interface Latencies {
  readonly p50: readonly number[];
  readonly p99: readonly number[];
}

/** The same statements, all read once and then all read again. What is read for the first time may lie on the disk only; read again, it is in memory. */
export interface Readings {
  readonly first: Latencies;
  readonly again: Latencies;
}

export interface StatementTimes {
  /** A statement of one day, from a ledger with nothing but that day, and from the one with all days. */
  readonly oneDayAlone: Readings;
  readonly oneDayAmongAll: Readings;
  /** A month's statement, from the ledger with all days. */
  readonly month: Readings;
  readonly trialBalanceMs: readonly number[];
}

/** A ledger in a home of its own: every developer has one app, and is settled as in real life. */
class StatementLedger {
  readonly #home: BenchHome;
  readonly #bench: Bench;
  readonly #database: Database;

  private constructor(bench: Bench, home: BenchHome) {
    this.#bench = bench;
    this.#home = home;
    this.#database = home.database(1);
  }

  /** From the first day on. */
  static async settled(bench: Bench, days: number): Promise<StatementLedger> {
    const home = await BenchHome.open(bench);
    const folder = path.join(home.folder, 'sample');
    await mkdir(folder);
    const plans = path.join(folder, 'plans.json');
    await writeFile(plans, JSON.stringify({ plans: [BOOKS_PLAN] }));
    bench.progress('importing the catalog');
    await prepareAsUser(home, { catalogs: await writePlainCatalogs(folder, bench.size('developers')), plans });
    await startUp(home);
    const ledger = new StatementLedger(bench, home);
    await ledger.#settle(0, 0);
    for (let from = 1; from < days; from += SETTLED_AT_ONCE) {
      await ledger.#settle(from, Math.min(from + SETTLED_AT_ONCE, days) - 1);
    }
    await ledger.#rest();
    return ledger;
  }

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

  /** Milliseconds of each statement of so many days, from the `from`-th developer on in an order that is spread over the ledger. */
  async read({ label, days }: Wanted, from: number, count: number): Promise<number[]> {
    const period = parsePeriod(label);
    const developers = this.#bench.size('developers');
    const times: number[] = [];
    for (let place = from; place < from + count; place += 1) {
      const startedAt = performance.now();
      const statement = await this.#database.snapshot(tx =>
        statementOf(tx, { developerId: `d${1 + ((place * STRIDE) % developers)}`, period, bucketCount: BUCKETS }),
      );
      times.push(performance.now() - startedAt);
      checkStatement(statement, days);
    }
    return times;
  }

  async readTrialBalances(): Promise<number[]> {
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

class StatementStage {
  readonly #bench: Bench;
  readonly #oneDay: StatementLedger;
  readonly #allDays: StatementLedger;
  #times: Promise<StatementTimes> | null = null;

  private constructor(bench: Bench, ledgers: { readonly oneDay: StatementLedger; readonly allDays: StatementLedger }) {
    this.#bench = bench;
    this.#oneDay = ledgers.oneDay;
    this.#allDays = ledgers.allDays;
  }

  static async open(bench: Bench): Promise<StatementStage> {
    const oneDay = await StatementLedger.settled(bench, 1);
    const allDays = await StatementLedger.settled(bench, 1 + bench.size('days'));
    return new StatementStage(bench, { oneDay, allDays });
  }

  /** Measured once, for all figures. */
  async times(): Promise<StatementTimes> {
    this.#times ??= this.#measure();
    return await this.#times;
  }

  async #measure(): Promise<StatementTimes> {
    const month = { label: '2018-04', days: this.#bench.size('days') };
    const contenders = [
      new Contender(this.#oneDay, DAY),
      new Contender(this.#allDays, DAY),
      new Contender(this.#allDays, month),
    ] as const;
    for (const contender of contenders) await contender.warm();
    for (let run = 1; run <= this.#bench.runs; run += 1) {
      this.#bench.progress(`reading statements: run ${run} of ${this.#bench.runs}`);
      for (const contender of contenders) await contender.run(this.#bench.size('statements'));
    }
    const [oneDayAlone, oneDayAmongAll, wholeMonth] = contenders;
    return {
      oneDayAlone: oneDayAlone.readings(),
      oneDayAmongAll: oneDayAmongAll.readings(),
      month: wholeMonth.readings(),
      trialBalanceMs: await this.#allDays.readTrialBalances(),
    };
  }

  async close(): Promise<void> {
    await this.#oneDay.close();
    await this.#allDays.close();
  }
}

/** Statements of one kind from one ledger; each run reads those of other developers. */
class Contender {
  readonly #ledger: StatementLedger;
  readonly #wanted: Wanted;
  readonly #first: number[][] = [];
  readonly #again: number[][] = [];
  #from = 0;

  constructor(ledger: StatementLedger, wanted: Wanted) {
    this.#ledger = ledger;
    this.#wanted = wanted;
  }

  async warm(): Promise<void> {
    await this.#ledger.read(this.#wanted, this.#from, WARMING);
    this.#from += WARMING;
  }

  async run(count: number): Promise<void> {
    this.#first.push(await this.#ledger.read(this.#wanted, this.#from, count));
    this.#again.push(await this.#ledger.read(this.#wanted, this.#from, count));
    this.#from += count;
  }

  readings(): Readings {
    return { first: latenciesOf(this.#first), again: latenciesOf(this.#again) };
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
