import { once } from 'node:events';
import { Queue } from 'bullmq';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openLink } from '../../src/queue/link.ts';
import { HALF_MONTHLY, KEY_PREFIX, MAINTENANCE_QUEUE, NIGHTLY, SWEEP } from '../../src/queue/names.ts';
import { DEFAULT_TIMING } from '../../src/queue/timing.ts';
import { CliFolder, type CliOptions, type RunningCli } from '../support/cli.ts';
import { processesNamed, untilNothingLeft } from '../support/embedded.ts';
import { catalogText, planEntry, plansText } from '../support/reference-files.ts';

const AS_OF = ['--as-of', '2018-04-16T02:00:00+08:00'];
const WORKERS = ['event-worker.ts', 'settlement-worker.ts', 'maintenance-worker.ts'];

const cli = new CliFolder({ APPORTION_SWEEP_MS: '1000' });

beforeAll(async () => {
  await cli.app();
  await cli.run(['catalog', 'import', cli.write('catalog.json', catalogText())]);
  await cli.run(['plans', 'import', cli.write('plans.json', plansText(planEntry()))]);
});
afterAll(async () => {
  for (const pid of workers()) process.kill(pid, 'SIGKILL');
  await cli.close();
});

/** Starts `up` and returns once it says so; its workers are still starting then. */
async function startUp(options: CliOptions = {}, ...more: string[]): Promise<RunningCli> {
  const up = cli.start(['up', ...more], options);
  onTestFinished(() => {
    up.child.kill('SIGKILL');
  });
  await expect.poll(() => up.stderr()).toContain('apportion is up: ');
  return up;
}

function workers(name = '-worker.ts'): number[] {
  return processesNamed(cli.folder, '/workers/').flatMap(({ pid, command }) => (command.includes(name) ? [pid] : []));
}

async function untilWorkersRun(up: RunningCli): Promise<void> {
  const ready = () => WORKERS.filter(name => up.stdout().includes(`"name":"${name.slice(0, -3)}","msg":"ready"`));
  await expect.poll(ready).toEqual(WORKERS);
}

async function ingestWithoutWaiting(...ids: string[]): Promise<void> {
  const events = ids.map(id => ({
    ...{ id, type: 'impression', occurred_at: '2018-04-15T10:00:00+08:00', currency: 'CNY', price: '2000' },
    ...{ app_id: 'app_7_1', ad_unit_id: 'unit_7_1_b' },
  }));
  const file = cli.writeEvents(`${ids[0]}.ndjson`, events);
  const { data, exitCode } = await cli.json(['ingest', '--no-wait', file, ...AS_OF]);
  expect({ ...data, exitCode }).toMatchObject({ received: ids.length, accepted: 0, exitCode: 0 });
}

async function count(rows: string): Promise<number> {
  const { db } = await cli.app();
  return (await db.query(`select from ${rows}`)).rows.length;
}

test('workers are processes of their own, take what others hand in, come back when killed, and end with Ctrl-C', async () => {
  const up = await startUp();
  await untilWorkersRun(up);
  for (const name of WORKERS) expect(workers(name).length).toBeGreaterThan(0);

  await ingestWithoutWaiting('a', 'b');
  await expect.poll(() => count('inbox_batches where seq is null')).toBe(0);
  expect(await count('earnings')).toBe(1);

  const killed = workers('event-worker.ts');
  for (const pid of killed) process.kill(pid, 'SIGKILL');
  await expect.poll(() => up.stderr()).toContain('event-worker ended (SIGKILL); starting it again');
  await ingestWithoutWaiting('c');
  await expect.poll(() => count('inbox_batches where seq is null')).toBe(0);
  expect(workers('event-worker.ts').filter(pid => killed.includes(pid))).toEqual([]);

  up.child.kill('SIGINT');
  const { stdout, stderr, exitCode } = await up.result;
  expect(exitCode).toBe(0);
  expect(stderr).toMatch(/\nstopping\n$/);
  expect(stdout).toMatch(/\nstopped\n$/);
  expect(workers()).toEqual([]);
});

test('the nightly and the half-monthly work are on the clock of the business time zone, and the sweep beside them', async () => {
  const { backend } = await cli.app();
  const link = await openLink(backend, { use: 'produce', timing: DEFAULT_TIMING, onError: () => {} });
  const queue = new Queue(MAINTENANCE_QUEUE, { connection: link.connection, prefix: KEY_PREFIX }, link.factory);
  queue.on('error', () => {});
  const schedulers = await queue.getJobSchedulers();
  await queue.close();
  await link.close();
  const nightly = schedulers.find(({ key }) => key === NIGHTLY);
  expect(nightly).toMatchObject({ pattern: '30 3 * * *', tz: 'Asia/Shanghai' });
  expect(new Date(nightly?.next ?? 0).toISOString()).toMatch(/T19:30:00\.000Z$/);
  const halfMonthly = schedulers.find(({ key }) => key === HALF_MONTHLY);
  expect(halfMonthly).toMatchObject({ pattern: '30 4 * * *', tz: 'Asia/Shanghai' });
  expect(schedulers.find(({ key }) => key === SWEEP)).toMatchObject({ every: 1_000 });
});

test('a night that was missed is made up for, and down ends everything', async () => {
  expect(await count('due_days')).toBe(1);
  const up = await startUp({ env: { APPORTION_NIGHTLY: '* * * * * *' } }, '--json');
  await expect.poll(() => count('due_days')).toBe(0);
  const balances = await cli.json(['ledger', 'balances', '--account', 'payable']);
  expect(balances.data).toMatchObject({
    items: [{ developer_id: 'dev_7', balance: { amount: '3.00', currency: 'CNY' } }],
  });

  await cli.letGo();
  expect(await cli.run(['down'])).toMatchObject({ exitCode: 0, stdout: 'stopped\n' });
  const { stdout, stderr, exitCode } = await up.result;
  expect(stderr).toContain(`apportion: the servers of ${cli.home} were stopped; run the command again to start them\n`);
  expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'servers_stopped' } });
  expect(exitCode).toBe(3);
  await untilNothingLeft(cli.folder);
});

test('after SIGKILL nothing is left of it, whether its workers run or are still starting', async () => {
  for (const untilThen of [untilWorkersRun, async () => {}]) {
    const up = await startUp();
    await untilThen(up);
    up.child.kill('SIGKILL');
    await once(up.child, 'exit');
    await expect.poll(() => workers()).toEqual([]);
  }
  await untilNothingLeft(cli.folder);
});
