import { randomUUIDv7 } from 'node:crypto';
import type pg from 'pg';
import { bucketOf } from '../../src/domain/bucket.ts';
import { parseBusinessDay } from '../../src/domain/business-day.ts';
import type { OwnerId } from '../../src/domain/ids.ts';
import { parseAmount } from '../../src/domain/nanos.ts';
import { postTransfers } from '../../src/ledger/posting.ts';
import { type DrawUp, drawUpPayouts, type PayoutDeps } from '../../src/payouts/draw-up.ts';
import { importAnswers } from '../../src/payouts/import-answers.ts';
import { recordInvoice } from '../../src/payouts/invoices.ts';
import { sendBatch } from '../../src/payouts/send-batch.ts';
import { type StandingPayout, standingPayouts } from '../../src/payouts/stored-payouts.ts';
import { type Verification, verify } from '../../src/verification/verify.ts';
import { CATALOG, Deciding, PERSONS } from './deciding.ts';
import { currencyEntry, recordPayees, recordPayoutTerms, withholdingEntry } from './payout-terms.ts';
import { SettlementSystem } from './settlement-system.ts';

/** An amount owed to a book for a day, or by it. */
export interface Owed {
  readonly book: string;
  readonly amount: string;
  readonly currency?: string;
  readonly on?: string;
}

const OPENED = '2018-04-16T09:00:00+08:00';

export const ANSWER_HEAD = 'reference,status,amount,currency,bank_reference,booked_on,reason';

/** A settlement system with persons, payout terms and payees, whose books are filled by adjustments. */
export class Paying {
  readonly system: SettlementSystem;
  readonly deciding: Deciding;
  readonly #developers: readonly object[];
  #decisions = 0;

  private constructor(system: SettlementSystem, developers: readonly object[]) {
    this.system = system;
    this.#developers = developers;
    this.deciding = new Deciding(system);
  }

  /** Individuals of Germany pay no tax, those of China 20 %; dev_7 is a Chinese company, dev_1 a German individual. */
  static async open({ bucketCount = 4, developers = [] as readonly object[] } = {}): Promise<Paying> {
    const paying = new Paying(await SettlementSystem.open({ bucketCount, now: OPENED }), developers);
    await paying.#setUp();
    return paying;
  }

  /** As `open`, in an emptied database. */
  async restart(): Promise<void> {
    await this.system.reset(OPENED);
    await this.#setUp();
  }

