import { afterEach, beforeEach, expect, test } from 'vitest';
import { countRejected, listRejected, type RejectedFilters } from '../../src/events/list-rejected.ts';
import { type RedrivenLines, redriveLines } from '../../src/events/redrive-lines.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

const CATALOG = {
  developers: [{ id: 'dev_1', name: 'One', type: 'company', country: 'CN' }],
  apps: [{ id: 'app_1', developer_id: 'dev_1', name: 'First', category: 'games' }],
  ad_units: [{ id: 'unit_1', app_id: 'app_1', format: 'banner' }],
};
const SECOND_APP = {
  developers: [{ id: 'dev_2', name: 'Two', type: 'company', country: 'CN' }],
  apps: [{ id: 'app_2', developer_id: 'dev_2', name: 'Second', category: 'games' }],
  ad_units: [{ id: 'unit_2', app_id: 'app_2', format: 'banner' }],
};
const CAMPAIGN = {
  campaigns: [{ id: 'c_1', currency: 'CNY', rate_cards: [{ effective_from: '2018-01-01', cpc: '0.30' }] }],
};

let system: SettlementSystem;

beforeEach(async () => {
  system = await SettlementSystem.open({ bucketCount: 4, now: '2018-04-15T12:00:00+08:00' });
  await system.importCatalog(CATALOG);
});
afterEach(async () => await system.drop());

function line(id: string, changes: object = {}): string {
  return JSON.stringify({
    id,
    type: 'click',
    occurred_at: '2018-04-15T10:00:00+08:00',
    app_id: 'app_1',
    ad_unit_id: 'unit_1',
    currency: 'CNY',
    price: '1.00',
    ...changes,
  });
}

const ofSecondApp = { app_id: 'app_2', ad_unit_id: 'unit_2' };

async function redrive(
  filters: RejectedFilters = {},
  clock: Date | null = null,
  batchEvents = 100,
): Promise<RedrivenLines> {
  const redriven = await redriveLines(
    {
      db: system.db,
      calendar: system.calendar,
      bucketCount: system.bucketCount,
      now: () => system.now,
      enqueue: async batches => {
        system.batchJobs.push(...batches);
      },
    },
    { filters, clock, batchEvents },
  );
  await system.processAll();
  return redriven;
}

async function openReasons(): Promise<Record<string, number>> {
  return Object.fromEntries((await countRejected(system.db)).map(({ reason, lines }) => [reason, lines]));
}

test('lines of an app that the catalog lacked are taken in once it has it, under the clock they came with', async () => {
  await system.take([line('a', ofSecondApp), line('b'), line('c', { ...ofSecondApp, price: '2.50' })]);
  expect(await redrive()).toMatchObject({ tried: 2, redriven: 0, still: { unknown_app: 2 } });
  const { items } = await listRejected(system.db);
  expect(items.map(item => [item.line_no, item.reason, item.line])).toEqual([
    [1, 'unknown_app', line('a', ofSecondApp)],
    [3, 'unknown_app', line('c', { ...ofSecondApp, price: '2.50' })],
  ]);

  await system.importCatalog(SECOND_APP);
  // Long after the acceptance window, which goes by the clock of the batch.
  system.now = new Date('2018-09-01T12:00:00+08:00');
  const { ingestId, ...told } = await redrive();
  expect(told).toMatchObject({ tried: 2, redriven: 2, still: {} });
  expect(await system.summary(ingestId)).toMatchObject({ received: 2, accepted: 2, rejected: {} });
  expect(await system.earnings()).toEqual([
    '2018-04-15|dev_1|app_1|unit_1|CNY|0|1|1000000000',
    '2018-04-15|dev_2|app_2|unit_2|CNY|0|2|3500000000',
  ]);
  expect(await openReasons()).toEqual({});
  expect((await listRejected(system.db)).items).toEqual([]);
  const taken = (await listRejected(system.db, { all: true })).items;
  expect(taken.map(item => item.redriven_by)).toEqual([ingestId, ingestId]);
  expect((await system.verify()).differences).toEqual([]);
});

test('redriving again, and by two at once, takes each line in once', async () => {
  await system.take(Array.from({ length: 30 }, (_, index) => line(`e${index}`, ofSecondApp)));
  await system.importCatalog(SECOND_APP);
  const [one, two] = await Promise.all([redrive(), redrive()]);
  expect([one.redriven, two.redriven].sort((a, b) => a - b)).toEqual([0, 30]);
  expect(await redrive()).toMatchObject({ tried: 0, redriven: 0 });
  expect(await system.earnings()).toEqual(['2018-04-15|dev_2|app_2|unit_2|CNY|0|30|30000000000']);
  expect((await system.verify()).differences).toEqual([]);
});

test('more batches than one statement inserts are all taken in', async () => {
  await system.take(Array.from({ length: 1_005 }, (_, index) => line(`e${index}`, ofSecondApp)));
  await system.importCatalog(SECOND_APP);
  expect(await redrive({}, null, 1)).toMatchObject({ redriven: 1_005, batches: 1_005 });
  expect(await system.earnings()).toEqual(['2018-04-15|dev_2|app_2|unit_2|CNY|0|1005|1005000000000']);
});

