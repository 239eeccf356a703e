import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CliFolder, onlyComplaint } from '../support/cli.ts';

interface Page {
  readonly items: readonly Record<string, unknown>[];
  readonly next: string | null;
}

const cli = new CliFolder();
const DAY = '2018-04-15';
const now = { env: { APPORTION_CLOCK: '2018-04-20T09:00:00+08:00' } };

beforeAll(async () => {
  await cli.run(['generate', '--apps', '12', '--events', '400', '--day', DAY, '--out', 'sample'], now);
  for (const kind of ['catalog', 'plans']) await cli.run([kind, 'import', `sample/${kind}.json`], now);
  await cli.run(['ingest', 'sample/events.ndjson', '--as-of', '2018-04-16T02:00:00+08:00'], now);
  const settled = await cli.run(['settle', '--due'], now);
  expect(settled.exitCode, settled.stderr).toBe(0);
}, 120_000);
afterAll(async () => await cli.close());

/** A list with the columns of its CSV. */
const LISTS: readonly (readonly [string, string])[] = [
  [
    'ledger transfers',
    'id,developer_id,app_id,business_date,period,debit,credit,amount,currency,reason,run_id,version,link,corrects,booked_at,provider_id,decision_id,fund_id,payout_id',
  ],
  ['ledger balances', 'developer_id,account,balance,currency'],
  ['ledger balances --by reason,day,booked-day', 'reason,business_date,booked_on,account,balance,currency'],
  ['ledger ageing', 'developer_id,period,since,days,owed,currency'],
  ['ledger revenue', 'business_date,gross,shared,platform_share,forfeiture_kept,revenue,currency'],
  [
    'ledger revenue --by plan,day,category',
    'business_date,category,plan_id,plan_version,gross,shared,platform_share,forfeiture_kept,revenue,currency',
  ],
  [
    'runs',
    'run_id,business_date,requested_at,finished_at,duration_ms,buckets,buckets_done,apps,apps_without_plan,transfers,first_reference_version,last_reference_version',
  ],
];

describe.each(LISTS)('%s', (command, columns) => {
  const args = command.split(' ');

  test('is given as JSON and as CSV, whole and in pages that join', async () => {
    const { data: whole } = await cli.json<Page>(args, now);
    expect(whole.next).toBeNull();
    expect(whole.items.length).toBeGreaterThan(2);
    const [header, ...lines] = (await cli.run([...args, '--csv'], now)).stdout.trimEnd().split('\n');
    expect(header).toBe(columns);
    expect(lines).toHaveLength(whole.items.length);
    const { data: first } = await cli.json<Page>([...args, '--limit', '2'], now);
    expect(first.items).toEqual(whole.items.slice(0, 2));
    const rest = await cli.json<Page>([...args, '--after', first.next ?? ''], now);
    expect(rest.data.items).toEqual(whole.items.slice(2));
    const csv = await cli.run([...args, '--csv', '--limit', '1', '--after', first.next ?? ''], now);
    expect(csv.stdout.trimEnd().split('\n')).toEqual([columns, lines[2]]);
    if (whole.items.length > 3) expect(onlyComplaint(csv)).toMatch(/there are more rows; go on with --after '\S+'$/);
  });

  test('is a table on a terminal', async () => {
    const { stdout, exitCode } = await cli.run([...args, '--limit', '1'], now);
    expect(stdout.trimEnd().split('\n')).toHaveLength(2);
    expect(exitCode).toBe(0);
  });
});

test('a run and the trial balance are given as CSV too', async () => {
  const { data } = await cli.json<Page>(['runs', '--limit', '1'], now);
  const runId = String(data.items[0]?.run_id);
  const header = async (...args: string[]) => (await cli.run([...args, '--csv'], now)).stdout.split('\n')[0];
  expect(await header('runs', runId)).toBe(
    'bucket,cutoff_seq,reference_version,apps,apps_without_plan,transfers,started_at,finished_at',
  );
  expect(await header('ledger', 'trial-balance', '--run', runId)).toBe('account,debits,credits,balance,currency');
  expect(await header('ledger', 'trial-balance', '--by-period')).toBe(
    'period,account,opening,debits,credits,closing,currency',
  );
  expect(await header('ledger', 'ageing', '--summary')).toBe('period,since,days,books,owed,currency');
  expect(await header('decisions', 'list')).toBe(
    'id,kind,status,reason,proposed_by,proposed_at,expires_at,decided_by,decided_at,note',
  );
});

test('what was known on an instant is asked of every query', async () => {
  const asOf = ['--as-known-on', '2018-04-19T00:00:00+08:00'];
  for (const query of ['transfers', 'balances', 'ageing', 'revenue']) {
    const { data } = await cli.json<Page>(['ledger', query, ...asOf], now);
    expect(data, query).toEqual({ as_known_on: '2018-04-18T16:00:00.000Z', items: [], next: null });
  }
  expect((await cli.json(['ledger', 'trial-balance', ...asOf], now)).data).toMatchObject({ items: [], balanced: true });
  const future = await cli.run(['ledger', 'ageing', '--as-known-on', '2019-01-01T00:00:00Z'], now);
  expect(onlyComplaint(future)).toContain('lies in the future');
});

test.each<[string, string, number]>([
  ['transfers --csv --json', "option '--csv' cannot be used with option '--json'", 2],
  ['balances --by colour', '"colour" are not dimensions', 2],
  ['revenue --by day,day', 'Give one or more of day, category, plan', 2],
  ['trial-balance --by-period --run x', "option '--by-period' cannot be used with option '--run <id>'", 2],
  ['ageing --summary --limit 3', "option '--summary' cannot be used with option '--limit <rows>'", 2],
  ['transfers --payout 7', '"7" is not the id of a payout', 2],
  ['transfers --link 7', '"7" is not a link of two transfers', 2],
  ['transfers --developer dev_1 --fund growth', 'a book has one owner', 2],
  ['balances --fund growth', '"growth" is no incentive fund', 1],
  ['ageing --developer nobody', '"nobody" is not a developer', 1],
])('ledger %s is refused', async (args, says, exitCode) => {
  const result = await cli.run(['ledger', ...args.split(' ')], now);
  expect(result.stderr).toContain(says);
  expect(result.exitCode).toBe(exitCode);
});

test('a refusal of an export is all that is printed', async () => {
  const { data, exitCode } = await cli.json(['ledger', 'transfers', '--developer', 'nobody'], now);
  expect(data).toMatchObject({ error: { code: 'unknown_developer' } });
  expect(exitCode).toBe(1);
});
