import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FundRow, ShownFund } from '../../src/funds/list-funds.ts';
import { CliFolder, onlyComplaint } from '../support/cli.ts';
import { adjustment, CATALOG, PERSONS } from '../support/deciding.ts';

const folder = new CliFolder({ APPORTION_CLOCK: '2018-04-16T05:00:00+08:00' });
const RULE = { points: '0.05', categories: ['tools'] };
const FUND = { fund: 'growth', currency: 'CNY', budget: '5', start: '2018-04-10', end: '2018-12-31', rule: RULE };

const run = async (...args: readonly string[]) => await folder.run(args);

beforeAll(async () => {
  folder.write('catalog.json', JSON.stringify(CATALOG));
  folder.write('persons.json', JSON.stringify({ persons: PERSONS }));
  const half = {
    id: 'half',
    scope: { default: true },
    currency: 'CNY',
    effective_from: '2018-01-01',
    effective_to: null,
  };
  const plan = { ...half, basis: 'app_day', mode: 'marginal', tiers: [{ share: '0.50' }] };
  folder.write('plans.json', JSON.stringify({ plans: [plan] }));
  const click = { id: 'e1', type: 'click', occurred_at: '2018-04-15T12:00:00+08:00', app_id: 'app_7_1' };
  const event = { ...click, ad_unit_id: 'unit_7_1', currency: 'CNY', price: '120' };
  folder.write('events.ndjson', `${JSON.stringify(event)}\n`);
  for (const args of [
    ['catalog', 'import', 'catalog.json'],
    ['plans', 'import', 'plans.json'],
    ['persons', 'import', 'persons.json'],
  ]) {
    const { exitCode, stderr } = await run(...args);
    expect(exitCode, stderr).toBe(0);
  }
});
afterAll(async () => await folder.close());

const propose = async (id: string, kind: string, parameters: object) => {
  const file = folder.write(`${id}.json`, JSON.stringify(adjustment({ id, kind, parameters })));
  return await run('decisions', 'propose', file, '--actor', 'li.wei');
};

test('a fund is decided, granted by settle, and told of by list, show and explain', async () => {
  expect((await run('funds', 'list')).stdout).toBe('no funds\n');
  const proposed = await propose('start', 'fund', FUND);
  expect(proposed.exitCode, proposed.stderr).toBe(0);
  expect(proposed.stdout).toMatch(/^growth .* fund_source {2}fund_available +5\.00 {2}CNY /m);
  expect((await run('decisions', 'approve', 'start', '--actor', 'wang.fang')).exitCode).toBe(0);
  expect((await run('ingest', 'events.ndjson')).exitCode).toBe(0);
  const settled = await run('settle', '--due');
  expect(settled.exitCode, settled.stderr).toBe(0);

  const listed = await run('funds', 'list', '--json');
  const [row] = (JSON.parse(listed.stdout) as { items: FundRow[] }).items;
  const yuan = (amount: string) => ({ amount, currency: 'CNY' });
  // 120 × 0.05 = 6 of 5
  expect(row).toMatchObject({
    id: 'growth',
    status: 'open',
    claimed: yuan('6.00'),
    awarded: yuan('5.00'),
    left: yuan('0.00'),
  });
  const shown = JSON.parse((await run('funds', 'show', 'growth', '--json')).stdout) as ShownFund;
  expect(shown.items).toEqual([
    { date: '2018-04-15', claimed: yuan('6.00'), awarded: yuan('5.00'), lacking: yuan('1.00') },
  ]);
  const explained = await run('explain', '--app', 'app_7_1', '--date', '2018-04-15');
  expect(explained.stdout).toContain(
    '120.00 × 0.05 = 6.00 CNY\n    awarded 5.00; the fund had nothing left for 1.00\n',
  );
  const statement = await run('statement', '--developer', 'dev_7', '--period', '2018-04-H1');
  expect(statement.stdout).toMatch(/^Incentives +5\.00$/m);

  const [transfer] = JSON.parse(
    (await run('ledger', 'transfers', '--developer', 'dev_7', '--reason', 'incentive', '--json')).stdout,
  ).items;
  const ofTransfer = await run('explain', '--transfer', transfer.id);
  expect(ofTransfer.exitCode, ofTransfer.stderr).toBe(0);
  const verified = await run('verify');
  expect(verified.exitCode, verified.stdout).toBe(0);
});

test('money put in later is granted by the next settle, though no day is due', async () => {
  await propose('more', 'fund_top_up', { fund: 'growth', currency: 'CNY', amount: '2.00' });
  expect((await run('decisions', 'approve', 'more', '--actor', 'wang.fang')).exitCode).toBe(0);
  expect((await run('settle', '--due')).stdout).toBe('nothing is due\n');
  const [row] = (JSON.parse((await run('funds', 'list', '--json')).stdout) as { items: FundRow[] }).items;
  expect(row).toMatchObject({ awarded: { amount: '6.00' }, left: { amount: '1.00' } });
});

test.each([
  ['no rule', { ...FUND, rule: {} }, 'parameters.rule'],
  ['points and a bonus', { ...FUND, rule: { ...RULE, bonus: '5', floor: '1' } }, 'parameters.rule'],
  ['points for everybody', { ...FUND, rule: { points: '0.05' } }, 'parameters.rule'],
  ['points above all', { ...FUND, rule: { ...RULE, points: '1.01' } }, 'parameters.rule.points'],
  ['an end before the start', { ...FUND, end: '2018-04-09' }, 'parameters.end'],
  ['no money', { ...FUND, budget: '0' }, 'parameters.budget'],
  ['a category twice', { ...FUND, rule: { ...RULE, categories: ['tools', 'tools'] } }, 'parameters.rule.categories'],
])('%s is refused with its place', async (name, parameters, place) => {
  const refused = await propose(name.replaceAll(' ', '-'), 'fund', parameters);
  expect(refused.exitCode).toBe(1);
  expect(onlyComplaint(refused)).toContain(place);
});

test('a fund that is not there is refused', async () => {
  const refused = await run('funds', 'show', 'nobody');
  expect(refused.exitCode).toBe(1);
  expect(onlyComplaint(refused)).toContain('"nobody" is no incentive fund');
  expect(
    onlyComplaint(await propose('no-fund', 'fund_top_up', { fund: 'nobody', currency: 'CNY', amount: '5' })),
  ).toContain('nobody');
});