  async #setUp(): Promise<void> {
    const { system, deciding } = this;
    await system.importCatalog({ ...CATALOG, developers: [...CATALOG.developers, ...this.#developers] });
    await deciding.importPersons(PERSONS);
    await recordPayoutTerms(system, {
      currencies: [currencyEntry()],
      withholding: [withholdingEntry(), withholdingEntry({ id: 'de-none', country: 'DE', tiers: [{ rate: '0' }] })],
    });
    await recordPayees(system, { id: 'dev_1', destination: 'vault:1' }, { id: 'dev_7', destination: 'vault:7' });
  }

  get deps(): PayoutDeps {
    return this.deciding.deps;
  }

  async drop(): Promise<void> {
    await this.system.drop();
  }

  /** By an adjustment; in the period of the day, the 10th of April unless given. */
  async owe(...owed: readonly Owed[]): Promise<string> {
    const rows = owed.map(({ book, amount, currency = 'CNY', on = '2018-04-10' }) => ({
      ...{ book, amount, currency, business_date: on, reason: 'owed' },
    }));
    return await this.decide('adjust', { rows });
  }

  /** Proposed by li.wei and approved by wang.fang. Returns the decision's id. */
  async decide(kind: string, parameters: object): Promise<string> {
    const id = await this.propose(kind, parameters);
    await this.deciding.approve(id);
    return id;
  }

  async propose(kind: string, parameters: object, actor = 'li.wei'): Promise<string> {
    this.#decisions += 1;
    const id = `${kind}-${this.#decisions}`;
    await this.deciding.propose({ id, kind, parameters, reason: 'a test', evidence: [{ text: 'a test' }] }, actor);
    return id;
  }

  /** Closes the period, its cut being now. */
  async close(period: string): Promise<void> {
    await this.decide('close_period', { period });
  }

  async drawUp(): Promise<DrawUp> {
    return await drawUpPayouts(this.deps, { actor: 'li.wei' });
  }

  /** Owes the amounts, closes the half-month and draws up. Returns the batch. */
  async drawn(...owed: readonly Owed[]): Promise<string> {
    await this.owe(...owed);
    await this.close('2018-04-H1');
    const { batches } = await this.drawUp();
    return batches[0]?.batchId ?? '';
  }

  async approve(batch: string): Promise<string> {
    return await this.decide('payouts', { batch });
  }

  async send(batchId: string, name = 'first.csv') {
    return await sendBatch(this.deps, { batchId, name, existingSha256: null, actor: 'li.wei' });
  }

  async invoice(reference: string, amount: string, number = `invoice of ${reference}`) {
    return await recordInvoice(this.deps, { reference, number, amountNanos: parseAmount(amount), actor: 'li.wei' });
  }

  /** Rows as `reference,status,amount,currency,bank_reference,booked_on,reason`. */
  async answers(...rows: readonly string[]) {
    return await this.answersFile([ANSWER_HEAD, ...rows, ''].join('\n'));
  }

  async answersFile(text: string) {
    const file = { text, source: 'answers.csv', name: 'answers.csv' };
    return await importAnswers(this.deps, { file, actor: 'li.wei' });
  }

  /** Puts money on `held`, as a run does for what a book under review earns. */
  async hold(book: string, amount: string): Promise<void> {
    const { db, bucketCount, now } = this.system;
    const bucket = bucketOf(book, bucketCount);
    const day = parseBusinessDay('2018-04-10');
    const fixed = { version: null, linkId: null, providerId: null, fundId: null, payoutId: null, correctsId: null };
    const of = { bucket, developerId: book as OwnerId, appId: null, businessDay: day, ledgerDay: day, currency: 'CNY' };
    const booked = {
      ...fixed,
      ...of,
      runId: randomUUIDv7(),
      decisionId: null,
      amountNanos: parseAmount(amount),
      bookedAt: now,
    };
    await db.transaction(tx =>
      postTransfers(tx, { bucket, runId: booked.runId }, [
        { ...booked, id: randomUUIDv7(), debit: 'adjustment', credit: 'payable', reason: 'adjustment' },
        { ...booked, id: randomUUIDv7(), debit: 'payable', credit: 'held', reason: 'hold' },
      ]),
    );
  }

  async payouts(): Promise<StandingPayout[]> {
    const buckets = Array.from({ length: this.system.bucketCount }, (_, bucket) => bucket);
    const all = await Promise.all(buckets.map(bucket => standingPayouts(this.system.db, { bucket })));
    return all.flat().sort((a, b) => (a.reference < b.reference ? -1 : 1));
  }

  async payoutOf(book: string): Promise<StandingPayout> {
    const [payout] = (await this.payouts()).filter(each => each.ownerId === book);
    if (payout === undefined) throw new Error(`${book} has no payout`);
    return payout;
  }

  /** Every account of a book that isn't zero, as `account currency` to units. */
  async book(owner: string): Promise<Record<string, number>> {
    const balances = (await this.system.balances()).filter(each => each.developerId === owner && each.nanos !== 0n);
    return Object.fromEntries(balances.map(each => [`${each.account} ${each.currency}`, Number(each.nanos) / 1e9]));
  }

  /** `verify` inside a transaction of the client's. */
  async verifyWith(client: pg.Client): Promise<Verification> {
    const { bucketCount, calendar } = this.system;
    const db = {
      snapshot: async <Result>(work: (tx: pg.PoolClient) => Promise<Result>) => await work(client as never),
    };
    return await verify(db, { bucketCount, calendar });
  }

  /** What `verify` tells. */
  async differences(): Promise<readonly object[]> {
    return (await this.system.verify()).differences;
  }
}
