import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Command } from 'commander';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeProgram } from '../../src/cli/main.ts';
import { CliFolder, complaints, onlyComplaint } from '../support/cli.ts';
import { processesBelow } from '../support/embedded.ts';

const DAY = '2018-04-15';
const AS_OF = ['--as-of', '2018-04-16T02:00:00+08:00'];
const APPS = 500;
const EVENTS = 4_000;

/** With the commands below it, and theirs. */
function familyOf(command: Command): Command[] {
  return [command, ...command.commands.flatMap(familyOf)];
}

const ALL = familyOf(await makeProgram({ onGiven: () => {} }));
const COMMANDS = ALL.filter(command => command.commands.length === 0);

/** As it is typed after the program's name. */
function nameOf(command: Command): string {
  return command.parent === null ? '' : `${nameOf(command.parent)} ${command.name()}`.trimStart();
}

function helpOf(command: Command): string {
  let help = '';
  command.configureOutput({ writeOut: text => (help += text) });
  command.outputHelp();
  return help;
}

interface Counts {
  readonly received: number;
  readonly accepted: number;
  readonly duplicates: number;
  readonly conflicts: number;
  readonly rejected: Record<string, number>;
}

interface Money {
  readonly amount: string;
  readonly currency: string;
}

interface Transfer {
  readonly id: string;
  readonly developer_id: string;
  readonly app_id: string;
  readonly period: string;
  readonly amount: Money;
}

const ANY_MONEY = { amount: expect.stringMatching(/^-?\d+\.\d{2,9}$/), currency: 'CNY' };
const ANY_ID = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

const cli = new CliFolder({}, { fresh: true });
afterAll(async () => await cli.close());

