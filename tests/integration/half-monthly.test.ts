import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type App, openApp } from '../../src/app.ts';
import { closeDuePeriods } from '../../src/close-due.ts';
import { readConfig } from '../../src/config.ts';
import { runHalfMonthly } from '../../src/half-monthly.ts';
import { runMaintenance, runNightly } from '../../src/maintenance.ts';
import type { Status } from '../../src/status.ts';
import { runEventWorkers, runSettlementWorkers } from '../../src/worker-set.ts';
import { CliFolder } from '../support/cli.ts';
import { CATALOG, PERSONS } from '../support/deciding.ts';
import { currencyEntry, withholdingEntry } from '../support/payout-terms.ts';

const APRIL = '2018-05-03T09:00:00+08:00';
const MAY = '2018-05-19T09:00:00+08:00';
const JUNE = '2018-06-03T09:00:00+08:00';
const HALF_OF_JUNE = '2018-06-18T09:00:00+08:00';
const JULY = '2018-07-18T09:00:00+08:00';
const MAINTENANCE = fileURLToPath(new URL('../../workers/maintenance-worker.ts', import.meta.url));
/** Proposes, so that he can't approve. */
const SCHEDULE = { APPORTION_SCHEDULE_ACTOR: 'chen.jie' };
const EVERY_SECOND = { APPORTION_NIGHTLY: '* * * * * *', APPORTION_HALF_MONTHLY: '* * * * * *' };
const PLAN = {
  ...{ id: 'half', scope: { default: true }, currency: 'CNY', effective_from: '2018-01-01', basis: 'app_day' },
  ...{ mode: 'marginal', tiers: [{ share: '0.50' }] },
};

const cli = new CliFolder({ APPORTION_BUCKETS: '4' });
let clock = APRIL;

beforeAll(async () => {
  await cli.app();
  await run('catalog', 'import', cli.write('catalog.json', JSON.stringify(CATALOG)));
  await run('plans', 'import', cli.write('plans.json', JSON.stringify({ plans: [PLAN] })));
  await run('persons', 'import', cli.write('persons.json', JSON.stringify({ persons: PERSONS })));
  const terms = {
    currencies: [currencyEntry()],
    withholding: [withholdingEntry({ id: 'de', country: 'DE', tiers: [{ rate: '0.10' }] })],
  };
  await run('payouts', 'terms', 'import', cli.write('terms.json', JSON.stringify(terms)), '--actor', 'li.wei');
  await recordPayees([{ id: 'dev_7', destination: 'vault:7' }]);
  await ingest([click('a', '2018-04-05', '1000'), click('b', '2018-04-20', '600')]);
}, 120_000);
afterAll(async () => await cli.close());

async function run(...args: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await cli.run(args, { env: { APPORTION_CLOCK: clock } });
  expect(exitCode, `${args.join(' ')}: ${stderr}`).toBe(0);
  return stdout;
}

async function recordPayees(payees: readonly object[]): Promise<void> {
  await run('payouts', 'payees', 'import', cli.write('payees.json', JSON.stringify({ payees })), '--actor', 'li.wei');
}

async function ingest(events: readonly object[]): Promise<void> {
  await run('ingest', cli.writeEvents('events.ndjson', events));
}

function click(id: string, day: string, price: string, number = '7_1'): object {
  return {
    ...{ id, type: 'click', occurred_at: `${day}T10:00:00+08:00`, app_id: `app_${number}`, currency: 'CNY', price },
    ad_unit_id: `unit_${number}`,
  };
}

async function decide(decision: { readonly id: string } & Record<string, unknown>): Promise<void> {
  const file = { reason: 'a test', evidence: [{ text: 'none' }], ...decision };
  await run('decisions', 'propose', cli.write('decision.json', JSON.stringify(file)), '--actor', 'li.wei');
  await run('decisions', 'approve', decision.id, '--actor', 'wang.fang');
}

/** The application as a worker process has it, with the clock of the test. */
async function worker(env: Readonly<Record<string, string>> = SCHEDULE): Promise<App> {
  const app = await openApp(readConfig({ APPORTION_HOME: cli.home, APPORTION_CLOCK: clock, ...env }, cli.folder));
  onTestFinished(() => app.close());
  return app;
}

