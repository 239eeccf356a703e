import { onTestFinished } from 'vitest';
import { listPeriods, type PeriodRow } from '../../src/closing/list-periods.ts';
import { closeScheduled, scheduledClosings } from '../../src/closing/scheduled-closing.ts';
import type { Period } from '../../src/domain/period.ts';
import { type PeriodSeal, periodSeal } from '../../src/ledger/period-closings.ts';
import { Deciding } from './deciding.ts';
import type { SystemOptions } from './settlement-system.ts';

const APPS = ['app_1', 'app_7_1'];
let events = 0;

/** A click that earns `price`, at noon of the day. */
export function click(day: string, price: string, app = 'app_7_1', changes: Record<string, unknown> = {}): string {
  events += 1;
  return JSON.stringify({
    ...{ id: `c${events}`, type: 'click', occurred_at: `${day}T12:00:00+08:00`, currency: 'CNY', price },
    ...{ app_id: app, ad_unit_id: app.replace('app', 'unit'), ...changes },
  });
}

/** A settlement system in which half of the gross is the developer's, and whose periods are closed. */
export class Closing extends Deciding {
  #decisions = 0;

  /** Dropped after the test. */
  static async forTest(options: SystemOptions = {}): Promise<Closing> {
    const closing = await Closing.open(options);
    onTestFinished(async () => await closing.system.drop());
    return closing;
  }

  /** It is 2018-05-20, unless told otherwise. */
  static override async open(options: SystemOptions = {}): Promise<Closing> {
    const { system } = await Deciding.open({ now: '2018-05-20T12:00:00+08:00', ...options });
    await system.importPlans({
      ...{ id: 'half', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
      ...{ basis: 'app_day', mode: 'marginal', tiers: [{ share: '0.50' }] },
    });
    return new Closing(system);
  }

  at(now: string): void {
    this.system.now = new Date(now);
  }

  /** One second later. */
  tick(): void {
    this.system.now = new Date(this.system.now.getTime() + 1000);
  }

  /** Ingests a click of 10.00 of each app for each of the days, and settles all that is due. */
  async earn(...days: readonly string[]): Promise<void> {
    await this.system.take(days.flatMap(day => APPS.map(app => click(day, '10.00', app))));
    await this.system.settleDue();
  }

  /** A proposal and its approval. */
  async decide(kind: string, parameters: object): Promise<string> {
    const id = await this.proposeKind(kind, parameters);
    await this.approve(id);
    return id;
  }

  async proposeKind(kind: string, parameters: object): Promise<string> {
    this.#decisions += 1;
    const id = `${kind}-${this.#decisions}`;
    await this.propose({ id, kind, parameters, reason: 'a test', evidence: [{ text: 'agreed' }] });
    return id;
  }

  async proposeClosing(period: string): Promise<string> {
    return await this.proposeKind('close_period', { period });
  }

  async close(period: string): Promise<PeriodSeal> {
    await this.approve(await this.proposeClosing(period));
    const seal = await this.seal(period);
    if (seal === null) throw new Error(`${period} is not closed`);
    return seal;
  }

  async seal(period: string): Promise<PeriodSeal | null> {
    return await periodSeal(this.system.db, period as Period);
  }

  /** Closes what the standing order wants closed by now. */
  async closeScheduled(): Promise<PeriodSeal[]> {
    const { now: at, db } = this.system;
    const seals: PeriodSeal[] = [];
    for (const scheduled of await scheduledClosings(db, { ...this.deps, at })) {
      seals.push(await closeScheduled(this.deps, { ...scheduled, cut: at }));
    }
    return seals;
  }

  async list(): Promise<PeriodRow[]> {
    const context = { ...this.deps, at: this.system.now };
    return (await this.system.db.snapshot(tx => listPeriods(tx, context))).items;
  }

  /** Transfers of a period as texts without ids and instants. */
  async ledgerOf(period: string): Promise<string[]> {
    return (await this.system.transfers())
      .filter(transfer => transfer.period === period)
      .map(({ businessDay, appId, debit, credit, amountNanos, version }) =>
        [businessDay, appId, `${debit} > ${credit}`, amountNanos, `v${version}`].join(' '),
      )
      .sort();
  }
}