describe('the whole path', () => {
  let predicted: Counts;

  test('commands at once on a fresh home share the servers that one of them starts', async () => {
    const all = await Promise.all([
      cli.run(['migrate', '--json']),
      cli.run(['ledger', 'trial-balance']),
      cli.run(['ledger', 'balances', '--json']),
    ]);
    for (const { exitCode, stderr } of all) expect({ exitCode, stderr }).toMatchObject({ exitCode: 0 });
    const started = all.map(({ stderr }) => stderr).filter(stderr => stderr !== '');
    expect(started).toEqual([expect.stringMatching(/^started Postgres 18\.\S+ .*\n$/)]);
    await cli.app();
  });

  test('what generate predicts is what ingest counts, once and again', async () => {
    const generate = ['generate', '--apps', String(APPS), '--events', String(EVENTS), '--day', DAY, '--out', 'sample'];
    const generated = await cli.json<{ counts: Counts; files: Record<string, string> }>(generate);
    expect(generated.data.files).toEqual({
      catalog: 'sample/catalog.json',
      plans: 'sample/plans.json',
      events: 'sample/events.ndjson',
    });
    predicted = generated.data.counts;
    expect(predicted.received).toBe(EVENTS);
    for (const kind of ['catalog', 'plans']) {
      const load = [kind, 'import', `sample/${kind}.json`];
      expect(await cli.json(load)).toMatchObject({ exitCode: 0 });
      const again = await cli.json<{ added: object; changed: object }>(load);
      const added = kind === 'plans' ? 0 : { developers: 0, apps: 0, ad_units: 0, campaigns: 0 };
      expect(again).toMatchObject({ exitCode: 0, data: { added, changed: added } });
    }

    const ingest = ['ingest', 'sample/events.ndjson', ...AS_OF];
    expect(await cli.json(ingest)).toMatchObject({ exitCode: 0, data: { ...predicted, pending: 0, problems: [] } });
    const seen = predicted.accepted + predicted.duplicates;
    expect(await cli.json(ingest)).toMatchObject({
      exitCode: 0,
      data: { ...predicted, accepted: 0, duplicates: seen },
    });
  });

  test('settle posts what is due, and nothing the second time', async () => {
    const { data, exitCode } = await cli.json<{ items: { apps: number; transfers: number }[] }>(['settle', '--due']);
    expect(exitCode).toBe(0);
    expect(data.items.length).toBeGreaterThan(1);
    for (const item of data.items) {
      const counts = { apps: expect.any(Number), transfers: 2 * item.apps, apps_without_plan: 0 };
      expect(item).toEqual({ run_id: ANY_ID, business_date: expect.stringMatching(/^2018-0[34]-\d\d$/), ...counts });
    }
    expect(await cli.json(['settle', '--due'])).toEqual({ data: { items: [] }, exitCode: 0 });
    expect(await cli.run(['settle', '--date', DAY])).toMatchObject({ stdout: `${DAY}: 0 transfers for 0 apps\n` });
  });

  test('the ledger is listed in the forms of the contract, and balances', async () => {
    const [transfers, balances, trial] = await Promise.all([
      cli.json<{ items: Transfer[]; next: string | null }>(['ledger', 'transfers']),
      cli.json<{ items: object[]; next: string | null }>(['ledger', 'balances', '--account', 'payable']),
      cli.json<{ items: object[]; totals: { balance: Money }[]; balanced: boolean }>(['ledger', 'trial-balance']),
    ]);
    const row = {
      id: ANY_ID,
      developer_id: expect.stringMatching(/^dev_\d+$/),
      app_id: expect.stringMatching(/^app_\d+_\d+$/),
      business_date: expect.stringMatching(/^2018-0[34]-\d\d$/),
      period: expect.stringMatching(/^2018-0[34]-H[12]$/),
      debit: 'ad_revenue',
      credit: expect.stringMatching(/^(payable|platform_share)$/),
      amount: ANY_MONEY,
      reason: expect.stringMatching(/^(developer|platform)_share$/),
      run_id: ANY_ID,
      version: 1,
      link: null,
      corrects: null,
      booked_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      provider_id: null,
      decision_id: null,
      fund_id: null,
      payout_id: null,
    };
    expect(transfers.data.next).toBeNull();
    expect(transfers.data.items.length).toBeGreaterThan(2 * 400);
    for (const item of transfers.data.items) expect(item).toEqual(row);
    expect(Object.keys(transfers.data.items[0] ?? {})).toEqual(Object.keys(row));
    expect(balances.data.next).toBeNull();
    for (const item of balances.data.items) {
      expect(item).toEqual({ developer_id: row.developer_id, account: 'payable', balance: ANY_MONEY });
    }
    expect(trial.data).toMatchObject({ balanced: true, totals: [{ balance: { amount: '0.00', currency: 'CNY' } }] });
    expect([transfers, balances, trial].map(({ exitCode }) => exitCode)).toEqual([0, 0, 0]);
  });

  test('transfers come as pages and as CSV too', async () => {
    const [whole, first, csv] = await Promise.all([
      cli.json<{ items: Transfer[] }>(['ledger', 'transfers']),
      cli.json<{ items: Transfer[]; next: string }>(['ledger', 'transfers', '--limit', '100']),
      cli.run(['ledger', 'transfers', '--csv']),
    ]);
    expect(first.data.items).toEqual(whole.data.items.slice(0, 100));
    const [header, ...rows] = csv.stdout.trimEnd().split('\n');
    expect(header).toBe(
      'id,developer_id,app_id,business_date,period,debit,credit,amount,currency,reason,run_id,version,link,corrects,booked_at,provider_id,decision_id,fund_id,payout_id',
    );
    expect(rows.map(row => row.split(',')[7])).toEqual(whole.data.items.map(({ amount }) => amount.amount));
    const second = await cli.run(['ledger', 'transfers', '--limit', '100', '--after', first.data.next, '--csv']);
    expect(second.stdout.trimEnd().split('\n').slice(1)).toEqual(rows.slice(100, 200));
    expect(onlyComplaint(second)).toMatch(/^apportion: there are more rows; go on with --after '\S+'$/);
  });

  test('statement and explain tell where an amount comes from, verify finds nothing', async () => {
    const statement = ['statement', '--developer', 'dev_1', '--period', '2018-04-H1'];
    const explain = ['explain', '--app', 'app_1_1', '--date', DAY];
    const [paid, printed, explained, told, verified] = await Promise.all([
      cli.json<{ items: object[] }>(statement),
      cli.run(statement),
      cli.json<{ items: object[]; runs: object[] }>(explain),
      cli.run(explain),
      cli.json(['verify']),
    ]);
    const period = { id: '2018-04-H1', from: '2018-04-01', to: '2018-04-15' };
    expect(paid.data).toMatchObject({ developer: { id: 'dev_1' }, period, status: 'settled' });
    expect(paid.data.items).toHaveLength(1);
    expect(explained.data).toMatchObject({ app: { id: 'app_1_1' }, business_date: DAY, status: 'settled' });
    expect([explained.data.items.length, explained.data.runs.length]).toEqual([1, 1]);
    for (const { stdout, stderr, exitCode } of [printed, told]) {
      expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
      expect(stdout).toContain('app_1_1');
    }
    expect(verified).toMatchObject({
      exitCode: 0,
      data: { items: [], differences: 0, pending: { batches: 0, due_days: 0 } },
    });
  });
});