async function halfMonthly(app: App): Promise<string[]> {
  const errors: string[] = [];
  await runHalfMonthly(app, { onError: error => errors.push(error.message) });
  return errors;
}

/** All that half-months leave behind, in words. */
async function done(): Promise<Record<'closed' | 'statements' | 'batches' | 'decisions', string[]>> {
  const { db } = await cli.app();
  const texts = async (sql: string) => (await db.query<{ text: string }>(sql)).rows.map(row => row.text);
  return {
    closed: await texts('select period as text from period_seals order by period'),
    statements: await texts(
      `select concat_ws(' ', period, owner_id) as text from issued_statements order by period, owner_id`,
    ),
    batches: await texts(
      `select format('%s due %s: %s of %s', batch_id, due_on, payouts, div(amount_nanos, 1000000000)) as text
       from payout_batches order by batch_id`,
    ),
    decisions: await texts(
      `select format('%s by %s%s', decision_id, d.proposed_by, ' ' || outcome) as text
       from decisions as d left join decision_outcomes using (decision_id) order by decision_id`,
    ),
  };
}

async function status(): Promise<Status> {
  const { stdout } = await cli.run(['status', '--json'], { env: { APPORTION_CLOCK: clock } });
  return JSON.parse(stdout) as Status;
}

const AFTER_APRIL = {
  closed: ['2018-04-H1', '2018-04-H2'],
  statements: ['2018-04-H1 dev_7', '2018-04-H2 dev_7'],
  batches: ['2018-04-H1-CNY-1 due 2018-04-25: 1 of 500', '2018-04-H2-CNY-1 due 2018-05-10: 1 of 300'],
  decisions: [
    'closing by li.wei applied',
    'payouts-2018-04-H1-CNY-1 by chen.jie',
    'payouts-2018-04-H2-CNY-1 by chen.jie',
  ],
};

test('without a standing order nothing is closed, and status says what is open', async () => {
  expect(await halfMonthly(await worker())).toEqual([]);
  expect(await done()).toEqual({ closed: [], statements: [], batches: [], decisions: [] });
  const { periods, payouts, stuck } = await status();
  expect(periods).toMatchObject({
    last_closed: null,
    open: ['2018-04-H1', '2018-04-H2'],
    closes_on: null,
    unissued: [],
  });
  expect(periods.blocks.map(block => block.code)).toEqual(['days_due']);
  expect(payouts).toMatchObject({ due: { payouts: 0 }, unmatched_answers: 0 });
  expect(stuck).toEqual([]);
  const text = await run('status');
  expect(text).toMatch(
    /^periods +none closed yet; 2018-04-H1, 2018-04-H2 are over and open; no standing order to close$/m,
  );
  expect(text).toMatch(/^payouts +nothing waits$/m);
});

test('under one, workers make up for all that was missed, each period paid by itself, and again change nothing', async () => {
  await decide({ id: 'closing', kind: 'closing_schedule', parameters: { after_days: 2 } });
  expect(await status()).toMatchObject({
    periods: { closes_on: '2018-04-18' },
    stuck: [expect.stringMatching(/^2018-04-H1 was to be closed on 2018-04-18: .*2018-04-05.* not settled; run:/)],
  });

  const errors: Error[] = [];
  const onError = (error: Error) => errors.push(error);
  const app = await worker({ ...SCHEDULE, ...EVERY_SECOND });
  const other = await worker({ ...SCHEDULE, ...EVERY_SECOND });
  const workers = [
    await runEventWorkers(app, onError),
    await runSettlementWorkers(app, onError),
    await runMaintenance(app, onError),
    await runMaintenance(other, onError),
  ];
  try {
    await expect.poll(done).toEqual(AFTER_APRIL);
    const runs = async () =>
      (
        await app.db.query(
          `select from audit_entries join audit_results using (entry_id) where command = 'half-monthly'`,
        )
      ).rows.length;
    const before = await runs();
    await expect.poll(runs).toBeGreaterThan(before + 2);
  } finally {
    await Promise.all(workers.map(each => each.close()));
  }
  expect(errors).toEqual([]);
  expect(await done()).toEqual(AFTER_APRIL);
});

