import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { APPLICATION_ROLE, SCHEMA } from '../../src/db/database.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { schemaText } from '../support/schema-text.ts';

const GOLDEN_FILE = fileURLToPath(new URL('../golden/schema.sql', import.meta.url));
const HEAD = `-- The schema after all migrations, with the ledger's partition for one month, as the server's catalog tells it.
-- Not a script to run: a change of it shows here what a migration really did. UPDATE_GOLDEN=1 writes it anew.

`;

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => await database.drop());

test('the schema is the one that was reviewed', async () => {
  const owner = await database.owner();
  await owner.query(`select ensure_ledger_month('2018-03-28')`);
  const text = HEAD + (await schemaText(owner, { schema: SCHEMA, role: APPLICATION_ROLE }));
  if (process.env.UPDATE_GOLDEN === '1') await writeFile(GOLDEN_FILE, text);
  expect(text, 'run with UPDATE_GOLDEN=1 and review the difference').toBe(await readFile(GOLDEN_FILE, 'utf8'));
});
