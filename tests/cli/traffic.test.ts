import { afterAll, beforeAll, expect, test } from 'vitest';
import { CliFolder, complaints, onlyComplaint } from '../support/cli.ts';
import { PERSONS } from '../support/deciding.ts';

const cli = new CliFolder({ APPORTION_CLOCK: '2018-04-17T09:00:00+08:00', APPORTION_BUCKETS: '2' });

/** Just what the app below earned on its day. */
const ONE_MAY = { env: { APPORTION_SOLE_LIMIT: 'CNY:180.00' } };

const CATALOG = {
  developers: [{ id: 'dev_7', name: 'Seven Studio', type: 'company', country: 'CN' }],
  apps: [{ id: 'app_7_1', developer_id: 'dev_7', name: 'Lucky Seven', category: 'tools' }],
  ad_units: [{ id: 'unit_7_1_b', app_id: 'app_7_1', format: 'banner' }],
};
const PLAN = {
  ...{ id: 'tiered', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', basis: 'app_day' },
  ...{ mode: 'marginal', tiers: [{ up_to: '100.00', share: '0.50' }, { share: '0.30' }] },
};

function click(id: string, time: string, changes: object = {}): object {
  return {
    ...{ id, type: 'click', occurred_at: `2018-04-15T${time}+08:00`, app_id: 'app_7_1', ad_unit_id: 'unit_7_1_b' },
    ...{ currency: 'CNY', price: '60', device_id: 'd-1' },
    ...changes,
  };
}

beforeAll(async () => {
  await cli.app();
  await cli.run(['catalog', 'import', cli.write('catalog.json', JSON.stringify(CATALOG))]);
  await cli.run(['plans', 'import', cli.write('plans.json', JSON.stringify({ plans: [PLAN] }))]);
  cli.write('traffic.json', JSON.stringify({ traffic_policies: [{ effective_from: '2018-01-01' }] }));
  cli.write('networks.txt', '203.0.113.0/24 # a data centre\n');
  expect((await run('traffic', 'show')).stdout).toMatch(/^no traffic policy: all accepted events count/);
  const imported = await run('traffic', 'import', 'traffic.json', '--data-centres', 'networks.txt');
  expect(imported.stdout).toMatch(
    /^traffic version 3: 1 added, 0 changed, 0 unchanged\n.*known bots recorded\n1 networks of data centres recorded\n$/,
  );
  await run('persons', 'import', cli.write('persons.json', JSON.stringify({ persons: PERSONS })));
});
afterAll(async () => await cli.close());

const run = async (...args: string[]) => await cli.run(args);
const developerShare = async () =>
  (
    await cli.json<{ items: { account: string; balance: { amount: string } }[] }>(['ledger', 'balances'])
  ).data.items.find(item => item.account === 'payable')?.balance.amount;

// Some thirty commands.
test('traffic is judged, invalidated and reinstated from the command line', { timeout: 180_000 }, async () => {
  const again = await cli.json(['traffic', 'import', 'traffic.json', '--data-centres', 'networks.txt']);
  expect(again.data).toEqual({ version: 3, added: 0, changed: 0, unchanged: 1, lists: {} });
  const shown = await cli.json<{ lists: { name: string; entries?: string[] }[] }>(['traffic', 'show', '--lists']);
  expect(shown.data.lists.find(list => list.name === 'data_centres')?.entries).toEqual(['203.0.113.0/24']);
  expect((await run('traffic', 'show')).stdout).toContain('repeated_click           window_ms 10,000');

  cli.writeEvents('events.ndjson', [
    click('c-1', '10:00:00'),
    click('c-2', '10:00:10'),
    click('c-3', '11:00:00'),
    click('c-4', '12:00:00', { ip: '203.0.113.7' }),
  ]);
  const ingested = await run('ingest', 'events.ndjson');
  expect(ingested.stdout).toMatch(/^invalid: data_centre +1$/m);
  await run('settle', '--date', '2018-04-15');
  // 100 × 0.5 + 20 × 0.3
  expect(await developerShare()).toBe('56.00');

  cli.write('events.txt', 'click c-3\n');
  const decision = [
    'invalidate',
    '--app',
    'app_7_1',
    '--events',
    'events.txt',
    '--reason',
    'refund',
    '--actor',
    'li.wei',
  ];
  const named = [...decision, '--id', 'ticket-1', '--note', 'as asked'];
  const alone = await cli.json<{ error: { code: string; details: { decision: object } } }>(named);
  expect(alone).toMatchObject({ exitCode: 1, data: { error: { code: 'needs_decision' } } });
  expect(onlyComplaint(await run(...named))).toContain(
    'to invalidate traffic takes two persons; propose it: write {"id":"ticket-1",',
  );
  const ready = JSON.stringify(alone.data.error.details.decision);
  cli.write('ticket-1.json', ready);
  const blank = await run('decisions', 'propose', 'ticket-1.json', '--actor', 'li.wei');
  expect(onlyComplaint(blank)).toContain('evidence[0].text is "…"; write your own words instead of …');
  cli.write('ticket-1.json', ready.replace('…', 'ticket 1'));
  const proposed = await run('decisions', 'propose', 'ticket-1.json', '--actor', 'li.wei');
  expect(proposed.stdout).toContain('\n  app: app_7_1\n  code: refund\n  events: 1\n    {"type":"click","id":"c-3"}\n');
  expect((await run('decisions', 'withdraw', 'ticket-1', '--actor', 'li.wei')).exitCode).toBe(0);

  const invalidated = await cli.run(named, ONE_MAY);
  expect(invalidated.stdout).toBe(
    'invalidation ticket-1: 1 event of dev_7 on 2018-04-15 not counted (refund); settle --due posts the difference\n',
  );
  expect((await cli.json(named)).data).toMatchObject({ changed: false });
  await run('settle', '--due');
  expect(await developerShare()).toBe('30.00');

  const explained = (await run('explain', '--app', 'app_7_1', '--date', '2018-04-15')).stdout;
  expect(explained).toMatch(/Not counted +Reason +Impressions +Clicks +Gross/);
  for (const reason of ['data_centre', 'refund', 'repeated_click']) {
    expect(explained).toMatch(new RegExp(`^ +unit_7_1_b +${reason} +0 +1 +60\\.00$`, 'm'));
  }
  const statement = await run('statement', '--developer', 'dev_7', '--period', '2018-04-H1');
  expect(statement.stdout).toMatch(/^ +2018-04-15 unit_7_1_b +refund +0 +1 +60\.00$/m);

  const reinstate = ['reinstate', 'ticket-1', '--reason', 'appeal upheld', '--actor'];
  expect(onlyComplaint(await cli.run([...reinstate, 'li.wei'], ONE_MAY))).toContain(
    "earned 180.00 CNY on the days concerned; one person may decide about 180.00 CNY a day, and 180.00 of today's is used",
  );
  expect((await cli.run([...reinstate, 'chen.jie'], ONE_MAY)).exitCode).toBe(0);
  await run('settle', '--due');
  expect(await developerShare()).toBe('56.00');
  const listed = await cli.json<{ items: object[]; next: string | null }>(['invalidations', 'list']);
  expect(listed.data.next).toBeNull();
  expect(listed.data.items).toMatchObject([
    {
      id: 'ticket-1',
      reason: 'refund',
      actor: 'li.wei',
      note: 'as asked',
      events: 1,
      stands: false,
      reinstated: { actor: 'chen.jie' },
    },
  ]);
  expect((await run('invalidations', 'list')).stdout).toMatch(/ticket-1 .* no, reinstated by chen\.jie/);
  const verified = await run('verify');
  expect([complaints(verified), verified.exitCode]).toEqual([[], 0]);
});

test.each([
  [['traffic', 'import', 'bad.json'], 1, 'bad.json: traffic_policies[0].checks.known_bot is "on"; write true or false'],
  [
    ['traffic', 'import', 'traffic.json', '--data-centres', 'bad.txt'],
    1,
    'bad.txt: line 2 is "example.com", no network',
  ],
  [['invalidate', '--app', 'app_7_1', '--reason', 'refund', '--actor', 'li.wei'], 2, 'a slice needs --from and --to'],
  [
    [
      'invalidate',
      '--app',
      'app_7_1',
      '--events',
      'none.txt',
      '--type',
      'click',
      '--reason',
      'refund',
      '--actor',
      'li.wei',
    ],
    2,
    '--events names single events',
  ],
  [
    ['invalidate', '--app', 'app_7_1', '--events', 'bad.txt', '--reason', 'refund', '--actor', 'li.wei'],
    1,
    'bad.txt: line 1 is "203.0.113.0/24", no event',
  ],
  [
    [
      'invalidate',
      '--app',
      'app_7_1',
      '--from',
      '2018-04-15',
      '--to',
      '2018-04-15',
      '--reason',
      'known_bot',
      '--actor',
      'li.wei',
    ],
    2,
    '"known_bot" is the name of an automatic check',
  ],
  [['reinstate', 'nope', '--reason', 'x', '--actor', 'y'], 1, '"y" is no person known'],
  [['reinstate', 'nope', '--reason', 'x', '--actor', 'wang.fang'], 1, 'may not reinstate traffic'],
  [['reinstate', 'nope', '--reason', 'x', '--actor', 'li.wei'], 1, 'there is no invalidation "nope"'],
])('%j is refused', async (args, exitCode, message) => {
  cli.write('traffic.json', JSON.stringify({ traffic_policies: [{ effective_from: '2018-01-01' }] }));
  cli.write(
    'bad.json',
    JSON.stringify({ traffic_policies: [{ effective_from: '2018-01-01', checks: { known_bot: 'on' } }] }),
  );
  cli.write('bad.txt', '203.0.113.0/24\nexample.com\n');
  const result = await cli.run(args);
  expect(result.exitCode).toBe(exitCode);
  expect(onlyComplaint(result)).toContain(message);
});
