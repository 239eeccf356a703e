import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { digestOfRows } from '../../src/db/row-digest.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { runs } from '../support/runs.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ empty: true });
});
afterAll(async () => await database.drop());

const field = fc.option(
  fc.string({ unit: fc.constantFrom('a', 'ä', ',', '(', ')', '"', '\\', ' ', '\n', '\t', 'N'), maxLength: 4 }),
);

test('no two different rows have one text', async () => {
  const rows = fc.array(fc.tuple(field, field, field), { minLength: 60, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(rows, async some => {
      const { rows: found } = await database.db.query<{ texts: number; rows: number }>(
        `select count(distinct digest)::int as texts,
           count(distinct jsonb_build_array(a, b, c))::int as rows
         from (
           select a, b, c, ${digestOfRows({ columns: 'a, b, c', order: 'a' })} as digest
           from unnest($1::text[], $2::text[], $3::text[]) with ordinality as given (a, b, c, place)
           group by place, a, b, c
         ) as digested`,
        [some.map(row => row[0]), some.map(row => row[1]), some.map(row => row[2])],
      );
      expect(found[0]?.texts).toBe(found[0]?.rows);
    }),
    { numRuns: runs(60) },
  );
});
