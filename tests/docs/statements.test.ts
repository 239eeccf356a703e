import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Period, parsePeriod } from '../../src/domain/period.ts';
import { issueStatements } from '../../src/statements/issue-statements.ts';
import { renderStatement } from '../../src/statements/render-statement.ts';
import { statementOf } from '../../src/statements/statement.ts';
import { STATEMENT_CSV, statementRows } from '../../src/statements/statement-csv.ts';
import { Paying } from '../support/paying.ts';

let paying: Paying;
let page: string;

beforeAll(async () => {
  page = await readFile(new URL('../../docs/statements.md', import.meta.url), 'utf8');
  paying = await Paying.open();
  await paying.system.importPlans({
    ...{ id: 'half', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
    ...{ basis: 'app_day', mode: 'marginal', tiers: [{ share: '0.50' }] },
  });
});
afterAll(async () => await paying.drop());

/** What stands between fences and begins so. */
const codeBlock = (start: string) =>
  page.split(/^```.*\n/m).find((text, place) => place % 2 === 1 && text.startsWith(start)) ?? 'no such block';

let clicks = 0;

async function earn(...earned: readonly (readonly [day: string, price: string])[]): Promise<void> {
  const lines = earned.map(([day, price]) => {
    clicks += 1;
    const event = { id: `c-${clicks}`, type: 'click', occurred_at: `${day}T12:00:00+08:00`, app_id: 'app_7_1' };
    return JSON.stringify({ ...event, ad_unit_id: 'unit_7_1', currency: 'CNY', price });
  });
  await paying.system.take(lines);
  await paying.system.settleDue();
}

const read = async (period: string) =>
  await paying.system.db.snapshot(async tx =>
    statementOf(tx, { developerId: 'dev_7', period: parsePeriod(period), bucketCount: paying.system.bucketCount }),
  );

const at = (instant: string) => {
  paying.system.now = new Date(instant);
};

test('the example of docs/statements.md comes out as the page tells it', async () => {
  at('2018-04-16T09:00:00+08:00');
  await earn(['2018-04-14', '10.00'], ['2018-04-15', '300.00']);
  await paying.close('2018-04-H1');
  const { batches } = await paying.drawUp();
  at('2018-04-16T10:00:00+08:00');
  const period = '2018-04-H1' as Period;
  await issueStatements({ ...paying.deps, db: paying.system.db }, { period });
  const issued = renderStatement(await read('2018-04-H1'));

  at('2018-04-21T09:00:00+08:00');
  await earn(['2018-04-15', '3.00'], ['2018-04-20', '8.00']);
  const slice = { from: '2018-04-14', to: '2018-04-14' };
  await paying.system.invalidate({ id: 'inv-7', appId: 'app_7_1', slice, reason: 'click_farm' });
  await paying.system.settleDue();
  await paying.approve(batches[0]?.batchId ?? '');
  const after = renderStatement(await read('2018-04-H1'));

  expect(after).toBe(issued);
  const sealed = (text: string) => text.replace(/sealed [0-9a-f]{64}/, 'sealed …');
  expect(sealed(issued)).toBe(sealed(codeBlock('Statement for Seven Studio (dev_7)\nPeriod 2018-04-H1')));
  const second = await read('2018-04-H2');
  expect(renderStatement(second)).toBe(codeBlock('Statement for Seven Studio (dev_7)\nPeriod 2018-04-H2'));
  expect(renderStatement(second, 'zh').split('\n').slice(-7).join('\n')).toBe(codeBlock('期初余额'));
  const csv = [...statementRows(second)].map(row => STATEMENT_CSV.map(column => row[column] ?? '').join(','));
  const told = codeBlock('owner_id,').trimEnd().split('\n');
  const shown = (line: string) => line.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, '…');
  expect([STATEMENT_CSV.join(','), ...csv].map(shown)).toEqual(told);
  expect((await paying.system.verify()).differences).toEqual([]);
});
