import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatAmount, nanos, parseAmount } from '../../src/domain/nanos.ts';
import { listTransfers } from '../../src/ledger/list-transfers.ts';
import { trialBalance } from '../../src/ledger/trial-balance.ts';
import { explainTransfer } from '../../src/statements/explain-transfer.ts';
import { listRevenue, type RevenueDimension, type RevenueRow, streamRevenue } from '../../src/statements/revenue.ts';
import { rejectionOf } from '../support/refusals.ts';
import type { SettlementSystem } from '../support/settlement-system.ts';
import { openSmallInstallation } from '../support/small-installation.ts';

interface Explained {
  readonly values: Readonly<Record<RevenueDimension, string>>;
  readonly currency: string;
  readonly grossNanos: bigint;
  readonly platformNanos: bigint;
}

let system: SettlementSystem;
let explained: Explained[];
beforeAll(async () => {
  system = await openSmallInstallation();
  explained = await explainAll();
}, 60_000);
afterAll(async () => await system.drop());

/** Each transfer of ad revenue with the plan and the category that `explain` gives for what its run knew. */
async function explainAll(): Promise<Explained[]> {
  const { bucketCount, calendar } = system;
  return await system.db.snapshot(async tx => {
    const { items } = await listTransfers(tx, { bucketCount, account: 'ad_revenue' });
    const all: Explained[] = [];
    for (const { id, business_date, debit, credit, amount } of items) {
      const { day } = await explainTransfer(tx, { transferId: id, bucketCount, calendar });
      const plan = day?.item.worth?.plan ?? expect.fail('a run posts by a plan');
      const movedNanos = parseAmount(amount.amount) * (debit === 'ad_revenue' ? 1n : -1n);
      const isPlatforms = [debit, credit].includes('platform_share');
      all.push({
        values: {
          day: business_date ?? '',
          category: day?.category ?? '',
          plan: `${plan.id} ${plan.reference_version}`,
        },
        currency: amount.currency,
        grossNanos: movedNanos,
        platformNanos: isPlatforms ? movedNanos : 0n,
      });
    }
    return all;
  });
}

function expectedRows(by: readonly RevenueDimension[]) {
  const groups = Map.groupBy(explained, each => JSON.stringify([...by.map(name => each.values[name]), each.currency]));
  const compare = (a: readonly string[], b: readonly string[]) => {
    const place = a.findIndex((part, index) => part !== b[index]);
    return (a[place] ?? '') < (b[place] ?? '') ? -1 : 1;
  };
  return [...groups]
    .map(([key, group]) => [JSON.parse(key) as string[], group] as const)
    .sort(([a], [b]) => compare(a, b))
    .map(([key, group]) => {
      const sum = (part: (each: Explained) => bigint) =>
        formatAmount(nanos(group.reduce((total, each) => total + part(each), 0n)), key.at(-1) as string);
      return [...key.slice(0, -1), sum(each => each.grossNanos), sum(each => each.platformNanos), key.at(-1)].join(' ');
    });
}

function told(row: RevenueRow): string {
  const { business_date, category, plan_id, plan_version, gross, platform_share } = row;
  const plan = plan_id === undefined ? undefined : `${plan_id} ${plan_version}`;
  const keys = [business_date, category, plan].filter(key => key !== undefined);
  return [...keys, gross.amount, platform_share.amount, gross.currency].join(' ');
}

const read = async (by: readonly RevenueDimension[], filters: object = {}) =>
  await system.db.snapshot(
    async tx => await Array.fromAsync(streamRevenue(tx, { bucketCount: system.bucketCount, by, ...filters })),
  );

describe("the platform's revenue", () => {
  test.each<[RevenueDimension[]]>([
    [['day']],
    [['category']],
    [['plan']],
    [['category', 'plan']],
    [['day', 'category']],
    [['day', 'category', 'plan']],
  ])('by %s is what explain says of each transfer', async by => {
    const rows = await read(by);
    expect(rows.map(told)).toEqual(expectedRows(by));
    for (const limit of [1, 2, rows.length]) {
      const paged: RevenueRow[] = [];
      let after: string | undefined;
      do {
        const page = await system.db.snapshot(tx => listRevenue(tx, { bucketCount: 4, by, limit, after }));
        paged.push(...page.items);
        after = page.next ?? undefined;
      } while (after !== undefined && paged.length <= rows.length);
      expect(paged).toEqual(rows);
    }
  });

  test('knows apps of more than one category and plans of more than one version', async () => {
    expect(new Set(explained.map(each => each.values.category)).size).toBeGreaterThan(2);
    const versions = Map.groupBy(new Set(explained.map(each => each.values.plan)), plan => plan.split(' ')[0]);
    expect([...versions.values()].some(some => some.length > 1)).toBe(true);
  });

  test('and what was kept of forfeited money add up to the account', async () => {
    const { items } = await trialBalance(system.db, { currency: 'CNY' });
    const account = items.find(item => item.account === 'platform_share')?.balance.amount ?? '';
    const rows = await read(['day'], { currency: 'CNY' });
    const sum = rows.reduce((total, row) => total + parseAmount(row.revenue.amount), 0n);
    expect(sum).toBe(parseAmount(account));
  });

  test('is told of some days and as of an earlier instant', async () => {
    const some = await read(['day', 'plan'], { from: '2018-04-14', to: '2018-04-14' });
    expect(some.map(told)).toEqual(expectedRows(['day', 'plan']).filter(row => row.startsWith('2018-04-14')));
    const instant = new Date('2018-04-15T13:00:00+08:00');
    for (const by of [['day'], ['plan']] satisfies RevenueDimension[][]) {
      const then = await read(by, { bookedBy: instant });
      const { items } = await trialBalance(system.db, { bookedBy: instant });
      const account = items.find(item => item.account === 'platform_share')?.balance.amount ?? '';
      expect(then.reduce((total, row) => total + parseAmount(row.revenue.amount), 0n)).toBe(parseAmount(account));
      expect(then.length).toBeLessThanOrEqual((await read(by)).length);
    }
  });

  test.each([
    ['bad_limit', { limit: 0 }],
    ['bad_cursor', { after: 'bm90IGEgY3Vyc29y' }],
  ])('is refused with %s', async (code, at) => {
    const list = system.db.snapshot(tx => listRevenue(tx, { bucketCount: 4, by: ['day'], ...at }));
    expect(await rejectionOf(list)).toMatchObject({ code });
  });
});
