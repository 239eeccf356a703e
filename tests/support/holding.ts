import { expect } from 'vitest';
import { importPersonsFile } from '../../src/decisions/import-persons.ts';
import { formatDecimal, nanos } from '../../src/domain/nanos.ts';
import { Deciding, PERSONS } from './deciding.ts';
import { clickOf, fillProviderWorld, openProviderWorld } from './provider-world.ts';
import type { SettlementSystem } from './settlement-system.ts';

/** `dev_1`, who has half of what `app_1` and `app_2` earn, under review. */
export class Holding {
  readonly system: SettlementSystem;
  readonly deciding: Deciding;
  #decisions = 0;

  static async open(): Promise<Holding> {
    const holding = new Holding(await openProviderWorld());
    await holding.importPersons();
    return holding;
  }

  private constructor(system: SettlementSystem) {
    this.system = system;
    this.deciding = new Deciding(system);
  }

  async importPersons(): Promise<void> {
    const persons = PERSONS.filter(person => !('book' in person));
    await importPersonsFile(this.deciding.deps, { text: JSON.stringify({ persons }), source: 'persons.json' });
  }

  /** Everything from the beginning, in an emptied database. */
  async restart(now: string): Promise<void> {
    await this.system.reset(now);
    await fillProviderWorld(this.system);
    await this.importPersons();
  }

  /** Proposes it as li.wei; returns its id. */
  async propose(kind: string, parameters: object, id = `${kind}-${++this.#decisions}`): Promise<string> {
    const evidence = [{ text: 'ticket 4711' }];
    await this.deciding.propose({ id, kind, parameters, reason: 'a review', evidence });
    return id;
  }

  /** Proposed and approved; returns its id. */
  async decide(kind: string, parameters: object, id?: string): Promise<string> {
    const decisionId = await this.propose(kind, parameters, id);
    await this.deciding.approve(decisionId);
    return decisionId;
  }

  /** The app earns so much more on the day, and the day is settled: half of it is the developer's. */
  async earn(appId: string, day: string, gross: string): Promise<void> {
    await this.system.take([clickOf(appId, day, gross)]);
    await this.system.settle(day);
  }

  /** All that the app earned on the day so far turns out to be invalid. */
  async invalidate(id: string, appId: string, day: string): Promise<void> {
    await this.system.invalidate({ id, appId, slice: { from: day, to: day }, reason: 'click_farm' });
    await this.system.settle(day);
  }

  /** Of each (app, day) of the book what moved on the accounts, as `app_1 2018-04-11: payable 1.00, held 2.50`. */
  async standing(ownerId = 'dev_1'): Promise<string[]> {
    const lines = (await this.#balances(ownerId)).map(({ key, ...balances }) => {
      const told = Object.entries(balances).filter(([, balance]) => balance !== 0n);
      return `${key}: ${told.map(([account, balance]) => `${account} ${formatDecimal(nanos(balance), 2)}`).join(', ') || 'nothing'}`;
    });
    return lines.sort();
  }

  /** The same in nanos, as `app_1 2018-04-11: payable held forfeited`, where any of them is not zero. */
  async standingNanos(ownerId = 'dev_1'): Promise<string[]> {
    const all = (await this.#balances(ownerId)).filter(
      ({ payable, held, forfeited }) => payable !== 0n || held !== 0n || forfeited !== 0n,
    );
    return all.map(({ key, payable, held, forfeited }) => `${key}: ${payable} ${held} ${forfeited}`).sort();
  }

  /** By (app, day), what refers to neither left out. */
  async #balances(ownerId: string) {
    const transfers = (await this.system.transfers()).filter(
      each => each.developerId === ownerId && each.businessDay !== null,
    );
    return [...Map.groupBy(transfers, each => `${each.appId} ${each.businessDay}`)].map(([key, ofDay]) => {
      const balance = (account: string) =>
        ofDay.reduce((sum, { debit, credit, amountNanos }) => {
          if (credit === account) return sum + amountNanos;
          return debit === account ? sum - amountNanos : sum;
        }, 0n);
      return { key, payable: balance('payable'), held: balance('held'), forfeited: balance('forfeited') };
    });
  }

  async expectSound(): Promise<void> {
    expect((await this.system.verify()).differences).toEqual([]);
    expect((await this.system.trialBalance()).balanced).toBe(true);
  }
}
