import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { addDays, type BusinessDay } from '../src/domain/business-day.ts';
import { type PeriodRange, parsePeriod } from '../src/domain/period.ts';
import { type Bench, Stage } from './bench.ts';
import { BOOKS_PLAN, BUCKETS } from './books-plan.ts';
import { BenchHome } from './home.ts';
import { loadEarnings } from './load-earnings.ts';
import { writePlainCatalogs } from './plain-catalog.ts';
import { type Copied, copyRowsRead, copyRowsWritten, together } from './reference-copy.ts';
import { apportion, prepareAsUser, settleAsUser, startUp } from './run-as-user.ts';

const SIZES = {
  'month-developers': { full: 100_000, quick: 300, help: 'developers of a month that is closed, with one app each' },
  'month-days': { full: 15, quick: 2, help: 'days of each half of the month on which they earn, 1 to 15' },
};

const FIRST_MONTH = 4;
const SETTLED_AT_ONCE = 5;
const FINANCE = 'li.wei';
const APPROVER = 'wang.fang';

const PERSONS = [
  { id: FINANCE, name: 'Li Wei', roles: ['finance'] },
  { id: APPROVER, name: 'Wang Fang', roles: ['approver'] },
];
const TERMS = {
  currencies: [{ currency: 'CNY', threshold: '10.00', net_days: 10, effective_from: '2018-01-01', effective_to: null }],
};

/** Seconds of each step over both halves, from the start of the first command to the end of the last. */
export interface MonthRun {
  readonly closing: number;
  readonly payouts: number;
  readonly statements: number;
  /** COPY of what closing and payouts read and write, and of what statements do. */
  readonly copyOfBooks: Copied;
  readonly copyOfStatements: Copied;
}

class MonthStage {
  readonly #home: BenchHome;
  readonly #bench: Bench;
  readonly #folder: string;
  #runs: Promise<MonthRun[]> | null = null;

  private constructor(bench: Bench, home: BenchHome, folder: string) {
    this.#bench = bench;
    this.#home = home;
    this.#folder = folder;
  }