test('approval is left to people, and not to the one in whose name it was proposed', async () => {
  expect(await status()).toMatchObject({
    periods: { last_closed: { period: '2018-04-H2' }, open: [], closes_on: '2018-05-18', unissued: [] },
    payouts: {
      due: { payouts: 0 },
      proposed: {
        ...{ payouts: 2, overdue: 1, due_on: '2018-04-25' },
        batches: ['2018-04-H1-CNY-1', '2018-04-H2-CNY-1'],
      },
    },
    schedules: { nightly: { result: 'done' }, half_monthly: { result: 'done' } },
    stuck: [],
  });
  const own = await cli.run(['decisions', 'approve', 'payouts-2018-04-H1-CNY-1', '--actor', 'chen.jie']);
  expect(own.exitCode).toBe(1);
  await run('decisions', 'approve', 'payouts-2018-04-H1-CNY-1', '--actor', 'wang.fang');
  await run('decisions', 'reject', 'payouts-2018-04-H2-CNY-1', '--actor', 'wang.fang');
  expect(await status()).toMatchObject({
    payouts: {
      due: { payouts: 1, overdue: 0, batches: ['2018-04-H2-CNY-1'] },
      proposed: { payouts: 0 },
      approved: { payouts: 1, overdue: 1, batches: ['2018-04-H1-CNY-1'] },
    },
  });
  const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const rows = (await run('status')).split('\n').filter(row => /^(periods|payouts| ) /.test(row));
  expect(rows).toHaveLength(3);
  expect(page).toContain(`\n${rows.join('\n')}\n`);
});

test('what somebody has rejected is not proposed again', async () => {
  expect(await halfMonthly(await worker())).toEqual([]);
  expect((await done()).decisions).toEqual([
    'closing by li.wei applied',
    'payouts-2018-04-H1-CNY-1 by chen.jie applied',
    'payouts-2018-04-H2-CNY-1 by chen.jie rejected',
  ]);
});

test('three workers at once do it as one does', async () => {
  clock = MAY;
  await ingest([click('c', '2018-05-04', '2000')]);
  const apps = [await worker(), await worker(), await worker()];
  expect((await Promise.all(apps.map(halfMonthly))).flat()).toEqual([]);
  const { closed, statements, batches, decisions } = await done();
  expect(closed.slice(2)).toEqual(['2018-05-H1']);
  expect(statements.slice(2)).toEqual(['2018-05-H1 dev_7']);
  expect(batches.slice(2)).toEqual(['2018-05-H1-CNY-1 due 2018-05-25: 1 of 1000']);
  expect(decisions.slice(3)).toEqual(['payouts-2018-05-H1-CNY-1 by chen.jie']);
});

test('what was interrupted goes on, and a step that goes wrong keeps the others from nothing', async () => {
  clock = JUNE;
  await ingest([click('d', '2018-05-18', '800'), click('e', '2018-05-19', '500', '1')]);
  // As a worker that was killed once the period was closed.
  const { closed } = await closeDuePeriods(await worker(), { onError: () => {} });
  expect(closed.map(seal => seal.period)).toEqual(['2018-05-H2']);
  expect((await done()).batches).toHaveLength(3);

  expect(await halfMonthly(await worker({ APPORTION_SCHEDULE_ACTOR: 'seven' }))).toEqual([
    expect.stringContaining('"seven" may not propose "payouts"'),
  ]);
  const { statements, batches, decisions } = await done();
  expect(statements.filter(text => text.startsWith('2018-05-H2'))).toEqual(['2018-05-H2 dev_1', '2018-05-H2 dev_7']);
  expect(batches.slice(3)).toEqual(['2018-05-H2-CNY-1 due 2018-06-10: 1 of 400']);
  expect(decisions).toHaveLength(4);
  expect((await status()).stuck).toEqual([
    expect.stringMatching(/^the half-monthly schedule ended at \S+ with wrong_role: the log/),
  ]);

  // In nobody's name, they are only drawn up.
  expect(await halfMonthly(await worker({}))).toEqual([]);
  expect((await done()).decisions).toHaveLength(4);
  expect(await halfMonthly(await worker())).toEqual([]);
  expect((await done()).decisions).toHaveLength(5);
  expect((await status()).stuck).toEqual([]);
});

