import { expect } from 'vitest';
import { importPersonsFile } from '../../src/decisions/import-persons.ts';
import { formatDecimal, nanos } from '../../src/domain/nanos.ts';
import { Deciding, PERSONS } from './deciding.ts';
import { clickOf, openProviderWorld } from './provider-world.ts';
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

  /** Of each (app, day) of the book what moved on the accounts, as `app_1 2018-04-11: payable 1.00, held 2.50`; nothing where that is nothing. */
  async standing(ownerId = 'dev_1'): Promise<string[]> {
    const sums = new Map<string, Map<string, bigint>>();
    for (const { developerId, appId, businessDay, debit, credit, amountNanos } of await this.system.transfers()) {
      if (developerId !== ownerId) continue;
      const key = `${appId} ${businessDay}`;
      const accounts = sums.get(key) ?? new Map<string, bigint>();
      accounts.set(debit, (accounts.get(debit) ?? 0n) - amountNanos);
      accounts.set(credit, (accounts.get(credit) ?? 0n) + amountNanos);
      sums.set(key, accounts);
    }
    const lines = [...sums].map(([key, accounts]) => {
      const told = ['payable', 'held', 'forfeited'].flatMap(account => {
        const balance = accounts.get(account) ?? 0n;
        return balance === 0n ? [] : [`${account} ${formatDecimal(nanos(balance), 2)}`];
      });
      return `${key}: ${told.join(', ') || 'nothing'}`;
    });
    return lines.sort();
  }

  async expectSound(): Promise<void> {
    expect((await this.system.verify()).differences).toEqual([]);
    expect((await this.system.trialBalance()).balanced).toBe(true);
  }
}
