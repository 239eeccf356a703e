import { afterAll, beforeAll, expect, test } from 'vitest';
import { bucketOf } from '../../src/domain/bucket.ts';
import { parsePeriod } from '../../src/domain/period.ts';
import { listTransfers } from '../../src/ledger/list-transfers.ts';
import { renderStatement } from '../../src/statements/render-statement.ts';
import { statementOf } from '../../src/statements/statement.ts';
import { adjustment, CATALOG, Deciding } from '../support/deciding.ts';
import { planEntry } from '../support/reference-files.ts';

const cny = (amount: string) => ({ amount, currency: 'CNY' });

let deciding: Deciding;

/** dev_7 earns 50.00 on 2018-05-31, and is then adjusted: on that day, without a day, and written off. */
beforeAll(async () => {
  deciding = await Deciding.open();
  const { system } = deciding;
  const provider = { id: 'prov_1', name: 'Agency', type: 'company', country: 'CN', ratios: [], apps: [] };
  await system.importCatalog({ ...CATALOG, providers: [provider] });
  await system.importPlans(planEntry());
  const event = {
    id: 'e1',
    type: 'click',
    occurred_at: '2018-05-31T10:00:00+08:00',
    app_id: 'app_7_1',
    ad_unit_id: 'unit_7_1',
    currency: 'CNY',
    price: '100.00',
  };
  await system.take([JSON.stringify(event)]);
  await system.settleDue();
  const row = { book: 'dev_7', currency: 'CNY' };
  await deciding.propose(
    adjustment({
      parameters: {
        rows: [
          { ...row, amount: '-80', reason: 'without a day' },
          { ...row, amount: '5.00', reason: 'of that day', app: 'app_7_1', business_date: '2018-05-31' },
          { book: 'prov_1', currency: 'CNY', amount: '7.00', reason: "the provider's" },
          { ...row, amount: '1.00', reason: 'without a day again' },
        ],
      },
    }),
  );
  await deciding.approve('adjust-1');
  const off = { book: 'dev_7', currency: 'CNY', amount: '10.00', reason: 'forgiven' };
  await deciding.propose(adjustment({ id: 'off-1', kind: 'write_off', parameters: off }));
  await deciding.approve('off-1');
});
afterAll(async () => await deciding.system.drop());

const statement = async (period: string) =>
  await deciding.system.db.snapshot(tx =>
    statementOf(tx, { developerId: 'dev_7', period: parsePeriod(period), bucketCount: deciding.system.bucketCount }),
  );

test('a transfer names the decision that caused it, and neither run nor version', async () => {
  const { items } = await deciding.system.db.snapshot(tx =>
    listTransfers(tx, { bucketCount: deciding.system.bucketCount, developerId: 'dev_7', reason: 'adjustment' }),
  );
  expect(items).toHaveLength(3);
  for (const item of items) expect(item).toMatchObject({ decision_id: 'adjust-1', run_id: null, version: null });
  expect(items.map(({ business_date, period }) => `${business_date} ${period}`).toSorted()).toEqual([
    '2018-05-31 2018-05-H2',
    'null 2018-06-H1',
    'null 2018-06-H1',
  ]);
});

test('a statement has what was decided as a section of its own, with the reasons, and closes where the next one opens', async () => {
  const [may] = (await statement('2018-05-H2')).items;
  expect(may?.adjustments.map(({ why, change }) => `${why}: ${change.amount}`)).toEqual(['of that day: 5.00']);
  expect(may).toMatchObject({
    opening_balance: cny('0.00'),
    totals: { developer_share: cny('50.00'), gross: cny('100.00') },
    adjustments_total: cny('5.00'),
    closing_balance: cny('55.00'),
  });
  const june = await statement('2018-06-H1');
  expect(june.items[0]?.adjustments).toMatchObject([
    { why: 'without a day', change: cny('-80.00'), app_id: null, decision_id: 'adjust-1', reason: 'adjustment' },
    { why: 'without a day again', change: cny('1.00') },
    { why: 'forgiven', change: cny('10.00'), decision_id: 'off-1', reason: 'write_off' },
  ]);
  expect(june.items[0]).toMatchObject({
    opening_balance: cny('55.00'),
    adjustments_total: cny('-69.00'),
    closing_balance: cny('-14.00'),
  });
  const text = renderStatement(june);
  expect(text).toContain('  2018-06-01  -80.00  without a day\n              decision adjust-1\n');
  expect(text).toContain('  2018-06-01  +10.00  written off: forgiven\n              decision off-1\n');
  expect(text).toMatch(/^Adjustments +-69\.00$/m);
  expect(renderStatement(await statement('2018-05-H2'))).toContain('for app_7_1 on 2018-05-31, decision adjust-1');
});

test("a provider's statement has it too", async () => {
  const { items } = await deciding.system.db.snapshot(tx =>
    statementOf(tx, {
      providerId: 'prov_1',
      period: parsePeriod('2018-06'),
      bucketCount: deciding.system.bucketCount,
    }),
  );
  expect(items).toMatchObject([
    { adjustments: [{ why: "the provider's", change: cny('7.00') }], closing_balance: cny('7.00') },
  ]);
});

test('the trial balance counts what decisions moved, by period', async () => {
  const { items, balanced } = await deciding.system.trialBalance();
  expect(balanced).toBe(true);
  expect(items.map(row => `${row.account} ${row.balance.amount}`)).toEqual([
    'ad_revenue -100.00',
    'platform_share 50.00',
    'payable -7.00',
    'adjustment 67.00',
    'write_off -10.00',
  ]);
});

test('settling the day again does not take an adjustment back', async () => {
  const { system } = deciding;
  await system.importPlans(planEntry({ tiers: [{ share: '0.40' }] }));
  await system.settleDue();
  expect(await deciding.balance('dev_7', 'payable')).toBe(-24_000_000_000n);
  await system.importPlans(planEntry());
  await system.settleDue();
  expect(await deciding.balance('dev_7', 'payable')).toBe(-14_000_000_000n);
});

test('verify finds nothing, counts what decisions posted, and tells of an adjustment that was forged', async () => {
  const { system } = deciding;
  const { differences, checked } = await system.verify();
  expect(differences).toEqual([]);
  expect(checked.transfers).toBe((await system.transfers()).length);
  const bucket = bucketOf('dev_7', system.bucketCount);
  const insert = `insert into transfers (bucket, ledger_date, transfer_id, developer_id, period, currency, debit, credit, amount_nanos,
      reason, decision_id, booked_at)
    values ($1, '2018-06-01', gen_random_uuid(), 'dev_7', '2018-06-H1', 'CNY', 'adjustment', 'payable', 1, 'adjustment', $2, now())`;
  await system.db.query(insert, [bucket, 'adjust-1']);
  await system.db.query(insert, [bucket, 'nobody-decided']);
  const found = (await system.verify()).differences.map(({ table, where }) => `${table} ${where}`);
  expect(found).toContain(`transfers bucket ${bucket} decision adjust-1 #4`);
  expect(found).toContain(`transfers bucket ${bucket} decision nobody-decided #1`);
  expect(found.filter(each => each.startsWith('decision_totals'))).toHaveLength(4);
});