test('what has become possible since is drawn up and proposed too', async () => {
  await recordPayees([{ id: 'dev_1', destination: 'vault:1' }]);
  await runNightly(await worker());
  expect(await halfMonthly(await worker())).toEqual([]);
  const { batches, decisions } = await done();
  expect(batches.slice(4)).toEqual(['2018-05-H2-CNY-2 due 2018-06-10: 1 of 250']);
  expect(decisions).toContain('payouts-2018-05-H2-CNY-2 by chen.jie');
  expect(await run('verify')).toContain('nothing differs');
});

test('a period that can not be closed yet is told with its reason, keeps the rest from nothing, and is closed once it can be', async () => {
  clock = HALF_OF_JUNE;
  await ingest([click('u', '2018-06-10', '100'), { ...click('v', '2018-06-10', '1'), currency: 'USD' }]);
  const blocked = expect.stringMatching(
    /^2018-06-H1 can't be closed yet: 2018-06-10 \(1 developer\) is due for apps that no plan covers/,
  );
  expect(await halfMonthly(await worker())).toEqual([blocked]);
  const { periods, schedules, stuck } = await status();
  expect(periods).toMatchObject({ open: ['2018-06-H1'], closes_on: '2018-06-18', blocks: [{ code: 'no_plan' }] });
  expect(schedules.half_monthly).toMatchObject({ result: 'refused', refusal_code: 'period_blocked' });
  expect(stuck).toEqual([
    expect.stringMatching(/^2018-06-H1 was to be closed on 2018-06-18: .*; import a plan for them/),
  ]);
  const usd = { plans: [{ ...PLAN, id: 'usd', currency: 'USD' }] };
  cli.write('usd.json', JSON.stringify(usd));
  await decide({ id: 'usd-plan', kind: 'plan', parameters: { file: 'usd.json' } });
  expect(await halfMonthly(await worker())).toEqual([]);
  expect((await done()).closed).toContain('2018-06-H1');
  expect((await status()).stuck).toEqual([]);
});

test('a worker that is killed between any two steps leaves nothing undone and nothing twice', {
  timeout: 180_000,
}, async () => {
  clock = JULY;
  await ingest([click('f', '2018-06-20', '1200'), click('g', '2018-07-05', '1400')]);
  const before = await done();
  const env = { ...process.env, APPORTION_HOME: cli.home, APPORTION_CLOCK: clock, ...SCHEDULE, ...EVERY_SECOND };
  let running: ChildProcess | null = null;
  onTestFinished(() => {
    running?.kill('SIGKILL');
  });
  /** Until so many more are there than before. */
  const untilKilledAt = async (what: keyof typeof before, more: number) => {
    const child = spawn(process.execPath, [MAINTENANCE], { cwd: cli.folder, env, stdio: 'ignore' });
    running = child;
    const count = async () => (await done())[what].length - before[what].length;
    await expect.poll(count, { timeout: 40_000, interval: 10 }).toBeGreaterThanOrEqual(more);
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  await untilKilledAt('closed', 1);
  await untilKilledAt('batches', 1);
  await untilKilledAt('closed', 2);
  await untilKilledAt('statements', 1);
  await untilKilledAt('decisions', 2);
  const { closed, statements, batches, decisions } = await done();
  expect(closed.slice(before.closed.length)).toEqual(['2018-06-H2', '2018-07-H1']);
  expect(batches.slice(before.batches.length)).toEqual([
    '2018-06-H2-CNY-1 due 2018-07-10: 1 of 650',
    '2018-07-H1-CNY-1 due 2018-07-25: 1 of 700',
  ]);
  expect(statements.slice(before.statements.length)).toEqual([
    ...['2018-06-H2 dev_1', '2018-06-H2 dev_7', '2018-07-H1 dev_1', '2018-07-H1 dev_7'],
  ]);
  expect(decisions.filter(text => !before.decisions.includes(text))).toEqual([
    'payouts-2018-06-H2-CNY-1 by chen.jie',
    'payouts-2018-07-H1-CNY-1 by chen.jie',
  ]);
  expect(await run('verify')).toContain('nothing differs');
});
