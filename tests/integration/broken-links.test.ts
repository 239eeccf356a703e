import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bucketOf } from '../../src/domain/bucket.ts';
import { brokenLinks, linkedDays } from '../../src/ledger/broken-links.ts';
import { clickOf, openProviderWorld, ownerIn, PROVIDER_BUCKETS, provider } from '../support/provider-world.ts';
import { day } from '../support/reference-files.ts';
import type { SettlementSystem } from '../support/settlement-system.ts';

const DAY = day('2018-04-12');
const AGENCY = ownerIn(2);
/** A developer in another bucket. */
const STRANGER = ownerIn((bucketOf('dev_1', PROVIDER_BUCKETS) + 1) % PROVIDER_BUCKETS, 'dev');
const OTHER_ID = '01890000-0000-7000-8000-000000000000';
const LEAVES = "reason = 'provider_share'";
const ARRIVES = "reason = 'provider_income'";

let system: SettlementSystem;
let owner: pg.Client;
beforeAll(async () => {
  system = await openProviderWorld();
  owner = await system.owner();
  await system.importCatalog({ providers: [provider(AGENCY, '0.20', { app_1: {}, app_2: {} })] });
  for (const appId of [null, 'app_1', 'app_2']) await system.confirmTerms(AGENCY, appId);
  system.now = new Date('2018-04-13T12:00:00+08:00');
  await system.take([clickOf('app_1', DAY, '1'), clickOf('app_2', DAY, '2')]);
  await system.settleDue();
});
afterAll(async () => await system.drop());

const broken = async () => await brokenLinks(owner, { day: DAY, bucketCount: PROVIDER_BUCKETS });

test('links as settlement makes them are whole', async () => {
  expect(await linkedDays(system.db)).toEqual([DAY]);
  expect(await broken()).toEqual([]);
});

test.each([
  ['the half that leaves is gone', `delete from transfers where ${LEAVES} and app_id = 'app_1'`],
  ['the half that arrives is gone', `delete from transfers where ${ARRIVES} and app_id = 'app_1'`],
  ...[LEAVES, ARRIVES].flatMap(half =>
    [
      'amount_nanos = amount_nanos + 1',
      'debit = credit, credit = debit',
      "currency = 'USD'",
      "period = '2018-04-H2'",
      `developer_id = '${STRANGER}'`,
      "app_id = 'app_3'",
      "provider_id = 'agency_x'",
      `run_id = '${OTHER_ID}'`,
      `link_id = '${OTHER_ID}'`,
      'version = 2',
      "booked_at = booked_at + interval '1 ms'",
      'bucket = (bucket + 1) % 4',
      "reason = 'developer_share'",
    ].map(change => [`${half}: ${change}`, `update transfers set ${change} where ${half} and app_id = 'app_1'`]),
  ),
  [
    'the half that leaves moves revenue elsewhere',
    `update transfers set debit = 'platform_share' where ${LEAVES} and app_id = 'app_1'`,
  ],
  ['the half that arrives is not owed', `update transfers set credit = 'held' where ${ARRIVES} and app_id = 'app_1'`],
  ['its id is another one', `update transfers set transfer_id = '${OTHER_ID}' where ${ARRIVES} and app_id = 'app_1'`],
  [
    'there is a third half',
    `insert into transfers select (jsonb_populate_record(transfers, '{"transfer_id": "${OTHER_ID}", "version": 9}')).*
     from transfers where ${ARRIVES} and app_id = 'app_1'`,
  ],
])('a link is told of when %s', async (_what, damage) => {
  await owner.query('begin');
  try {
    await owner.query('set local session_replication_role = replica');
    await owner.query('drop trigger transfers_keep_rows on transfers');
    expect((await owner.query(damage)).rowCount).toBe(1);
    const found = await broken();
    expect(found.length).toBeGreaterThan(0);
    const { rows } = await owner.query<{ link: string }>(
      `select link_id as link from transfers where app_id = 'app_2'`,
    );
    expect(found.map(({ linkId }) => linkId)).not.toContain(rows[0]?.link);
  } finally {
    await owner.query('rollback');
  }
});
