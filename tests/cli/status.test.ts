import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { lockReference } from '../../src/catalog/reference-version.ts';
import type { Status } from '../../src/status.ts';
import { CliFolder } from '../support/cli.ts';
import { comesToWait } from '../support/stopping.ts';

const cli = new CliFolder({ APPORTION_CLOCK: '2018-04-17T09:00:00+08:00' });
const CATALOG = {
  developers: [{ id: 'dev_1', name: 'One', type: 'company', country: 'CN' }],
  apps: [{ id: 'app_1', developer_id: 'dev_1', name: 'First', category: 'games' }],
  ad_units: [{ id: 'unit_1', app_id: 'app_1', format: 'banner' }],
};
const PLAN = {
  id: 'half',
  scope: { default: true },
  currency: 'CNY',
  effective_from: '2018-01-01',
  basis: 'app_day',
  mode: 'marginal',
  tiers: [{ share: '0.50' }],
};

function event(id: string, changes: object = {}): object {
  return {
    id,
    type: 'click',
    occurred_at: '2018-04-15T10:00:00+08:00',
    app_id: 'app_1',
    ad_unit_id: 'unit_1',
    currency: 'CNY',
    price: '1.00',
    ...changes,
  };
}

beforeAll(async () => {
  await cli.app();
});
afterAll(async () => await cli.close());

async function status(): Promise<{ data: Status; exitCode: number | null }> {
  return await cli.json<Status>(['status']);
}

describe('status', () => {
  test('of a fresh home says that all is well', async () => {
    const { data, exitCode } = await status();
    expect(exitCode).toBe(0);
    expect(data).toMatchObject({
      inbox: { pending_batches: 0, last_processed_at: null },
      due: { overdue: 0, oldest_day: null, open: 0 },
      runs: { unfinished: 0, last: null },
      recent: { rejected: {}, conflicts: 0 },
      stuck: [],
    });
  });

  test('counts what is due, rejected and in conflict, then what was settled', async () => {
    await cli.run(['catalog', 'import', cli.write('catalog.json', JSON.stringify(CATALOG))]);
    await cli.run(['plans', 'import', cli.write('plans.json', JSON.stringify({ plans: [PLAN] }))]);
    const events = [
      event('a'),
      event('a', { price: '2.00' }),
      event('b', { app_id: 'app_9' }),
      event('c', { occurred_at: '2018-04-17T08:00:00+08:00' }),
    ];
    expect((await cli.run(['ingest', cli.writeEvents('events.ndjson', events)])).exitCode).toBe(0);
    expect((await status()).data).toMatchObject({
      inbox: { pending_batches: 0, pending_lines: 0 },
      due: { overdue: 1, days: 1, oldest_day: '2018-04-15', open: 1 },
      recent: { days: 7, rejected: { unknown_app: 1 }, conflicts: 1 },
    });

    await cli.run(['settle', '--due']);
    const { data } = await status();
    expect(data).toMatchObject({ due: { overdue: 0, open: 1 }, runs: { last: { business_date: '2018-04-15' } } });
    expect((await cli.run(['status'])).stdout).toMatch(/^inbox +all processed.*nothing is stuck\n$/s);
  });

  test('tells who waits for whom', async () => {
    const { db } = await cli.app();
    const waiting = await db.transaction(async tx => {
      await lockReference(tx, 'exclusive');
      // An array, or the transaction would wait for it.
      const started = [db.transaction(async other => await lockReference(other, 'shared'))];
      await comesToWait(db);
      const { data } = await status();
      expect(data.waits).toMatchObject([{ lock: 'the reference lock', for: [{ idle: true }] }]);
      expect((await cli.run(['status'])).stdout).toMatch(
        /^waits +process \d+ for the reference lock since \S+Z, for process \d+, between two statements, in a transaction since \S+Z$/m,
      );
      return started;
    });
    await Promise.all(waiting);
    expect((await status()).data.waits).toEqual([]);
  });

  test('names what is stuck and how to go on, and exits with 1', async () => {
    const accepted = await cli.run(['ingest', '--no-wait', cli.writeEvents('later.ndjson', [event('d')])]);
    expect(accepted.exitCode).toBe(0);
    const later = { env: { APPORTION_CLOCK: '2018-04-17T09:11:00+08:00' } };
    const { stdout, exitCode } = await cli.run(['status'], later);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/STUCK: since \S+ batches wait in the inbox: is a worker running \("apportion up"\)\?/);
  });
});
