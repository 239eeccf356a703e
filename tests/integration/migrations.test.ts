import { afterAll, beforeAll, expect, test } from 'vitest';
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