  static async open(bench: Bench): Promise<MonthStage> {
    const home = await BenchHome.open(bench);
    const folder = path.join(home.folder, 'sample');
    await mkdir(folder);
    const stage = new MonthStage(bench, home, folder);
    const developers = bench.size('month-developers');
    bench.progress('importing the catalog and the payees');
    const plans = await stage.#file('plans', { plans: [BOOKS_PLAN] });
    await prepareAsUser(home, { catalogs: await writePlainCatalogs(folder, developers), plans });
    await apportion(home, ['persons', 'import', await stage.#file('persons', { persons: PERSONS })]);
    const payees = Array.from({ length: developers }, (_, n) => ({ id: `d${n + 1}`, destination: `vault:${n + 1}` }));
    for (const [what, file] of [
      ['terms', TERMS],
      ['payees', { payees }],
    ] as const) {
      await apportion(home, ['payouts', what, 'import', await stage.#file(what, file), '--actor', FINANCE]);
    }
    await startUp(home);
    return stage;
  }

  /** Measured once, for all figures: each run a month of its own, one after the other. */
  async runs(): Promise<MonthRun[]> {
    this.#runs ??= this.#runAll();
    return await this.#runs;
  }

  async #runAll(): Promise<MonthRun[]> {
    const runs: MonthRun[] = [];
    for (let run = 0; run < this.#bench.runs; run += 1) {
      const month = parsePeriod(`2018-${String(FIRST_MONTH + run).padStart(2, '0')}`);
      const halves = month.halves.map(half => parsePeriod(half));
      for (const { firstDay } of halves) await this.#earn(firstDay);
      await this.#home.owner.query('vacuum analyze');
      await this.#home.checkpoint();
      this.#bench.progress(`run ${run + 1} of ${this.#bench.runs}: closing ${month.label}, payouts, statements`);
      runs.push(await this.#endOf(halves));
    }
    return runs;
  }

  async #earn(firstDay: BusinessDay): Promise<void> {
    const apps = this.#bench.size('month-developers');
    const days = this.#bench.size('month-days');
    for (let from = 0; from < days; from += SETTLED_AT_ONCE) {
      const range = {
        from: addDays(firstDay, from),
        to: addDays(firstDay, Math.min(from + SETTLED_AT_ONCE, days) - 1),
      };
      this.#bench.progress(`loading the ledger: ${range.from} to ${range.to}`);
      await loadEarnings(this.#home.owner, { bucketCount: BUCKETS, ...range, apps });
      await settleAsUser(this.#home, range);
    }
  }

  async #endOf(halves: readonly PeriodRange[]): Promise<MonthRun> {
    const seconds = { closing: 0, payouts: 0, statements: 0 };
    for (const { label } of halves) {
      seconds.closing += await this.#decide('close_period', { period: label });
      const drawUp = await apportion<{ readonly items: readonly { readonly id: string; readonly payouts: number }[] }>(
        this.#home,
        ['payouts', 'draw-up', '--actor', FINANCE],
      );
      const [batch] = drawUp.data.items;
      if (batch === undefined || batch.payouts < 1) throw new Error(`${label}: nothing was drawn up`);
      seconds.payouts += drawUp.seconds + (await this.#propose(`payouts-${label}`, 'payouts', { batch: batch.id }));
      const out = path.join(this.#home.folder, `statements-${label}`);
      const issued = await apportion<{ readonly statements: number }>(this.#home, [
        ...['statements', 'issue', '--period', label, '--out', out],
      ]);
      seconds.statements += issued.seconds;
      if (issued.data.statements !== this.#bench.size('month-developers')) {
        throw new Error(`${label}: ${issued.data.statements} statements`);
      }
      await rm(out, { recursive: true });
    }
    const periods = `period in (${halves.map(half => `'${half.label}'`).join(', ')})`;
    return { ...seconds, ...(await this.#copies(periods, halves)) };
  }

  async #copies(
    periods: string,
    halves: readonly PeriodRange[],
  ): Promise<Pick<MonthRun, 'copyOfBooks' | 'copyOfStatements'>> {
    const [first, last] = [halves[0]?.firstDay, halves.at(-1)?.lastDay];
    const home = this.#home;
    const transfers = await copyRowsRead(home, { table: 'transfers', where: periods });
    const earnings = await copyRowsRead(home, {
      table: 'earnings',
      where: `business_date between '${first}' and '${last}'`,
    });
    const written = async (table: string) => await copyRowsWritten(home, { table, where: periods });
    return {
      copyOfBooks: together([transfers, earnings, await written('book_seals'), await written('payouts')]),
      copyOfStatements: together([transfers, earnings, await written('issued_statements')]),
    };
  }

  async #decide(kind: string, parameters: { readonly period: string }): Promise<number> {
    const id = `${kind}-${parameters.period}`;
    const proposed = await this.#propose(id, kind, parameters);
    const approved = await apportion(this.#home, ['decisions', 'approve', id, '--actor', APPROVER]);
    return proposed + approved.seconds;
  }

  async #propose(id: string, kind: string, parameters: object): Promise<number> {
    const decision = { id, kind, parameters, reason: 'month end', evidence: [{ text: 'agreed' }] };
    const file = await this.#file(id, decision);
    return (await apportion(this.#home, ['decisions', 'propose', file, '--actor', FINANCE])).seconds;
  }

  async #file(name: string, content: object): Promise<string> {
    const file = path.join(this.#folder, `${name}.json`);
    await writeFile(file, JSON.stringify(content));
    return file;
  }

  async close(): Promise<void> {
    await this.#home.close();
  }
}

export const monthStage = new Stage('month', SIZES, bench => MonthStage.open(bench));
