import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, acceptDepsOf, openApp, runDepsOf } from '../../src/app.ts';
import { awaitWork } from '../../src/await-work.ts';
import { readConfig } from '../../src/config.ts';
import { importCatalogFile, importPlansFile } from '../../src/decisions/import-alone.ts';
import { parseBusinessDay } from '../../src/domain/business-day.ts';
import { startRedis } from '../../src/embedded/redis.ts';
import { acceptFile } from '../../src/events/accept-file.ts';
import { deriveCatalog } from '../../src/events/derive-catalog.ts';
import { countPending } from '../../src/events/inbox.ts';
import { type IngestSummary, summariseIngests } from '../../src/events/ingest-summary.ts';
import { ipinyouSlotSize, parseIpinyouLine } from '../../src/events/ipinyou.ts';
import { listBalances } from '../../src/ledger/list-balances.ts';
import { trialBalance } from '../../src/ledger/trial-balance.ts';
import { runProgress } from '../../src/settlement/runs.ts';
import { settleDays } from '../../src/settlement/settle-days.ts';
import { verify } from '../../src/verification/verify.ts';
import { runEventWorkers, runSettlementWorkers } from '../../src/worker-set.ts';
import { createTestDatabase, type TestAddress, type TestDatabase } from '../support/database.ts';
import { findRedis } from '../support/queue-servers.ts';
import { planEntry, plansText } from '../support/reference-files.ts';
import { nanosOf } from '../support/settlement-system.ts';

const FOLDER = fileURLToPath(new URL('../../../shared/data/ipinyou', import.meta.url));
const FILES = ['imp.20131021.txt', 'clk.20131021.txt'].map(name => path.join(FOLDER, name));
const DAY = parseBusinessDay('2013-10-21');
const AS_OF = new Date('2013-10-22T00:00:00+08:00');

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  close(): Promise<void>;
}

const redis = await findRedis();

if (!FILES.every(file => existsSync(file))) {
  test.skip(`a real log through the whole system: ${FOLDER} is not here`, () => {});
} else {
  describeLog('Postgres', async () => ({ env: { APPORTION_QUEUE: 'postgres' }, close: async () => {} }));
  if (redis === null) test.skip('a real log through Redis: no Redis server was found here', () => {});
  else describeLog('Redis', privateRedis);
}

function describeLog(queue: string, surround: () => Promise<Surroundings>): void {
  describe(`a real log through the whole system, with the queue on ${queue}`, () => {
    let database: TestDatabase;
    let surroundings: Surroundings;
    let app: App;

    beforeAll(async () => {
      database = await createTestDatabase();
      surroundings = await surround();
      const env = { DATABASE_URL: urlOf(database.address), ...surroundings.env };
      app = await openApp(readConfig(env, '/nowhere'));
      const catalog = await deriveCatalog({ paths: FILES, parse: parseIpinyouLine, adUnitFormatOf: ipinyouSlotSize });
      await importCatalogFile(app, { text: JSON.stringify(catalog), source: 'catalog.json' });
      const plan = planEntry({ effective_from: '2013-01-01', tiers: [{ share: '0.50' }] });
      await importPlansFile(app, { text: plansText(plan), source: 'plans.json' });
    });
    afterAll(async () => {
      await app.close();
      await surroundings.close();
      await database.drop();
    });

    test('comes to the published figures', async () => {
      expect(await ingest(app)).toEqual({
        ...{ received: 4848, pending: 0, accepted: 4826, duplicates: 0, conflicts: 22, rejected: {}, invalid: {} },
      });
      expect(await settle(app)).toBeGreaterThan(0);
      expect(await ledgerTotals(app)).toEqual({
        ad_revenue: -nanosOf('4.04277'),
        platform_share: nanosOf('2.021385'),
        payable: nanosOf('2.021385'),
      });
      expect(await trialBalance(app.db)).toMatchObject({
        balanced: true,
        totals: [{ currency: 'CNY', debits: { amount: '4.04277' }, credits: { amount: '4.04277' } }],
      });
      expect(await verified(app)).toMatchObject({ differences: [], pending: { batches: 0, dueDays: 0 } });
    });

    test('a second time changes nothing', async () => {
      const before = await wholeLedger(app);
      expect(await ingest(app)).toEqual({
        ...{ received: 4848, pending: 0, accepted: 0, duplicates: 4826, conflicts: 22, rejected: {}, invalid: {} },
      });
      expect(await settle(app)).toBe(0);
      expect(await wholeLedger(app)).toEqual(before);
      expect(await verified(app)).toMatchObject({ differences: [], pending: { batches: 0, dueDays: 0 } });
    });
  });
}

async function ingest(app: App): Promise<IngestSummary> {
  const ingestIds: string[] = [];
  for (const file of FILES) {
    const { ingestId, queueProblem } = await acceptFile(acceptDepsOf(app), {
      ...{ path: file, format: 'ipinyou', clock: AS_OF, batchEvents: 1000 },
    });
    expect(queueProblem).toBeNull();
    ingestIds.push(ingestId);
  }
  await awaitWork(app, {
    remaining: async () => {
      const pending = await Promise.all(ingestIds.map(async id => await countPending(app.db, id)));
      return pending.reduce((sum, batches) => sum + batches, 0);
    },
    startWorkers: async () => await runEventWorkers(app, failTest),
    onProgress: () => {},
  });
  return await summariseIngests(app.db, ingestIds);
}

/** Returns how many transfers the run posted. */
async function settle(app: App): Promise<number> {
  const [run] = await settleDays(runDepsOf(app), [DAY]);
  if (run === undefined) throw new Error('no run was started');
  await awaitWork(app, {
    remaining: async () => run.buckets.length - (await runProgress(app.db, run.runId)).bucketsDone,
    startWorkers: async () => await runSettlementWorkers(app, failTest),
    onProgress: () => {},
  });
  return (await runProgress(app.db, run.runId)).transfers;
}

const troubles: Error[] = [];
afterAll(() => expect(troubles).toEqual([]));

function failTest(error: Error): void {
  troubles.push(error);
}

/** Balances over all books, by kind of account. */
async function ledgerTotals(app: App): Promise<Record<string, bigint>> {
  const { items } = await app.db.snapshot(
    async tx => await listBalances(tx, { bucketCount: app.installation.bucketCount, limit: 100_000 }),
  );
  const totals: Record<string, bigint> = {};
  for (const { account, balance } of items) totals[account] = (totals[account] ?? 0n) + nanosOf(balance.amount);
  return totals;
}

async function wholeLedger(app: App): Promise<unknown[]> {
  const { rows } = await app.db.query('select * from transfers order by bucket, ledger_date, transfer_id');
  return rows;
}

async function verified(app: App) {
  return await verify(app.db, { bucketCount: app.installation.bucketCount, calendar: app.calendar });
}

async function privateRedis(): Promise<Surroundings> {
  if (redis === null) throw new Error('no Redis server was found');
  const folder = await mkdtemp(path.join(tmpdir(), 'apportion-real-log-'));
  const port = await freePort();
  const server = await startRedis({ binary: redis, dir: path.join(folder, 'redis'), port });
  return {
    env: { REDIS_URL: `redis://127.0.0.1:${port}` },
    close: async () => {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as net.AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

function urlOf({ host, port, user, database }: TestAddress): string {
  const url = new URL(`postgresql://localhost/${database}`);
  for (const [name, value] of Object.entries({ host, port: String(port), user })) url.searchParams.set(name, value);
  return url.href;
}
