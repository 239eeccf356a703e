import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listHolds } from '../../src/decisions/list-holds.ts';
import { formatDecimal, nanos } from '../../src/domain/nanos.ts';
import { parsePeriod } from '../../src/domain/period.ts';
import { holdsTable } from '../../src/statements/render-holds.ts';
import { renderStatement } from '../../src/statements/render-statement.ts';
import { statementOf } from '../../src/statements/statement.ts';
import { Deciding } from '../support/deciding.ts';

let deciding: Deciding;
let page: string;

beforeAll(async () => {
  page = await readFile(new URL('../../docs/holds.md', import.meta.url), 'utf8');
  deciding = await Deciding.open({ now: '2018-04-12T09:00:00+08:00' });
  await deciding.system.importPlans({
    ...{ id: 'half', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
    ...{ basis: 'app_day', mode: 'marginal', tiers: [{ share: '0.50' }] },
  });
});
afterAll(async () => await deciding.system.drop());

/** What stands between fences and begins so. */
const codeBlock = (start: string) =>
  page.split(/^```.*\n/m).find((text, place) => place % 2 === 1 && text.startsWith(start)) ?? 'no such block';

async function earn(day: string, price: string): Promise<void> {
  const event = { id: `c-${day}`, type: 'click', occurred_at: `${day}T12:00:00+08:00`, app_id: 'app_7_1' };
  await deciding.system.take([JSON.stringify({ ...event, ad_unit_id: 'unit_7_1', currency: 'CNY', price })]);
  await deciding.system.settle(day);
}

async function decide(decision: object): Promise<void> {
  const { decision: proposed } = await deciding.propose(decision);
  await deciding.approve(proposed.decisionId);
}

test('the example of docs/holds.md comes out as the page tells it', async () => {
  const hold = codeBlock('{');
  const [part = ''] = /\{"hold": "review-7", .*?\}/.exec(page) ?? [];
  const rest = { reason: 'the review', evidence: [{ text: 'ticket 4712' }] };
  const slice = { from: '2018-04-12', to: '2018-04-12' };
  const bucketCount = deciding.system.bucketCount;
  const steps = [
    async () => await earn('2018-04-11', '10.00'),
    async () => await decide(JSON.parse(hold)),
    async () => {
      deciding.system.now = new Date('2018-04-13T09:00:00+08:00');
      await earn('2018-04-12', '30.00');
    },
    async () => await decide({ ...rest, id: 'forfeit-7', kind: 'forfeit', parameters: JSON.parse(part) }),
    async () => {
      await deciding.system.invalidate({ id: 'inv-7', appId: 'app_7_1', slice, reason: 'click_farm' });
      await deciding.system.settle('2018-04-12');
      const { items } = await deciding.system.db.snapshot(tx => listHolds(tx, { bucketCount }));
      expect(`${holdsTable(items)}\n`).toBe(codeBlock('Hold '));
    },
    async () => await decide({ ...rest, id: 'release-7', kind: 'release', parameters: { hold: 'review-7' } }),
  ];
  const rows = [...page.matchAll(/^\| .+ \| (-?\d+\.\d\d) \| (-?\d+\.\d\d) \| (-?\d+\.\d\d) \|$/gm)];
  expect(rows).toHaveLength(steps.length);
  for (const [place, step] of steps.entries()) {
    await step();
    const [told = '', ...amounts] = rows[place] ?? [];
    const found = [];
    for (const account of ['payable', 'held', 'forfeited']) {
      found.push(formatDecimal(nanos(await deciding.balance('dev_7', account)), 2));
    }
    expect(found, told).toEqual(amounts);
  }
  const statement = await deciding.system.db.snapshot(tx =>
    statementOf(tx, { developerId: 'dev_7', period: parsePeriod('2018-04-H1'), bucketCount }),
  );
  expect(renderStatement(statement)).toContain(codeBlock('Held').trimEnd());
  expect((await deciding.system.verify()).differences).toEqual([]);
});