describe('ingest', () => {
  function lines(prefix: string, occurredAt = `${DAY}T10:00:00+08:00`): string {
    const event = { type: 'impression', occurred_at: occurredAt, app_id: 'app_1_1', ad_unit_id: 'unit_1_1_a' };
    return ['a', 'b', 'c']
      .map(id => `${JSON.stringify({ id: `${prefix}-${id}`, ...event, currency: 'CNY', price: '1' })}\n`)
      .join('');
  }

  test('reads gzip and zstd as they are, whatever their names', async () => {
    const files = [
      cli.write('packed-1', gzipSync(lines('gzip'))),
      cli.write('packed-2', zstdCompressSync(lines('zstd'))),
      cli.write('plain', lines('plain')),
    ];
    const { data, exitCode } = await cli.json(['ingest', ...files, ...AS_OF]);
    expect(data).toMatchObject({ received: 9, accepted: 9, rejected: {} });
    expect(exitCode).toBe(0);
  });

  test('judges an old log by the present unless told --as-of', async () => {
    const { data } = await cli.json(['ingest', cli.write('old', lines('old'))]);
    expect(data).toMatchObject({ accepted: 0, rejected: { too_late: 3 } });
    expect(await cli.json(['ingest', 'old', ...AS_OF])).toMatchObject({ data: { accepted: 3, rejected: {} } });
  });

  test('--no-wait returns with the lines pending; whoever works on their bucket next takes them along', async () => {
    const handedIn = await cli.json(['ingest', '--no-wait', cli.write('unawaited', lines('unawaited')), ...AS_OF]);
    expect(handedIn).toMatchObject({ exitCode: 0, data: { received: 3, pending: 3, accepted: 0 } });
    const { data } = await cli.json(['ingest', cli.write('awaited', lines('awaited')), ...AS_OF]);
    expect(data).toMatchObject({ received: 3, accepted: 3, pending: 0 });
    const verified = await cli.json(['verify']);
    expect(verified.data).toMatchObject({ differences: 0, pending: { batches: 0, due_days: 1 } });
  });

  test('reads an iPinYou log by the catalog derived from it', async () => {
    const columns = Array.from({ length: 24 }, (_, index) => `column ${index + 1}`);
    const line = columns.with(0, 'bid').with(1, '20131021192300738').with(2, '1').with(9, 'domain').with(12, 'slot');
    const log = cli.write('log.txt', `${line.with(13, '300').with(14, '250').with(20, '294').join('\t')}\n`);
    const derived = await cli.json(['catalog', 'derive', '--format', 'ipinyou', log]);
    expect(derived.data).toMatchObject({ ad_units: [{ id: 'domain/slot', app_id: 'domain', format: '300x250' }] });
    await cli.run(['catalog', 'import', cli.write('derived.json', JSON.stringify(derived.data))]);
    const asOf = ['--as-of', '2013-10-22T00:00:00+08:00'];
    const ingested = await cli.json(['ingest', '--format', 'ipinyou', log, ...asOf]);
    expect(ingested.data).toMatchObject({ received: 1, accepted: 1 });
  });
});

