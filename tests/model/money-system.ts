import { expect } from 'vitest';
import { closeScheduled, scheduledClosings } from '../../src/closing/scheduled-closing.ts';
import { isRefusal } from '../../src/domain/errors.ts';
import { nanos } from '../../src/domain/nanos.ts';
import { drawUpPayouts } from '../../src/payouts/draw-up.ts';
import { importAnswers } from '../../src/payouts/import-answers.ts';
import { recordInvoice } from '../../src/payouts/invoices.ts';
import { sendBatch } from '../../src/payouts/send-batch.ts';
import { unmatchedAnswers } from '../../src/payouts/unmatched.ts';
import { issueStatements, unissuedPeriods } from '../../src/statements/issue-statements.ts';
import { Deciding, PERSONS } from '../support/deciding.ts';
import { recordPayees, recordPayoutTerms, recordRates } from '../support/payout-terms.ts';
import { SettlementSystem } from '../support/settlement-system.ts';
import type { Deed } from './money-deeds.ts';
import { dayOf, units } from './money-figures.ts';
import { BUCKETS, CLOSED_AFTER_DAYS } from './money-model.ts';
import {
  BEGIN,
  CATALOG,
  FIRST_RATES,
  FUND,
  PAYEES,
  PAYOUT_TERMS,
  PLANS,
  PROVIDER,
  PROVIDERS_APP,
  SET_UP_AT,
} from './money-world.ts';

const ACTOR = 'li.wei';

/** The program, doing deeds. */
export class MoneySystem {
  readonly system: SettlementSystem;
  readonly deciding: Deciding;
  /** Files of payouts as they were made, by batch and name. */
  readonly #files = new Map<string, Buffer>();

  static async open(): Promise<MoneySystem> {
    return new MoneySystem(await SettlementSystem.open({ bucketCount: BUCKETS, now: SET_UP_AT }));
  }

  private constructor(system: SettlementSystem) {
    this.system = system;
    this.deciding = new Deciding(system);
  }

  /** From the beginning, in an emptied database. */
  async restart(): Promise<void> {
    const { system } = this;
    this.#files.clear();
    await system.reset(SET_UP_AT);
    await system.importCatalog(CATALOG);
    await system.importPlans(...PLANS);
    // Its default ratio, and that it has the app.
    await system.confirmTerms(PROVIDER.id, null);
    await system.confirmTerms(PROVIDER.id, PROVIDERS_APP);
    await recordPayoutTerms(system, PAYOUT_TERMS);
    await recordPayees(system, ...PAYEES);
    const day = dayOf(Date.parse(SET_UP_AT));
    const rates = Object.entries(FIRST_RATES).map(([pair, rate]) => `${pair.replace(' ', ',')},${day},${rate},a bank`);
    await recordRates(system, ...rates);
    await this.deciding.importPersons(PERSONS.filter(person => !('book' in person)));
    const { id: fund, currency, budget, points } = FUND;
    const rule = { points, categories: ['games'] };
    await this.#decide('fund', 'fund', { fund, currency, budget, start: '2018-04-01', end: '2018-12-31', rule });
    system.now = new Date(BEGIN);
  }

  /** Null, the code of the refusal, or what is told. */
  async take(deed: Deed): Promise<string | null> {
    this.system.now = new Date(deed.at);
    try {
      return await this.#do(deed);
    } catch (error) {
      if (isRefusal(error)) return error.code;
      throw error;
    }
  }

