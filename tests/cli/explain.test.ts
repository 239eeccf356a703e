import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CliFolder, onlyComplaint } from '../support/cli.ts';

const cli = new CliFolder({ APPORTION_BUCKETS: '2' });
const at = (clock: string) => ({ env: { APPORTION_CLOCK: `2018-04-${clock}+08:00` } });
const LATEST = at('18T09:00:00');
const DAY = ['--app', 'app_7_1', '--date', '2018-04-15'];

function click(id: string, time: string, price: string): object {
  const place = { app_id: 'app_7_1', ad_unit_id: 'unit_7_1_b', currency: 'CNY' };
  return { id, type: 'click', occurred_at: `2018-04-15T${time}+08:00`, ...place, price };
}

beforeAll(async () => {
  const catalog = {
    developers: [{ id: 'dev_7', name: 'Seven Studio', type: 'company', country: 'CN' }],
    apps: [{ id: 'app_7_1', developer_id: 'dev_7', name: 'Lucky Seven', category: 'tools' }],
    ad_units: [{ id: 'unit_7_1_b', app_id: 'app_7_1', format: 'banner' }],
  };
  const plan = {
    ...{ id: 'half', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', basis: 'app_day' },
    ...{ mode: 'marginal', tiers: [{ share: '0.50' }] },
  };
  const first = at('16T09:00:00');
  // Keeps the servers running from one command to the next.
  await cli.app();
  await cli.run(['catalog', 'import', cli.write('catalog.json', JSON.stringify(catalog))], first);
  await cli.run(['plans', 'import', cli.write('plans.json', JSON.stringify({ plans: [plan] }))], first);
  cli.writeEvents('first.ndjson', [click('c-1', '10:00:00', '60'), click('c-2', '11:00:00', '1.000001')]);
  await cli.run(['ingest', 'first.ndjson'], first);
  await cli.run(['settle', '--due'], first);
  cli.writeEvents('second.ndjson', [click('c-3', '09:00:00', '7')]);
  await cli.run(['ingest', 'second.ndjson'], at('17T09:00:00'));
  await cli.run(['settle', '--due'], at('17T10:00:00'));
}, 120_000);
afterAll(async () => await cli.close());

describe('--as-known-on', () => {
  const THEN = ['--as-known-on', '2018-04-16T09:00:00+08:00'];
  const INSTANT = '2018-04-16T01:00:00.000Z';

  test('tells what was known and posted then, and says which instant that was', async () => {
    const [explained, transfers, balances, trial] = await Promise.all([
      cli.json<{ as_known_on: string; items: { gross: object }[] }>(['explain', ...DAY, ...THEN], LATEST),
      cli.json<{ as_known_on: string; items: object[] }>(['ledger', 'transfers', ...THEN], LATEST),
      cli.json(['ledger', 'balances', '--account', 'payable', ...THEN], LATEST),
      cli.json<{ as_known_on: string; items: object[] }>(['ledger', 'trial-balance', ...THEN], LATEST),
    ]);
    expect(explained.data).toMatchObject({ as_known_on: INSTANT, status: 'settled' });
    expect(explained.data.items[0]?.gross).toEqual({ amount: '61.000001', currency: 'CNY' });
    expect([transfers.data.as_known_on, transfers.data.items.length]).toEqual([INSTANT, 2]);
    expect(balances.data).toEqual({
      as_known_on: INSTANT,
      items: [{ developer_id: 'dev_7', account: 'payable', balance: { amount: '30.5000005', currency: 'CNY' } }],
      next: null,
    });
    expect(trial.data).toMatchObject({ as_known_on: INSTANT, balanced: true });
    expect(trial.data.items).toContainEqual(
      expect.objectContaining({ account: 'ad_revenue', balance: { amount: '-61.000001', currency: 'CNY' } }),
    );
  });

  test('of the future is refused', async () => {
    const future = ['--as-known-on', '2018-04-18T09:00:00.001+08:00'];
    for (const command of [
      ['explain', ...DAY],
      ['ledger', 'transfers'],
      ['ledger', 'balances'],
      ['ledger', 'trial-balance'],
    ]) {
      const refused = await cli.run([...command, ...future], LATEST);
      expect([refused.exitCode, refused.stdout]).toEqual([1, '']);
      expect(onlyComplaint(refused)).toMatch(
        /lies in the future, now is 2018-04-18T01:00:00.000Z; give an instant that is past/,
      );
    }
  }, 30_000);
});

test('a transfer and an event are explained by their ids', async () => {
  const { data } = await cli.json<{ items: { id: string; reason: string; version: number }[] }>(
    ['ledger', 'transfers'],
    LATEST,
  );
  const id = data.items.find(row => row.reason === 'developer_share' && row.version === 2)?.id ?? '';
  const [transfer, event, byDeveloper] = await Promise.all([
    cli.run(['explain', '--transfer', id], LATEST),
    cli.run(['explain', '--event', 'c-3', '--type', 'click', '--app', 'app_7_1'], LATEST),
    cli.json(['explain', '--event', 'c-3', '--type', 'click', '--developer', 'dev_7'], LATEST),
  ]);
  expect(transfer.stdout).toContain('worth then − posted before = 34.0000005 − 30.5000005 = 3.50\n');
  expect(event.stdout).toContain('from second.ndjson line 1, accepted 2018-04-17T01:00:00.000Z\n');
  expect(event.stdout).toContain(`    transfer ${id}, corrects `);
  expect(byDeveloper.data).toMatchObject({ verdict: { valid: true }, accepted: { batch_seq: 2 } });
});

test("a day's events come in pages, as text, JSON and CSV", async () => {
  const events = ['explain', ...DAY, '--events'];
  const page = await cli.json<{ items: { id: string }[]; next: string }>([...events, '--limit', '2'], LATEST);
  expect(page.data.items.map(row => row.id)).toEqual(['c-3', 'c-1']);
  const rest = await cli.run([...events, '--limit', '2', '--after', page.data.next, '--csv'], LATEST);
  expect(rest.stdout.split('\n')).toEqual([
    'occurred_at,id,type,ad_unit_id,price,priced_by,gross,currency,verdict,invalidation_id,batch_seq,batch_id,file,line_no',
    expect.stringMatching(
      /^2018-04-15T03:00:00.000Z,c-2,click,unit_7_1_b,1.000001,line,1.000001,CNY,valid,,1,[0-9a-f-]{36},first.ndjson,2$/,
    ),
    '',
  ]);
  expect((await cli.run([...events, '--limit', '1'], LATEST)).stderr).toContain("go on with --after '");
});

test.each([
  [['explain'], 'there is nothing to explain'],
  [['explain', '--app', 'app_7_1'], 'there is nothing to explain'],
  [['explain', '--transfer', 'x', '--app', 'app_7_1'], '--app does not go with the other options'],
  [['explain', '--transfer', 'x', '--as-known-on', '2018-04-16T09:00:00Z'], '--as-known-on does not go with'],
  [
    ['explain', '--event', 'c-1', '--app', 'app_7_1'],
    'an event is named by --type and by one of --app and --developer',
  ],
  [['explain', '--event', 'c-1', '--type', 'click'], 'an event is named by'],
  [['explain', '--event', 'c-1', '--type', 'click', '--app', 'a', '--developer', 'd'], 'an event is named by'],
  [['explain', '--event', 'c-1', '--type', 'view', '--app', 'a'], 'Allowed choices are impression, click'],
  [['explain', ...DAY, '--limit', '3'], '--limit does not go with the other options'],
  [['explain', ...DAY, '--as-known-on', 'yesterday'], 'Give an instant with its offset'],
])('%j is wrong use', async (args, says) => {
  const refused = await cli.run(args, LATEST);
  expect([refused.exitCode, refused.stdout]).toEqual([2, '']);
  expect(refused.stderr).toContain(says);
});
