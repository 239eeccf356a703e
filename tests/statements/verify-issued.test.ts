import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Period } from '../../src/domain/period.ts';
import { issueStatements } from '../../src/statements/issue-statements.ts';
import { digestOfLine } from '../../src/statements/issued-statements.ts';
import { Closing, click } from '../support/closing.ts';
import { Deciding } from '../support/deciding.ts';

let closing: Closing;
beforeAll(async () => {
  const { system } = await Deciding.open({ now: '2018-05-01T12:00:00+08:00' });
  await system.importPlans({
    ...{ id: 'half', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
    ...{ basis: 'app_day', mode: 'marginal', tiers: [{ share: '0.50' }] },
  });
  closing = new Closing(system);
  await closing.earn('2018-04-14');
  await closing.close('2018-04-H1');
  await system.take([click('2018-04-15', '3.00')]);
  await closing.earn('2018-04-20');
  await closing.close('2018-04-H2');
  for (const period of ['2018-04-H1', '2018-04-H2'] as Period[]) {
    await issueStatements({ ...closing.deps, db: system.db }, { period, booksForHelper: 0 });
  }
});
afterAll(async () => await closing.system.drop());

const differences = async () =>
  (await closing.system.verify()).differences.map(({ table, where }) => `${table} ${where}`).sort();

/** Does as somebody would who may do everything, asks `verify`, and takes it back. */
async function damaged(statement: string, values: unknown[] = []): Promise<string[]> {
  const owner = await closing.system.owner();
  const tables = ['issued_statements', 'statement_issues'];
  const { rows: before } = await owner.query('select * from apportion.issued_statements');
  const { rows: issues } = await owner.query('select * from apportion.statement_issues');
  for (const table of tables) await owner.query(`alter table apportion.${table} disable trigger all`);
  try {
    const { rowCount } = await owner.query(statement, values);
    expect(rowCount).toBe(1);
    return await differences();
  } finally {
    for (const table of tables) await owner.query(`truncate apportion.${table}`);
    for (const row of before) {
      await owner.query('insert into apportion.issued_statements values ($1, $2, $3, $4, $5)', Object.values(row));
    }
    for (const row of issues) {
      await owner.query('insert into apportion.statement_issues values ($1, $2, $3, $4, $5, $6)', Object.values(row));
    }
    for (const table of tables) await owner.query(`alter table apportion.${table} enable always trigger ${table}_keep`);
  }
}

const OF_DEV_7 = `owner_id = 'dev_7' and period = '2018-04-H2'`;

describe('verify', () => {
  test('finds nothing where statements are as they were issued, by a helping thread too', async () => {
    expect(await differences()).toEqual([]);
  });

  test.each([
    [
      'a byte of a statement',
      `content = set_byte(content, length(content) - 9, get_byte(content, length(content) - 9) # 1)`,
    ],
    ['a digest', `digest = set_byte(digest, 0, get_byte(digest, 0) # 1)`],
    ['an owner', `owner_id = 'dev_8'`],
    ['a period', `period = '2018-03-H2'`],
  ])('finds %s that was changed', async (_, change) => {
    const found = await damaged(`update apportion.issued_statements set ${change} where ${OF_DEV_7}`);
    expect(found.length).toBeGreaterThan(0);
  });

  test('finds a statement that tells another balance under a digest of its own', async () => {
    const owner = await closing.system.owner();
    const { rows } = await owner.query(`select content from apportion.issued_statements where ${OF_DEV_7}`);
    const line = zstdDecompressSync(rows[0].content).toString();
    expect(line).toContain('"closing_balance":{"amount":"11.50"');
    const forged = Buffer.from(
      line.replace('"closing_balance":{"amount":"11.50"', '"closing_balance":{"amount":"91.50"'),
    );
    const found = await damaged(
      `update apportion.issued_statements set content = $1, digest = decode($2, 'hex') where ${OF_DEV_7}`,
      [zstdCompressSync(forged), digestOfLine(forged)],
    );
    expect(found).toContain('issued_statements dev_7 2018-04-H2');
  });

  test('finds a statement that is gone, and the record of an issue', async () => {
    expect(await damaged(`delete from apportion.issued_statements where ${OF_DEV_7}`)).toContain(
      'issued_statements dev_7 2018-04-H2',
    );
    for (const change of [
      'statements = statements + 1',
      `digest = set_byte(digest, 0, get_byte(digest, 0) # 1)`,
      `seal = set_byte(seal, 0, get_byte(seal, 0) # 1)`,
      `issued_at = issued_at + interval '1 hour'`,
    ]) {
      const row = `(bucket, period) = (select bucket, period from apportion.issued_statements where ${OF_DEV_7})`;
      expect((await damaged(`update apportion.statement_issues set ${change} where ${row}`)).length).toBeGreaterThan(0);
    }
  });
});
