import { Deciding } from './deciding.ts';
import { nanosOf, SettlementSystem } from './settlement-system.ts';

/** Apps by developer: `app_a1` is the first of `dev_a`. In four buckets the developers lie in more than one. */
const APPS: Readonly<Record<string, string>> = { app_a1: 'games', app_a2: 'tools', app_b1: 'games', app_c1: 'games' };

export const CATEGORIES = ['books', 'games', 'health', 'jobs', 'news', 'shops', 'tools', 'travel', 'video'];

let lastId = 0;

/** A settlement system in which half of the gross is the developer's, and in which funds are decided. */
export class Funding extends Deciding {
  static override async open(): Promise<Funding> {
    const funding = new Funding(await SettlementSystem.open({ bucketCount: 4, now: '2018-09-01T12:00:00+08:00' }));
    const { system } = funding;
    const developers = [...new Set(Object.keys(APPS).map(developerOf))];
    await system.importCatalog({
      developers: developers.map(id => ({ id, name: id, type: 'company', country: 'CN' })),
      apps: Object.entries(APPS).map(([id, category]) => ({ id, developer_id: developerOf(id), name: id, category })),
      ad_units: Object.keys(APPS).map(id => ({ id: `${id}_unit`, app_id: id, format: 'banner' })),
    });
    await system.importPlans({
      ...{ id: 'half', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
      ...{ basis: 'app_day', mode: 'marginal', tiers: [{ share: '0.50' }] },
    });
    await funding.importPersons([
      { id: 'li.wei', name: 'Li Wei', roles: ['finance'] },
      { id: 'wang.fang', name: 'Wang Fang', roles: ['approver'] },
    ]);
    return funding;
  }

  /** Proposed and approved. */
  async decide(kind: string, parameters: object): Promise<string> {
    lastId += 1;
    const id = `${kind}-${lastId}`;
    await this.propose({ id, kind, parameters, reason: 'a test', evidence: [{ text: 'a test' }] });
    await this.approve(id);
    return id;
  }

  /** For games, 10 % of September's gross, unless `changes` say otherwise. */
  async createFund(fund: string, budget: string, changes: Record<string, unknown> = {}): Promise<void> {
    const days = { start: '2018-09-01', end: '2018-09-30' };
    const rule = { points: '0.10', categories: ['games'] };
    await this.decide('fund', { fund, currency: 'CNY', budget, ...days, rule, ...changes });
  }

  /** Clicks at noon that earn so much, by app; they are accepted and processed. */
  async earn(day: string, grosses: Readonly<Record<string, string>>): Promise<void> {
    this.at(day, 20);
    await this.system.take(Object.entries(grosses).map(([appId, price]) => click(appId, day, price)));
  }

  /** Earned and settled, in the night after the day. */
  async earnAndSettle(day: string, grosses: Readonly<Record<string, string>>): Promise<void> {
    await this.earn(day, grosses);
    await this.settleNight(day);
  }

  /** Never goes back. */
  async settleNight(day: string): Promise<void> {
    this.at(day, 27.5);
    await this.system.settle(day);
  }

  /** "Now", so many hours after the beginning of the day; it never goes back. */
  at(day: string, hours: number): void {
    const instant = new Date(Date.parse(`${day}T00:00:00+08:00`) + hours * 3_600_000);
    if (instant > this.system.now) this.system.now = instant;
  }

  /** What funds have awarded by their own books, as `day app fund: amount`; nothing for what was all taken back. */
  async awards(): Promise<string[]> {
    const { rows } = await this.system.db.query<{ row: string }>(
      `select format('%s %s %s: %s', to_char(business_date, 'MM-DD'), app_id, fund_id,
         trim_scale(sum(case when debit = 'fund_available' then amount_nanos else -amount_nanos end) / 1000000000)) as row
       from transfers
       where reason = 'award'
       group by business_date, app_id, fund_id
       having sum(case when debit = 'fund_available' then amount_nanos else -amount_nanos end) <> 0
       order by 1`,
    );
    return rows.map(({ row }) => row);
  }

  /** The balance of a fund's account in yuan. */
  async left(fund: string, account = 'fund_available'): Promise<string> {
    return yuan(await this.balance(fund, account));
  }

  /** What every book together has on `incentive`: zero, or a half of an award is missing. */
  async inTransit(): Promise<bigint> {
    const row = (await this.system.trialBalance()).items.find(item => item.account === 'incentive');
    return row === undefined ? 0n : nanosOf(row.balance.amount);
  }
}

export function yuan(amount: bigint): string {
  return String(Number(amount) / 1e9);
}

function developerOf(appId: string): string {
  return `dev_${appId.slice(4, 5)}`;
}

export function click(appId: string, on: string, price: string, id = `f${++lastId}`): string {
  const event = { id, type: 'click', occurred_at: `${on}T12:00:00+08:00`, app_id: appId };
  return JSON.stringify({ ...event, ad_unit_id: `${appId}_unit`, currency: 'CNY', price });
}
