import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CliFolder } from '../support/cli.ts';
import { PERSONS } from '../support/deciding.ts';

const PAGE = readFileSync(new URL('../../docs/finance.md', import.meta.url), 'utf8');
/** Each command of the page with what it prints. */
const EXAMPLES = [...PAGE.matchAll(/```\n\$ npx apportion (.*)\n([^`]*)```/g)].map(
  ([, command = '', printed = '']) => [command, printed] as const,
);

const cli = new CliFolder();
beforeAll(async () => await tellTheStory(), 120_000);
afterAll(async () => await cli.close());

const at = (instant: string) => ({ env: { APPORTION_CLOCK: `${instant}T09:00:00+08:00` } });

async function on(instant: string, ...args: string[]): Promise<void> {
  const { stderr, exitCode } = await cli.run(args, at(instant));
  expect(exitCode, `${args.join(' ')}: ${stderr}`).toBe(0);
}

function catalog(category: string): string {
  const apps = [
    { id: 'app_7_1', developer_id: 'dev_7', name: 'Lucky Seven', category: 'tools' },
    { id: 'app_8_1', developer_id: 'dev_8', name: 'Eight Ball', category, category_from: '2018-04-15' },
  ];
  return JSON.stringify({
    developers: ['dev_7', 'dev_8'].map(id => ({ id, name: id, type: 'company', country: 'CN' })),
    apps: category === 'games' ? apps.map(({ category_from: _, ...app }) => app) : apps,
    ad_units: apps.map(app => ({ id: `${app.id}_b`, app_id: app.id, format: 'banner' })),
  });
}

function plan(share: string, from: string): string {
  const terms = { effective_from: from, basis: 'app_day', mode: 'marginal', tiers: [{ share }] };
  return JSON.stringify({ plans: [{ id: 'half', scope: { default: true }, currency: 'CNY', ...terms }] });
}

function clicks(...earned: readonly (readonly [appId: string, day: string, price: string])[]): string[] {
  return earned.map(([appId, day, price]) =>
    JSON.stringify({
      ...{ id: `${appId} ${day} ${price}`, type: 'click', occurred_at: `${day}T12:00:00+08:00`, app_id: appId },
      ...{ ad_unit_id: `${appId}_b`, currency: 'CNY', price },
    }),
  );
}

/** As "The example" of the page tells it. */
async function tellTheStory(): Promise<void> {
  await on('2018-04-01', 'catalog', 'import', cli.write('catalog.json', catalog('games')));
  await on('2018-04-01', 'plans', 'import', cli.write('half.json', plan('0.50', '2018-03-01')));
  await on('2018-04-01', 'ingest', cli.writeEvents('march.ndjson', clicks(['app_7_1', '2018-03-31', '40'])));
  await on('2018-04-01', 'settle', '--due');
  const april = clicks(['app_7_1', '2018-04-15', '100'], ['app_8_1', '2018-04-15', '60']);
  await on('2018-04-16', 'ingest', cli.writeEvents('april.ndjson', april));
  await on('2018-04-16', 'settle', '--due');
  const plans = JSON.parse(plan('0.50', '2018-03-01')).plans.map((half: object) => ({
    ...half,
    effective_to: '2018-04-14',
  }));
  const less = JSON.parse(plan('0.40', '2018-04-15')).plans.map((half: object) => ({ ...half, id: 'forty' }));
  await on('2018-04-17', 'plans', 'import', cli.write('forty.json', JSON.stringify({ plans: [...plans, ...less] })));
  await on('2018-04-17', 'settle', '--due');
  await on('2018-04-18', 'catalog', 'import', cli.write('moved.json', catalog('tools')));
  await on('2018-04-18', 'ingest', cli.writeEvents('late.ndjson', clicks(['app_8_1', '2018-04-15', '10'])));
  await on('2018-04-18', 'settle', '--due');
  const rows = [{ book: 'dev_7', currency: 'CNY', amount: '-25.00', reason: 'paid twice in March' }];
  const decision = {
    id: 'back-1',
    kind: 'adjust',
    parameters: { rows },
    reason: 'paid twice',
    evidence: [{ text: 'ticket 4711' }],
  };
  await on('2018-04-19', 'persons', 'import', cli.write('persons.json', JSON.stringify({ persons: PERSONS })));
  await on('2018-04-19', 'decisions', 'propose', cli.write('back.json', JSON.stringify(decision)), '--actor', 'li.wei');
  await on('2018-04-19', 'decisions', 'approve', 'back-1', '--actor', 'wang.fang');
}

test('the page has examples of every query', () => {
  const queries = ['ledger transfers', 'ledger balances', 'ledger trial-balance', 'ledger ageing', 'ledger revenue'];
  for (const query of [...queries, 'decisions list']) {
    expect(
      EXAMPLES.some(([command]) => command.startsWith(query)),
      query,
    ).toBe(true);
  }
});

test.each(EXAMPLES)('%s prints what the page shows', async (command, printed) => {
  const result = await cli.run(command.split(' '), at('2018-04-20'));
  if (process.env.SHOW_EXAMPLE !== undefined) process.stderr.write(`$ npx apportion ${command}\n${result.stdout}\n`);
  expect(result).toMatchObject({ stdout: printed, exitCode: 0 });
});
