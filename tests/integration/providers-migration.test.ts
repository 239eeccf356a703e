import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createTestDatabase } from '../support/database.ts';

const FOLDER = new URL('../../migrations/', import.meta.url);
const sqlOf = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8');
const COLUMNS =
  'bucket, ledger_date, transfer_id, developer_id, app_id, business_date, period, currency, debit, credit, amount_nanos, reason, run_id, version, booked_at';

/** A transfer of the day; of a provider's part, if one is named. */
const insert = (on: string, version: number, providerId: string | null = null) =>
  `insert into transfers (${COLUMNS}, ${providerId === null ? 'corrects_id' : 'link_id, provider_id'})
   values (1, '${on}', gen_random_uuid(), 'dev', 'app', '${on}', '2018-03-H2', 'CNY', 'ad_revenue', 'payable', 5, 'developer_share',
     gen_random_uuid(), ${version}, now(), ${providerId === null ? 'null' : `gen_random_uuid(), '${providerId}'`})`;

test('a ledger from before providers keeps its rows and guards; old and new months take providers', async () => {
  const database = await createTestDatabase({ empty: true });
  try {
    const owner = await database.owner();
    await owner.query('create schema apportion; set search_path = apportion; create table migrations (name text)');
    const before = readdirSync(FOLDER)
      .filter(name => name < '0011')
      .sort();
    for (const name of before) await owner.query(sqlOf(name));
    await owner.query(`select ensure_ledger_month('2018-03-28')`);
    await owner.query(insert('2018-03-28', 1));
    await owner.query(`insert into posting_totals values (7, gen_random_uuid(), '2018-03-H2', 'CNY', 'payable', 0, 5)`);

    await owner.query(sqlOf('0011_providers.sql'));
    await owner.query(`select ensure_ledger_month('2018-04-15')`);
    const { rows } = await owner.query('select source_bucket from posting_totals');
    expect(rows).toEqual([{ source_bucket: 7 }]);
    await expect(owner.query(insert('2018-03-28', 1))).rejects.toThrow('duplicate key');
    for (const on of ['2018-03-28', '2018-04-15']) {
      await owner.query(insert(on, 2));
      await expect(owner.query(insert(on, 2))).rejects.toThrow('duplicate key');
      for (const providerId of ['agency_1', 'agency_2']) {
        await owner.query(insert(on, 1, providerId));
        await expect(owner.query(insert(on, 1, providerId))).rejects.toThrow('duplicate key');
        await owner.query(insert(on, 2, providerId));
      }
    }
    await expect(owner.query('update transfers set amount_nanos = 1')).rejects.toThrow('append-only');
  } finally {
    await database.drop();
  }
});
