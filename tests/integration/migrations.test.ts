import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { acceptedPlansVersion } from '../../src/catalog/installation.ts';
import { readConfig } from '../../src/config.ts';
import { checkSchema } from '../../src/db/migrate.ts';
import { migrateAll } from '../../src/migrate-all.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const config = readConfig({}, '/nowhere');
let empty: TestDatabase;

beforeAll(async () => {
  empty = await createTestDatabase({ empty: true });
});
afterAll(async () => await empty.drop());

test('twenty processes that migrate at once all succeed, and again changes nothing', async () => {
  await expect(checkSchema(empty.db)).rejects.toMatchObject({ code: 'older_schema' });
  const applied = await Promise.all(Array.from({ length: 20 }, () => migrateAll(config, empty.address)));
  expect(applied.filter(names => names.length > 0)).toHaveLength(1);
  expect(await migrateAll(config, empty.address)).toEqual([]);
  await checkSchema(empty.db);
});

test('a database newer than the program is refused', async () => {
  const newer = await createTestDatabase();
  try {
    const owner = await newer.owner();
    await owner.query(`insert into migrations (name, run_on) values ('9999_future', now())`);
    await expect(checkSchema(newer.db)).rejects.toMatchObject({ code: 'newer_schema', exitCode: 3 });
    await expect(migrateAll(config, newer.address)).rejects.toMatchObject({ code: 'newer_schema' });
  } finally {
    await newer.drop();
  }
});

test('plans recorded before acceptances were count as accepted', async () => {
  const older = await createTestDatabase({ empty: true });
  try {
    const owner = await older.owner();
    await owner.query('create schema if not exists apportion');
    await owner.query('create table apportion.migrations (name text)');
    const folder = new URL('../../migrations/', import.meta.url);
    const run = async (from: string, to: string) => {
      for (const name of readdirSync(folder).sort()) {
        if (from <= name && name <= to) await owner.query(readFileSync(new URL(name, folder), 'utf8'));
      }
    };
    await run('0001', '0009');
    await owner.query(`insert into installation (bucket_count, time_zone, created_at) values (4, 'UTC', now())`);
    await owner.query(`insert into reference_versions values (1, 'catalog', now(), ''), (2, 'plans', now(), '')`);
    await run('0009', '0010');
    expect(await acceptedPlansVersion(owner)).toBe(2);
  } finally {
    await older.drop();
  }
});