describe('settle', () => {
  test('refuses a day that is not over, by the clock that it is told; the clock never goes back', async () => {
    const env = { APPORTION_CLOCK: `${DAY}T23:59:59+08:00` };
    const today = await cli.run(['settle', '--date', DAY], { env });
    expect(onlyComplaint(today)).toBe(
      `apportion: ${DAY} is not over yet: today is ${DAY}; settle it after midnight of the business time zone`,
    );
    expect(today).toMatchObject({ exitCode: 1, stdout: '' });
    const back = await cli.run(['verify'], { env: { APPORTION_CLOCK: `${DAY}T23:59:58+08:00` } });
    expect(onlyComplaint(back)).toBe(
      'apportion: APPORTION_CLOCK: 2018-04-15T15:59:58.000Z is before 2018-04-15T15:59:59.000Z, which an earlier command was told; give that instant or a later one',
    );
    expect(back.exitCode).toBe(2);
  });

  test('exits 1 where no plan covers an app, naming it, and its day stays due', async () => {
    const settle = await cli.run(['settle', '--date', '2013-10-21']);
    expect(settle.stdout).toMatch(/^2013-10-21: 0 transfers for 0 apps; 1 .*without a plan/);
    expect(settle.exitCode).toBe(1);
    expect(onlyComplaint(settle)).toBe(
      'apportion: no plan covers these apps on 2013-10-21: domain (CNY); import a plan, then settle again',
    );
    expect(await cli.json(['settle', '--date', '2013-10-21'])).toMatchObject({
      data: { items: [{ apps_without_plan: 1 }] },
    });
  });
});

describe('every command', () => {
  beforeAll(async () => {
    await cli.app();
  });

  test.each(COMMANDS.map(command => [nameOf(command), command] as const))(
    '%s --help ends with an example',
    (name, command) => {
      const help = helpOf(command);
      expect(help).toMatch(new RegExp(`\nExample:\n  .*npx apportion ${name}\\b.*\n$`));
      expect(help).toMatch(/^ +--json +print one JSON object$/m);
    },
  );

  test.concurrent('the program and its groups of commands have an example too', async () => {
    const groups = ALL.filter(command => !COMMANDS.includes(command));
    for (const group of groups) expect(helpOf(group)).toMatch(/\nExample:\n {2}npx apportion .*\n$/);
    for (const group of [[], ['payouts', 'terms'], ['verify']]) {
      const { stdout, exitCode } = await cli.run([...group, '--help']);
      expect(stdout).toMatch(/\nExample:\n {2}npx apportion .*\n$/);
      expect(exitCode).toBe(0);
    }
  });

  const WRONG: readonly { args: string[]; says: string }[] = [
    { args: ['frobnicate'], says: "unknown command 'frobnicate'" },
    { args: ['verify', '--quick'], says: "unknown option '--quick'" },
    { args: ['ingest'], says: "missing required argument 'files'" },
    {
      args: ['settle', '--date', '2018-02-30'],
      says: '"2018-02-30" is not a date; write a date that exists as YYYY-MM-DD',
    },
    { args: ['settle'], says: 'settle needs one of --date, --due and --run; give one of them' },
    { args: ['settle', '--date', DAY, '--to', '2018-04-01'], says: `--to 2018-04-01 is before --date ${DAY}` },
    {
      args: ['settle', '--date', '1970-01-01', '--to', DAY],
      says: `1970-01-01 to ${DAY} is more than 400 days; settle it in parts`,
    },
    { args: ['statement', '--developer', 'dev_1', '--period', '2018-13'], says: '"2018-13" is not a period' },
    { args: ['ledger', 'balances', '--currency', 'RMB'], says: 'Give an ISO 4217 code in upper case, such as CNY.' },
  ];
  test.concurrent.each(WRONG)('wrong use is exit code 2: $args', async ({ args, says }) => {
    const { stdout, stderr, exitCode } = await cli.run([...args, '--json']);
    expect(stderr).toContain(says);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'bad_usage', message: expect.stringContaining(says), details: {} },
    });
    expect(exitCode).toBe(2);
  });

  const UNKNOWN: readonly { args: string[]; says: string }[] = [
    {
      args: ['statement', '--developer', 'dev_0', '--period', '2018-04'],
      says: '"dev_0" is not a developer of the catalog',
    },
    { args: ['explain', '--app', 'app_0', '--date', DAY], says: '"app_0" is not an app of the catalog' },
  ];
  test.concurrent.each(UNKNOWN)('what is not there is exit code 1: $args', async ({ args, says }) => {
    const result = await cli.run(args);
    expect(onlyComplaint(result)).toContain(says);
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
  });

  test.concurrent('a home that cannot be one is exit code 3', async () => {
    const result = await cli.run(['verify'], { env: { APPORTION_HOME: cli.write('no-folder', '') } });
    expect(onlyComplaint(result)).toMatch(/no-folder can't be used: EEXIST.*choose another one with APPORTION_HOME$/);
    expect(result).toMatchObject({ exitCode: 3, stdout: '' });
  });
});

