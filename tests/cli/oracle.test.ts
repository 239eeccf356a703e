import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bucketOf } from '../../src/domain/bucket.ts';
import type { CatalogFile } from '../model/catalog.ts';
import { history, type Step } from '../model/histories.ts';
import type { InvalidationFile } from '../model/invalidations.ts';
import { PureModel } from '../model/pure-model.ts';
import { readIpinyouLine } from '../model/read-ipinyou.ts';
import { booksFrom, modelText, type StoredTransfer } from '../model/stored-ledger.ts';
import { EARLY, FIRST_CATALOG, FIRST_PLANS } from '../model/world.ts';
import { CliFolder } from '../support/cli.ts';
import { PERSONS } from '../support/deciding.ts';
import { runs, SEED } from '../support/runs.ts';
import { nanosOf } from '../support/settlement-system.ts';

const BUCKETS = 4;
/** Single events go with one person, slices, plans and providers with two. */
const NO_LIMIT = ['CNY', 'USD', 'JPY', 'EUR', 'KWD'].map(currency => `${currency}:1000000000000`).join();
const HOUR_MS = 3_600_000;
const LIMIT_MS = 240_000;

const IPINYOU = fileURLToPath(new URL('../../../shared/data/ipinyou', import.meta.url));
const LOGS = ['imp.20131021.txt', 'clk.20131021.txt'].map(name => path.join(IPINYOU, name));

interface ListedTransfer {
  readonly id: string;
  readonly developer_id: string;
  readonly app_id: string;
  readonly business_date: string;
  readonly period: string;
  readonly debit: string;
  readonly credit: string;
  readonly amount: { readonly amount: string; readonly currency: string };
  readonly reason: string;
  readonly version: number;
  readonly provider_id: string | null;
  readonly link: string | null;
  readonly corrects: string | null;
}

let cli: CliFolder;
beforeEach(() => {
  cli = new CliFolder({ APPORTION_BUCKETS: String(BUCKETS) });
});
afterEach(async () => await cli.close());

interface Refused {
  readonly error?: {
    readonly code: string;
    readonly details: { readonly decision: { readonly kind: string; readonly parameters: object } };
  };
}

/** The oracle and a home of the program's own, to which the same is done by commands. */
class OracleAndCommands {
  readonly oracle = new PureModel({ timeZone: 'Asia/Shanghai', bucketOf: id => bucketOf(id, BUCKETS) });
  now = new Date(EARLY);
  #files = 0;

  async importPersons(): Promise<void> {
    const persons = PERSONS.filter(person => !('book' in person));
    expect(await this.#isRefused('persons', 'import', this.#write({ persons }))).toBe(false);
  }

  /** By two persons. @returns whether either was refused */
  async #isNotDecided(kind: string, parameters: object, id = `${kind}-${this.#files}`): Promise<boolean> {
    const file = this.#write({ id, kind, parameters, reason: 'a test', evidence: [{ text: 'a test' }] });
    if (await this.#isRefused('decisions', 'propose', file, '--actor', 'li.wei')) return true;
    return await this.#isRefused('decisions', 'approve', id, '--actor', 'wang.fang');
  }

  /** By one person, after two have decided what one may not import alone. @returns whether the catalog was refused */
  async #isNotImported(catalog: object): Promise<boolean> {
    const file = this.#write(catalog);
    for (;;) {
      const { data, exitCode } = await cli.json<Refused>(['catalog', 'import', file], this.#at());
      if (data.error?.code !== 'needs_decision') return exitCode === 1;
      const { kind, parameters } = data.error.details.decision;
      expect(await this.#isNotDecided(kind, parameters)).toBe(false);
    }
  }

  /** @returns whether the command was refused */
  async #isRefused(...args: string[]): Promise<boolean> {
    const { exitCode, stderr } = await cli.run(args, this.#at());
    expect([0, 1], `${args.join(' ')}: ${stderr}`).toContain(exitCode);
    return exitCode === 1;
  }

  #at() {
    return { env: { APPORTION_CLOCK: this.now.toISOString(), APPORTION_SOLE_LIMIT: NO_LIMIT } };
  }

  #write(content: object | string): string {
    this.#files += 1;
    return cli.write(`${this.#files}.txt`, typeof content === 'string' ? content : JSON.stringify(content));
  }

