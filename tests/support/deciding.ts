import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { approve, type Decided, knownDecision, reject, withdraw } from '../../src/decisions/decide.ts';
import {
  importPersonsFile,
  lockPersons,
  type PersonsImport,
  type RecordedPersons,
  recordPersons,
} from '../../src/decisions/import-persons.ts';
import type { KindContext } from '../../src/decisions/kind.ts';
import { parsePersons } from '../../src/decisions/person-file.ts';
import { type DecisionDeps, propose } from '../../src/decisions/propose.ts';
import { type ShownDecision, showDecision } from '../../src/decisions/show-decision.ts';
import { SettlementSystem, type SystemOptions } from './settlement-system.ts';

export const CATALOG = {
  developers: [
    { id: 'dev_1', name: 'One', type: 'individual', country: 'DE' },
    { id: 'dev_7', name: 'Seven Studio', type: 'company', country: 'CN' },
  ],
  apps: [
    { id: 'app_1', developer_id: 'dev_1', name: 'First', category: 'games' },
    { id: 'app_7_1', developer_id: 'dev_7', name: 'Lucky Seven', category: 'tools' },
  ],
  ad_units: [
    { id: 'unit_1', app_id: 'app_1', format: 'banner' },
    { id: 'unit_7_1', app_id: 'app_7_1', format: 'banner' },
  ],
};

export const PERSONS = [
  { id: 'li.wei', name: 'Li Wei', roles: ['finance'] },
  { id: 'wang.fang', name: 'Wang Fang', roles: ['approver'] },
  { id: 'zhao.min', name: 'Zhao Min', roles: ['approver', 'finance'] },
  { id: 'chen.jie', name: 'Chen Jie', roles: ['operator'] },
  { id: 'seven', name: 'Someone at Seven Studio', roles: ['developer'], book: 'dev_7' },
  { id: 'gone', name: 'Gone', roles: ['finance', 'approver'], disabled: true },
];

/** A settlement system whose persons propose and approve. */
export class Deciding {
  readonly system: SettlementSystem;
  #files = 0;

  static async open(options: SystemOptions = {}): Promise<Deciding> {
    const deciding = new Deciding(await SettlementSystem.open({ bucketCount: 4, ...options }));
    await deciding.system.importCatalog(CATALOG);
    await deciding.importPersons(PERSONS);
    return deciding;
  }

  constructor(system: SettlementSystem) {
    this.system = system;
  }

  get deps(): DecisionDeps {
    const { db, bucketCount, calendar } = this.system;
    return { db, bucketCount, calendar, now: () => this.system.now };
  }

  async importPersons(persons: readonly object[]): Promise<PersonsImport> {
    const text = JSON.stringify({ persons });
    return await importPersonsFile(this.deps, { text, source: 'persons.json' });
  }

  /** As an approved decision records them. */
  async recordPersons(persons: readonly object[]): Promise<RecordedPersons> {
    const file = parsePersons(JSON.stringify({ persons }), 'persons.json');
    return await this.system.db.transaction(async tx => {
      await lockPersons(tx);
      return await recordPersons(tx, file, this.system.now);
    });
  }

  /** Writes the file, with those beside it, and proposes it. */
  async propose(decision: object, actor = 'li.wei', beside: Readonly<Record<string, string>> = {}) {
    this.#files += 1;
    for (const [name, text] of Object.entries(beside)) await writeFile(path.join(this.system.folder, name), text);
    const source = path.join(this.system.folder, `decision-${this.#files}.json`);
    return await propose(this.deps, { file: { text: JSON.stringify(decision), source }, actor });
  }

  async approve(decisionId: string, actor = 'wang.fang', note: string | null = null): Promise<Decided> {
    return await approve(this.deps, { decisionId, actor, note });
  }

  async reject(decisionId: string, actor = 'wang.fang', note: string | null = null): Promise<Decided> {
    return await reject(this.deps, { decisionId, actor, note });
  }

  async withdraw(decisionId: string, actor = 'li.wei'): Promise<Decided> {
    return await withdraw(this.deps, { decisionId, actor, note: null });
  }

  async show(decisionId: string): Promise<ShownDecision> {
    const context: KindContext = { ...this.deps, at: this.system.now };
    const decision = await knownDecision(this.deps, decisionId);
    return await this.system.db.transaction(tx => showDecision(tx, decision, context));
  }

  async balance(owner: string, account: string): Promise<bigint> {
    const balances = await this.system.balances();
    return balances.find(each => each.developerId === owner && each.account === account)?.nanos ?? 0n;
  }
}

/** A decision to adjust, unless `changes` say otherwise: 12.50 CNY in favour of dev_7. */
export function adjustment(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    id: 'adjust-1',
    kind: 'adjust',
    parameters: { rows: [{ book: 'dev_7', currency: 'CNY', amount: '12.50', reason: 'a campaign was billed twice' }] },
    reason: 'campaign c_42 was billed twice',
    evidence: [{ text: 'ticket 4711' }],
    ...changes,
  };
}

export function rows(...amounts: readonly [string, string][]): Record<string, unknown> {
  return { rows: amounts.map(([book, amount]) => ({ book, currency: 'CNY', amount, reason: 'a test' })) };
}