test('a line that lacked a price is priced by the card imported since; one that still lacks it stays', async () => {
  const unpriced = { price: undefined, campaign_id: 'c_1' };
  await system.take([line('a', unpriced), line('b', { ...unpriced, campaign_id: 'c_2' })]);
  await system.importCatalog(CAMPAIGN);
  expect(await redrive({ reason: 'no_price' })).toMatchObject({ redriven: 1, still: { no_price: 1 } });
  expect(await system.earnings()).toEqual(['2018-04-15|dev_1|app_1|unit_1|CNY|0|1|300000000']);
  expect(await openReasons()).toEqual({ no_price: 1 });
  expect((await system.verify()).differences).toEqual([]);
});

test('filters choose by reason, developer and file; lines too long to be kept whole are not tried', async () => {
  await system.take([line('a', ofSecondApp), 'not json', `"${'x'.repeat(70_000)}`], { name: 'one.ndjson' });
  await system.take([line('b', ofSecondApp), line('c', { ad_unit_id: 'unit_9' })], { name: 'two.ndjson' });
  await system.importCatalog(SECOND_APP);
  const count = async (filters: RejectedFilters) =>
    (await countRejected(system.db, filters)).map(({ reason, lines }) => `${lines} ${reason}`);
  expect(await count({})).toEqual(['1 too_long', '1 bad_json', '2 unknown_app', '1 unknown_ad_unit']);
  expect(await count({ developerId: 'dev_1' })).toEqual(['1 unknown_ad_unit']);
  const file = `${system.folder}/two.ndjson`;
  expect(await redrive({ file })).toMatchObject({ tried: 2, redriven: 1, still: { unknown_ad_unit: 1 } });
  expect(await redrive()).toMatchObject({ tried: 3, redriven: 1, still: { bad_json: 1, unknown_ad_unit: 1 } });
  expect(await count({})).toEqual(['1 too_long', '1 bad_json', '1 unknown_ad_unit']);
});

test('too late under its own clock, taken with another', async () => {
  await system.take([line('a')], { asOf: new Date('2018-07-01T00:00:00+08:00') });
  expect(await redrive()).toMatchObject({ redriven: 0, still: { too_late: 1 } });
  expect(await redrive({}, new Date('2018-04-16T00:00:00+08:00'))).toMatchObject({ redriven: 1, still: {} });
  expect(await system.earnings()).toHaveLength(1);
});

test('lines with the same numbers in files of one name are told apart, and may be rejected once more', async () => {
  const unpriced = { ...ofSecondApp, price: undefined, campaign_id: 'c_1' };
  for (const id of ['a', 'b']) await system.take([line(id, unpriced)], { name: 'same.ndjson' });
  await system.importCatalog({ ...SECOND_APP, ...CAMPAIGN });
  await redrive();
  expect(await system.earnings()).toEqual(['2018-04-15|dev_2|app_2|unit_2|CNY|0|2|600000000']);
  expect((await system.verify()).differences).toEqual([]);
});

test('lines of an iPinYou log are read again in their own format', async () => {
  const columns = Array.from({ length: 24 }, () => 'null');
  Object.assign(columns, {
    0: 'bid1',
    1: '20180415100000123',
    2: '1',
    3: 'device',
    9: 'example.org',
    12: 'slot',
    19: '238',
    20: '238',
    18: '238',
  });
  await system.take([columns.join('\t')], { format: 'ipinyou', name: 'imp.txt' });
  expect(await openReasons()).toEqual({ unknown_app: 1 });
  await system.importCatalog({
    apps: [{ id: 'example.org', developer_id: 'dev_1', name: 'Example', category: 'news' }],
    ad_units: [{ id: 'example.org/slot', app_id: 'example.org', format: 'banner' }],
  });
  expect(await redrive()).toMatchObject({ redriven: 1, still: {} });
  expect(await system.earnings()).toHaveLength(1);
});

test('verify finds a line taken off the list that no batch holds', async () => {
  await system.take([line('a', ofSecondApp), line('b', ofSecondApp)]);
  await system.importCatalog(SECOND_APP);
  const { ingestId } = await redrive();
  const owner = await system.owner();
  expect((await system.verify()).differences).toEqual([]);
  await owner.query('begin');
  await owner.query('set local session_replication_role = replica');
  await owner.query('update apportion.redriven_lines set line_no = line_no + 7 where line_no = 1');
  await owner.query('commit');
  expect((await system.verify()).differences).toMatchObject([{ table: 'redriven_lines', found: '1, 2' }]);
  await owner.query('delete from apportion.inbox_batches where ingest_id = $1', [ingestId]);
  const { differences } = await system.verify();
  expect(differences).toContainEqual({
    table: 'redriven_lines',
    where: `redrive ${ingestId}`,
    expected: '2 rejected lines, and as many in its batches',
    found: '1, 0',
  });
});
