import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Period, parsePeriod } from '../../src/domain/period.ts';
import { issueStatements, unissuedPeriods } from '../../src/statements/issue-statements.ts';
import { LANGUAGES } from '../../src/statements/messages.ts';
import { monthOfHalves } from '../../src/statements/month.ts';
import { renderStatement } from '../../src/statements/render-statement.ts';
import { statementOf } from '../../src/statements/statement.ts';
import { statementRows } from '../../src/statements/statement-csv.ts';
import { Closing, click } from '../support/closing.ts';
import { Deciding } from '../support/deciding.ts';
import { rejectionOf } from '../support/refusals.ts';

let closing: Closing;
beforeAll(async () => {
  const { system } = await Deciding.open({ now: '2018-05-01T12:00:00+08:00' });
  await system.importPlans({
    ...{ id: 'half', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
    ...{ basis: 'app_day', mode: 'marginal', tiers: [{ share: '0.50' }] },
  });
  closing = new Closing(system);
});
afterAll(async () => await closing.system.drop());

const H1 = '2018-04-H1' as Period;
const deps = () => ({ ...closing.deps, db: closing.system.db });
const read = async (developerId: string, period: string) =>
  await closing.system.db.snapshot(
    async tx =>
      await statementOf(tx, { developerId, period: parsePeriod(period), bucketCount: closing.system.bucketCount }),
  );
const forms = async (developerId: string, period: string) => {
  const statement = await read(developerId, period);
  return [
    JSON.stringify(statement),
    ...LANGUAGES.map(language => renderStatement(statement, language)),
    JSON.stringify([...statementRows(statement)]),
  ];
};

describe('issuing', () => {
  test('is refused while the period is open', async () => {
    await closing.earn('2018-04-02', '2018-04-15', '2018-04-20');
    expect(await rejectionOf(issueStatements(deps(), { period: H1 }))).toMatchObject({ code: 'period_open' });
    expect((await read('dev_7', '2018-04-H1')).halves).toEqual([
      { period: H1, state: 'open', seal: null, issued_at: null },
    ]);
  });

  test('a closed period that is not issued says so, and names its seal', async () => {
    const { digest } = await closing.close('2018-04-H1');
    const statement = await read('dev_7', '2018-04-H1');
    expect(statement.halves).toEqual([{ period: H1, state: 'closed', seal: digest, issued_at: null }]);
    expect(renderStatement(statement)).toContain(`2018-04-H1 closed, not issued\n  sealed ${digest}\n`);
    expect(await unissuedPeriods(closing.system.db, closing.system.bucketCount)).toEqual([H1]);
  });

  test('stores every book once; a second call changes nothing', async () => {
    const seal = (await closing.seal(H1))?.digest;
    expect(await issueStatements(deps(), { period: H1 })).toEqual({ period: H1, seal, statements: 2, issued: 2 });
    expect(await issueStatements(deps(), { period: H1 })).toEqual({ period: H1, seal, statements: 2, issued: 0 });
    expect(await unissuedPeriods(closing.system.db, closing.system.bucketCount)).toEqual([]);
    expect((await read('dev_7', H1)).halves).toEqual([
      { period: H1, state: 'issued', seal, issued_at: closing.system.now.toISOString() },
    ]);
  });

  test('what was issued is printed again byte for byte, whatever comes later, and that is in the open period', async () => {
    const issued = await forms('dev_7', H1);
    const other = await forms('dev_1', H1);
    await closing.system.importCatalog({
      developers: [{ id: 'dev_7', name: 'Renamed', type: 'company', country: 'CN' }],
    });
    await closing.system.take([click('2018-04-15', '3.00')]);
    const slice = { from: '2018-04-02', to: '2018-04-02' };
    await closing.system.invalidate({ id: 'fraud', appId: 'app_7_1', reason: 'click_farm', slice });
    await closing.system.settleDue();
    expect(await forms('dev_7', H1)).toEqual(issued);
    expect(await forms('dev_1', H1)).toEqual(other);
    const [item] = (await read('dev_7', '2018-04-H2')).items;
    const late = item?.late_differences.map(each => [each.date, each.period, each.gross?.amount, each.change.amount]);
    expect(late).toEqual([
      ['2018-04-02', H1, '-10.00', '-5.00'],
      ['2018-04-15', H1, '3.00', '1.50'],
    ]);
    expect(item?.invalid_traffic.map(line => [line.date, line.reason, line.gross.amount])).toEqual([
      ['2018-04-02', 'click_farm', '10.00'],
    ]);
    // 5.00 of each of two days; then 5.00 of the 20th, and what came late.
    expect([item?.opening_balance.amount, item?.late_total.amount, item?.closing_balance.amount]).toEqual([
      '10.00',
      '-3.50',
      '11.50',
    ]);
  });

  test('a month is its two halves, the issued one as it was issued', async () => {
    const [month, first, second] = await Promise.all([
      read('dev_7', '2018-04'),
      read('dev_7', '2018-04-H1'),
      read('dev_7', '2018-04-H2'),
    ]);
    expect(month).toEqual(monthOfHalves({ month: parsePeriod('2018-04'), first, second }));
    expect(month.halves.map(half => half.state)).toEqual(['issued', 'open']);
    expect(month.items[0]).toMatchObject({
      opening_balance: { amount: '0.00' },
      closing_balance: { amount: '11.50' },
      totals: { clicks: 3, gross: { amount: '30.00' }, developer_share: { amount: '15.00' } },
    });
  });

  test('goes on where it was interrupted', async () => {
    await closing.close('2018-04-H2');
    const { db } = closing.system;
    let transactions = 0;
    const failing = new Proxy(db, {
      get: (target, name) => {
        if (name !== 'transaction') return Reflect.get(target, name).bind(target);
        transactions += 1;
        return transactions > 2 ? Promise.reject.bind(Promise, new Error('killed')) : target.transaction.bind(target);
      },
    });
    const period = '2018-04-H2' as Period;
    await expect(issueStatements({ ...deps(), db: failing }, { period })).rejects.toThrow('killed');
    expect(await unissuedPeriods(db, closing.system.bucketCount)).toEqual([period]);
    const { statements } = await issueStatements(deps(), { period });
    expect(statements).toBe(2);
    expect(await unissuedPeriods(db, closing.system.bucketCount)).toEqual([]);
  });

  test('two at once issue each statement once', async () => {
    closing.at('2018-05-16T12:00:00+08:00');
    await closing.earn('2018-05-02');
    await closing.close('2018-05-H1');
    const period = '2018-05-H1' as Period;
    const both = await Promise.all([issueStatements(deps(), { period }), issueStatements(deps(), { period })]);
    expect(both.map(each => each.statements)).toEqual([2, 2]);
    expect(both.reduce((sum, each) => sum + each.issued, 0)).toBe(2);
  });

  test('a helping thread that fails leaves its bucket to the command', async () => {
    closing.at('2018-06-01T12:00:00+08:00');
    await closing.earn('2018-05-20');
    await closing.close('2018-05-H2');
    const period = '2018-05-H2' as Period;
    const { db } = closing.system;
    const lost = new Proxy(db, {
      get: (target, name) => {
        if (name === 'address') return { host: '/nowhere', port: 1, user: 'nobody', database: 'none' };
        return Reflect.get(target, name).bind(target);
      },
    });
    const issued = await issueStatements({ ...deps(), db: lost }, { period, booksForHelper: 0 });
    expect(issued).toMatchObject({ statements: 2, issued: 2 });
    expect(await unissuedPeriods(db, closing.system.bucketCount)).toEqual([]);
  });

  test('writes what is stored to files, a statement a line', async () => {
    const outDir = await mkdtemp(path.join(tmpdir(), 'apportion-issued-'));
    try {
      await issueStatements(deps(), { period: H1, outDir });
      const names = (await readdir(outDir)).sort();
      expect(names).toEqual(['0', '1', '2', '3'].map(bucket => `statements-2018-04-H1-${bucket}.ndjson.zst`));
      const files = await Promise.all(names.map(async name => await readFile(path.join(outDir, name))));
      const lines = files.flatMap(file =>
        file.length === 0 ? [] : zstdDecompressSync(file).toString().trimEnd().split('\n'),
      );
      const wanted = [await read('dev_1', H1), await read('dev_7', H1)].map(each => JSON.stringify(each));
      expect(lines.sort()).toEqual(wanted.sort());
    } finally {
      await rm(outDir, { recursive: true });
    }
  });

  test("a book that nothing moved in gets a statement as long as something is owed, and somebody else's stays away", async () => {
    const { items } = await read('dev_1', '2018-05-H1');
    expect(items).toHaveLength(1);
    expect(await rejectionOf(read('nobody', H1))).toMatchObject({ code: 'unknown_developer' });
  });
});