describe('a reader that leaves early', () => {
  test.concurrent.each(['--csv', '--json'])('is no failure: ledger transfers %s', async form => {
    const shell = '{ "$@"; echo "exit code $?" >&2; } | head -c 100';
    const { stdout, stderr, exitCode } = await cli.run(['ledger', 'transfers', form], { shell });
    expect(stdout).toHaveLength(100);
    expect({ stderr, exitCode }).toEqual({ stderr: 'exit code 0\n', exitCode: 0 });
  });
});

describe('on a terminal', () => {
  const BAR = /accepting sample\/events\.ndjson .*%/;
  const HIDE_CURSOR = '\x1b[?25l';
  const SHOW_CURSOR = '\x1b[?25h';
  // `script` gives the program a terminal of its own.
  const onTerminal = 'exec script --quiet --return --command "$*" /dev/null';

  test('long work shows a bar, and nowhere else', async ({ skip }) => {
    const ingest = ['ingest', 'sample/events.ndjson', ...AS_OF];
    const elsewhere = await cli.run(ingest);
    expect(elsewhere.stdout + elsewhere.stderr).not.toMatch(BAR);
    for (const line of complaints(elsewhere)) expect(line).toMatch(/^apportion: sample\/events\.ndjson:\d+: /);
    const terminal = await cli.run(ingest, { shell: onTerminal });
    if (terminal.exitCode === 127) skip('script (util-linux) is not installed');
    expect(terminal.stdout).toMatch(BAR);
    expect(terminal.stdout).toMatch(/^received +4,000\r$/m);
    expect(terminal.exitCode).toBe(0);
  });

  test('the cursor is back after an interruption', async ({ skip }) => {
    const generate = ['generate', '--apps', '10', '--events', '1000000000', '--day', DAY, '--out', 'endless'];
    const running = cli.start(generate, { shell: onTerminal });
    await expect.poll(() => running.stdout() + running.stderr()).toMatch(/generating|not found/);
    if (running.stderr() !== '') skip('script (util-linux) is not installed');
    const program = processesBelow(cli.folder).find(({ command }) => command.startsWith(process.execPath));
    process.kill(program?.pid ?? expect.fail('it does not run'), 'SIGINT');
    await running.result;
    expect(running.stdout().lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(running.stdout().lastIndexOf(HIDE_CURSOR));
  });
});

test('down stops the servers and says whether there was anything to stop', async () => {
  await cli.letGo();
  expect(await cli.run(['down'])).toMatchObject({ exitCode: 0, stdout: 'stopped\n', stderr: '' });
  expect(await cli.json(['down'])).toEqual({ exitCode: 0, data: { stopped: false } });
});