  async take(step: Step): Promise<void> {
    const { oracle, now } = this;
    switch (step.kind) {
      case 'ingest':
        return await this.ingest(step.lines, step.asOf ?? now.toISOString());
      case 'import-catalog': {
        const { providers = [], ...others } = step.catalog;
        if (Object.keys(others).length > 0) {
          expect(await this.#isNotImported(others)).toBe(!oracle.importCatalog(others, now));
        }
        if (providers.length === 0) return;
        const isRefused = await this.#isNotDecided('provider_ratio', { file: this.#write({ providers }) });
        return expect(isRefused).toBe(!oracle.importCatalog({ providers }, now));
      }
      case 'import-plans': {
        const { plans } = step;
        if (plans.length === 0) return;
        const isRefused = await this.#isNotDecided('plan', { file: this.#write({ plans }) });
        return expect(isRefused).toBe(!oracle.importPlans(plans));
      }
      case 'accept-plan': {
        const { planId, developerId } = step;
        const isRefused = await this.#isRefused('plans', 'accept', planId, '--developer', developerId, '--actor', 'x');
        return expect(isRefused).toBe(oracle.acceptPlan(planId, developerId, now) !== null);
      }
      case 'confirm-terms': {
        const { providerId, appId } = step;
        const what = appId === null ? ['--default'] : ['--app', appId];
        const isRefused = await this.#isRefused('providers', 'confirm', providerId, ...what, '--actor', 'x');
        return expect(isRefused).toBe(oracle.confirmTerms(providerId, appId, now) !== null);
      }
      case 'import-traffic': {
        const { policies, networks } = step;
        const lists = networks === null ? {} : { data_centres: { file: this.#write(networks) } };
        const parameters = { file: this.#write({ traffic_policies: policies }), ...lists };
        const isRefused = await this.#isNotDecided('traffic_policy', parameters);
        return expect(isRefused).toBe(!oracle.importTraffic(policies, networks));
      }
      case 'invalidate': {
        const { id, appId, reason, slice, events = '' } = step.asked;
        const isRefused =
          slice === undefined
            ? await this.#isRefused(
                ...['invalidate', '--app', appId, '--events', this.#write(events), '--reason', reason],
                ...['--actor', 'li.wei', '--id', id],
              )
            : await this.#isNotDecided('invalidate', { app: appId, code: reason, slice: fieldsOf(slice) }, id);
        return expect(isRefused).toBe(oracle.invalidate(step.asked) !== null);
      }
      case 'reinstate': {
        const alone = ['reinstate', step.id, '--reason', 'appeal', '--actor', 'li.wei'];
        const { data, exitCode } = await cli.json<{ error?: { code: string } }>(alone, this.#at());
        const isRefused =
          data.error?.code === 'needs_decision'
            ? await this.#isNotDecided('reinstate', { invalidation: step.id, ground: 'appeal' })
            : exitCode === 1;
        return expect(isRefused).toBe(oracle.reinstate(step.id) !== null);
      }
      case 'settle':
        await this.#isRefused('settle', '--date', step.day);
        oracle.settle(step.day, { now });
        return;
      case 'settle-due':
        await this.#isRefused('settle', '--due');
        return oracle.settleDue(now);
      case 'wait':
        this.now = new Date(now.getTime() + step.hours * HOUR_MS);
        return;
      case 'wait-until':
        this.now = new Date(Math.max(now.getTime(), Date.parse(step.instant)));
    }
  }

  async ingest(lines: readonly string[], asOf: string): Promise<void> {
    await this.#isRefused('ingest', this.#write(lines.map(line => `${line}\n`).join('')), '--as-of', asOf);
    this.oracle.accept(lines, new Date(asOf));
    this.oracle.process();
  }

  async ingestLogs(files: readonly string[], asOf: string): Promise<void> {
    await this.#isRefused('ingest', ...files, '--format', 'ipinyou', '--as-of', asOf);
    for (const file of files) {
      this.oracle.accept(readFileSync(file, 'utf8').split('\n'), new Date(asOf), readIpinyouLine);
    }
    this.oracle.process();
  }

  /** To the nano, and by the program's own check. */
  async compare(): Promise<void> {
    const { data } = await cli.json<{ items: ListedTransfer[]; next: string | null }>(
      ['ledger', 'transfers'],
      this.#at(),
    );
    expect(data.next).toBeNull();
    const books = booksFrom(data.items.map(storedTransfer));
    expect(books.transfers).toEqual(this.oracle.transfers.map(modelText).sort());
    expect(books.broken).toEqual([]);
    const verified = await cli.json<{ differences: number }>(['verify'], this.#at());
    expect(verified).toMatchObject({ exitCode: 0, data: { differences: 0 } });
  }
}

function fieldsOf({ adUnitId: ad_unit, ...slice }: NonNullable<InvalidationFile['slice']>): object {
  const { eventType: type, ...days } = slice;
  return { ...days, ad_unit, type };
}

function storedTransfer({ id, amount, ...row }: ListedTransfer): StoredTransfer {
  const { developer_id: owner, app_id: appId, business_date: businessDay, provider_id: providerId } = row;
  return {
    ...row,
    id,
    owner,
    appId,
    businessDay,
    providerId,
    currency: amount.currency,
    nanos: String(nanosOf(amount.amount)),
  };
}

test.each(Array.from({ length: runs(2) }, (_, index) => SEED + index))(
  "what commands make of the history of seed %i is the oracle's ledger, to the nano",
  { timeout: LIMIT_MS },
  async seed => {
    const both = new OracleAndCommands();
    await cli.app();
    await both.importPersons();
    const [steps = []] = fc.sample(history, { seed, numRuns: 1 });
    await both.take({ kind: 'import-catalog', catalog: FIRST_CATALOG });
    await both.take({ kind: 'import-plans', plans: FIRST_PLANS });
    for (const step of steps) await both.take(step);
    await both.take({ kind: 'settle-due' });
    expect(both.oracle.transfers.length).toBeGreaterThan(0);
    await both.compare();
  },
);

if (!LOGS.every(log => existsSync(log))) {
  test.skip(`a real log: ${IPINYOU} is not here`, () => {});
} else {
  test("what commands make of a real log is the oracle's ledger, to the nano", { timeout: LIMIT_MS }, async () => {
    const both = new OracleAndCommands();
    both.now = new Date('2013-10-22T00:00:00+08:00');
    await cli.app();
    await both.importPersons();
    const derived = await cli.run(['catalog', 'derive', '--format', 'ipinyou', ...LOGS]);
    const catalog: CatalogFile = JSON.parse(derived.stdout);
    const [appId = ''] = (catalog.apps ?? []).map(app => app.id);
    await both.take({ kind: 'import-catalog', catalog });
    const terms = { currency: 'CNY', effective_from: '2013-01-01', effective_to: null, basis: 'app_month' } as const;
    const tiers = [{ up_to: '0.0123', share: '0.50' }, { up_to: '0.05', share: '0.412345' }, { share: '0.333333' }];
    await both.take({
      kind: 'import-plans',
      plans: [{ id: 'p', scope: { default: true }, ...terms, mode: 'marginal', tiers }],
    });
    const checks = { implausible_rate: { max_impressions: 1, max_clicks: 1 } };
    await both.take({ kind: 'import-traffic', policies: [{ effective_from: '2013-01-01', checks }], networks: null });
    await both.ingestLogs(LOGS, '2013-10-22T00:00:00+08:00');
    await both.take({ kind: 'settle-due' });
    await both.compare();
    const slice = { from: '2013-10-21', to: '2013-10-21' };
    await both.take({ kind: 'invalidate', asked: { id: 'i', appId, slice, reason: 'refund' } });
    await both.take({ kind: 'settle-due' });
    expect(both.oracle.transfers.some(({ version }) => version > 1)).toBe(true);
    expect(both.oracle.deductions(new Set()).some(row => row.includes('implausible_rate'))).toBe(true);
    await both.compare();
  });
}