  async #do(deed: Deed): Promise<string | null> {
    const { system, deciding } = this;
    const { deps } = deciding;
    switch (deed.kind) {
      case 'earn':
        await system.ingest([lineOf(deed)], { name: `${deed.id}.ndjson` });
        if (deed.until !== 'accepted') await system.processAll();
        if (deed.until === 'settled') await system.settle(deed.day);
        return null;
      case 'process':
        await system.processAll();
        return null;
      case 'settle-due':
        await system.processAll();
        await system.settleDue();
        return null;
      case 'close-due':
        return await this.#closeDue();
      case 'settle':
        await system.settle(deed.day);
        return null;
      case 'invalidate': {
        const { id, app: appId, click } = deed;
        await system.invalidate({ id, appId, events: `click ${click}`, reason: 'refund' });
        return null;
      }
      case 'reinstate':
        await system.reinstate(deed.id);
        return null;
      case 'adjust': {
        const { book, currency, amount, day } = deed;
        await this.#decide(deed.id, 'adjust', {
          rows: [{ book, currency, amount, business_date: day, reason: 'a fee' }],
        });
        return null;
      }
      case 'hold':
        await this.#decide(deed.id, 'hold', { book: deed.book, from: deed.from });
        return null;
      case 'release':
      case 'forfeit':
        await this.#decide(deed.id, deed.kind, { hold: deed.hold });
        return null;
      case 'propose-closing':
        await this.#propose(deed.id, 'close_period', { period: deed.period });
        return null;
      case 'approve-closing':
        await deciding.approve(deed.id);
        return null;
      case 'draw-up': {
        const { carried } = await drawUpPayouts(deps, { actor: ACTOR });
        return carried
          .map(({ reason, currency, books, amountNanos }) => `${reason} ${currency}: ${books} ${amountNanos}`)
          .sort()
          .join(', ');
      }
      case 'approve-batch':
        await this.#decide(deed.id, 'payouts', { batch: deed.batch });
        return null;
      case 'cancel':
        await this.#decide(deed.id, 'cancel_payout', { payout: await this.#referenceOf(deed.payout) });
        return null;
      case 'send': {
        const { batch, name } = deed;
        const { file, content, fresh } = await sendBatch(deps, {
          batchId: batch,
          name,
          existingSha256: null,
          actor: ACTOR,
        });
        const before = this.#files.get(`${batch} ${name}`);
        if (before !== undefined) expect([fresh, content.equals(before)], `${name} of ${batch}`).toEqual([false, true]);
        this.#files.set(`${batch} ${name}`, content);
        return `sent ${fresh ? file.payouts : 0}`;
      }
      case 'answer':
        return await this.#answer(deed);
      case 'invoice': {
        const { payout, number, nanos: amount } = deed;
        const reference = await this.#referenceOf(payout);
        await recordInvoice(deps, { reference, number, amountNanos: nanos(amount), actor: ACTOR });
        return null;
      }
      case 'remit':
        await this.#decide(deed.id, 'remit_tax', { currency: deed.currency, through: deed.through });
        return null;
      case 'payee':
        await recordPayees(system, deed.entry);
        return null;
      case 'rate':
        await recordRates(system, `${deed.pair.replace(' ', ',')},${deed.day},${deed.rate},a bank`);
        return null;
      case 'issue':
        for (const period of await unissuedPeriods(system.db, BUCKETS)) await issueStatements(deps, { period });
        return null;
      case 'nothing':
        return null;
    }
  }

  /** As the schedule does it, under a standing order that is decided when it is first needed. */
  async #closeDue(): Promise<string> {
    const { system, deciding } = this;
    const { deps } = deciding;
    await this.#decide('standing-order', 'closing_schedule', { after_days: CLOSED_AFTER_DAYS });
    const cut = system.now;
    await system.processAll();
    await system.settleDue();
    const due = await scheduledClosings(system.db, { ...deps, at: cut });
    for (const each of due) await closeScheduled(deps, { ...each, cut });
    return `closed ${due.map(each => each.period).join(', ')}`;
  }

  async #propose(id: string, kind: string, parameters: object): Promise<void> {
    const evidence = [{ text: 'ticket 4711' }];
    await this.deciding.propose({ id, kind, parameters, reason: 'a review', evidence });
  }

  async #decide(id: string, kind: string, parameters: object): Promise<void> {
    await this.#propose(id, kind, parameters);
    await this.deciding.approve(id);
  }

  async #answer(deed: Extract<Deed, { kind: 'answer' }>): Promise<string> {
    const { payout, status, nanos: amount, currency, bankReference, reason } = deed;
    const reference = payout === null ? '201804H1-CNY-0000000000000000' : await this.#referenceOf(payout);
    const bookedOn = '2018-04-30';
    const row = [reference, status, shortest(amount), currency, bankReference, bookedOn, reason ?? ''].join(',');
    const text = `reference,status,amount,currency,bank_reference,booked_on,reason\n${row}\n`;
    const file = { text, source: 'answers.csv', name: 'answers.csv' };
    const { paid, returned, repeated, unmatched } = await importAnswers(this.deciding.deps, { file, actor: ACTOR });
    expect(paid + returned + repeated + unmatched.length).toBe(1);
    return unmatched[0]?.why ?? (repeated === 1 ? 'repeats' : 'moves');
  }

  async #referenceOf(key: string): Promise<string> {
    const [owner, currency, period] = key.split(' ');
    const { rows } = await this.system.db.query<{ reference: string }>(
      'select reference from payouts where owner_id = $1 and currency = $2 and period = $3',
      [owner, currency, period],
    );
    return rows[0]?.reference ?? `none of ${key}`;
  }

  async openAnswers(): Promise<number> {
    return (await unmatchedAnswers(this.system.db, { limit: 1000 })).items.length;
  }
}

/** A click after midnight of its day. */
function lineOf({ id, app, currency, day, price }: Extract<Deed, { kind: 'earn' }>): string {
  const event = { id, type: 'click', occurred_at: `${day}T00:30:00+08:00`, app_id: app, ad_unit_id: `${app}_unit` };
  return JSON.stringify({ ...event, currency, price });
}

function shortest(amount: bigint): string {
  return units(amount).replace(/\.?0+$/, '');
}
