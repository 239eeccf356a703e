import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bucketOf } from '../../src/domain/bucket.ts';
import { eventLine, smallCatalog } from '../support/events.ts';
import { planEntry } from '../support/reference-files.ts';
import { rejectionOf } from '../support/refusals.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

const DAY = '2018-04-15';
const AS_OF = new Date('2018-04-16T00:00:00+08:00');
const BUCKETS = 4;
const BUCKET = bucketOf('dev', BUCKETS);

let system: SettlementSystem;
let owner: pg.Client;

beforeEach(async () => {
  system = await SettlementSystem.open({ bucketCount: BUCKETS });
  owner = await system.owner();
  await system.importCatalog(smallCatalog(3));
  await system.importPlans(planEntry());
});
afterEach(async () => await system.drop());

/** An impression of ad unit 1, 2 or 3, worth 0.001; but for its instant as it is kept. */
const line = (id: string, unit = 1, fields: Record<string, unknown> = {}) =>
  eventLine({ id, app_id: `app-${unit}`, ad_unit_id: `unit-${unit}`, price: '1', ...fields });

/** So many harmless lines, their ids beginning with `name`. */
const harmless = (count: number, name = 'good') =>
  Array.from({ length: count }, (_, index) => line(`${name}-${index}`));

/** From now on whatever touches the earnings of an ad unit fails; returns what mends it. */
async function poison(adUnitId: string, errcode = 'P0001', when = 'true'): Promise<() => Promise<unknown>> {
  await owner.query(`
    create sequence attempts;
    create function refuse_earnings() returns trigger language plpgsql security definer as $$
    begin
      if new.ad_unit_id = '${adUnitId}' and ${when} then
        raise exception 'this row makes trouble' using errcode = '${errcode}';
      end if;
      return new;
    end
    $$;
    create trigger refuse_earnings before insert on earnings for each row execute function refuse_earnings()`);
  return async () => await owner.query('drop trigger refuse_earnings on earnings');
}

async function keptLines(): Promise<unknown[]> {
  return (await system.rejectedLines()).map(({ line, ...row }) => ({ ...row, line: line.toString('utf8') }));
}

const setAside = (lineNo: number, text: string, seq = 1) => ({
  ...{ seq, lineNo, ownerId: 'dev', reason: 'internal_error', field: null },
  detail: 'the line could not be processed; it is kept, to be tried again with a mended program',
  line: text.replace('2018-04-15T10:00:00+08:00', '2018-04-15T02:00:00.000Z'),
});

/** Impressions by ad unit. */
async function counted(): Promise<Record<string, number>> {
  const rows = (await system.earnings()).map(row => row.split('|'));
  return Object.fromEntries(rows.map(([, , , unit, , impressions]) => [unit, Number(impressions)]));
}

async function expectNothingDiffers(): Promise<void> {
  await system.settle(DAY);
  expect(await system.verify()).toMatchObject({ differences: [], pending: { batches: 0, dueDays: 0 } });
}

describe('a batch that its data makes fail', () => {
  test.each([
    ['first', 0],
    ['last', 500],
    ['in the middle', 317],
  ])('loses the line at fault, which is %s, and counts all others', async (_where, place) => {
    await poison('unit-2');
    const lines = harmless(500).toSpliced(place, 0, line('bad', 2));
    expect(await system.take(lines, { asOf: AS_OF })).toMatchObject({
      ...{ received: 501, pending: 0, accepted: 500, duplicates: 0, conflicts: 0, rejected: { internal_error: 1 } },
    });
    expect(await keptLines()).toEqual([setAside(place + 1, line('bad', 2))]);
    expect(await counted()).toEqual({ 'unit-1': 500 });
    await expectNothingDiffers();
  });

  test('loses each of several lines at fault, neighbours and repeats among them', async () => {
    await poison('unit-2');
    const bad = [0, 1, 2, 50, 99, 100, 119];
    const lines = harmless(120).map((good, place) => (bad.includes(place) ? line(`bad-${place}`, 2) : good));
    lines.push(line('bad-50', 2), line('good-3'), line('good-4', 1, { price: '7' }), '{"id":', line('bad-1', 2));
    expect(await system.take(lines, { asOf: AS_OF })).toMatchObject({
      ...{ received: 125, accepted: 113, duplicates: 1, conflicts: 1 },
      rejected: { bad_json: 1, internal_error: 9 },
    });
    const kept = (await keptLines()).filter(each => (each as { reason: string }).reason === 'internal_error');
    expect(kept).toEqual([...bad, 120, 124].map(place => setAside(place + 1, lines[place] as string)));
    await expectNothingDiffers();
  });

  test('loses all of its lines if all are at fault', async () => {
    await poison('unit-2');
    const lines = [line('a', 2), line('b', 2), line('c', 2)];
    expect(await system.take(lines, { asOf: AS_OF })).toMatchObject({ accepted: 0, rejected: { internal_error: 3 } });
    expect(await system.earnings()).toEqual([]);
    await expectNothingDiffers();
  });

  test('loses the later of two lines that only fail together', async () => {
    await owner.query(`alter table earnings add constraint only_one check (ad_unit_id = 'unit-1' or impressions <= 1)`);
    const pairs = [
      line('x1', 2),
      ...harmless(30),
      line('x2', 2),
      line('y1', 3),
      ...harmless(30, 'more'),
      line('y2', 3),
    ];
    expect(await system.take(pairs, { asOf: AS_OF })).toMatchObject({ accepted: 62, rejected: { internal_error: 2 } });
    expect(await keptLines()).toEqual([setAside(32, line('x2', 2)), setAside(64, line('y2', 3))]);
    expect(await counted()).toEqual({ 'unit-1': 60, 'unit-2': 1, 'unit-3': 1 });
    // One that came in a batch before has the same effect.
    expect(await system.take([line('x3', 2)], { asOf: AS_OF })).toMatchObject({ rejected: { internal_error: 1 } });
    await expectNothingDiffers();
  });

  test('a line that was set aside claims no identity', async () => {
    const mend = await poison('unit-2');
    expect(await system.take([line('same', 2), line('same', 3)], { asOf: AS_OF })).toMatchObject({
      accepted: 1,
      conflicts: 0,
    });
    await mend();
    expect(await system.take([line('same', 2), line('same', 3)], { asOf: AS_OF })).toMatchObject({
      ...{ accepted: 0, duplicates: 1, conflicts: 1 },
    });
    await expectNothingDiffers();
  });

  test('keeps its place among the batches pending with it, which all count', async () => {
    await poison('unit-2');
    await system.ingest([...harmless(10, 'first'), line('again')], { asOf: AS_OF });
    await system.ingest([line('bad', 2), line('again', 1, { price: '9' })], { asOf: AS_OF });
    await system.ingest([line('again'), line('bad', 2, { price: '9' }), ...harmless(10, 'third')], { asOf: AS_OF });
    await system.processAll();
    expect(await system.summary()).toMatchObject({
      ...{ pending: 0, accepted: 21, duplicates: 1, conflicts: 1, rejected: { internal_error: 2 } },
    });
    expect(await keptLines()).toEqual([setAside(1, line('bad', 2), 2), setAside(2, line('bad', 2, { price: '9' }), 3)]);
    await expectNothingDiffers();
  });

  test('stays pending if it fails even without its events, and counts once that is mended', async () => {
    await owner.query(`alter table rejected_lines add constraint made_up check (reason <> 'too_late')`);
    await system.ingest([...harmless(3), line('late', 1, { occurred_at: '2018-01-01T00:00:00Z' })], { asOf: AS_OF });
    await expect(system.processBucket(BUCKET)).rejects.toThrow('violates check constraint "made_up"');
    expect(await system.summary()).toMatchObject({ pending: 4, accepted: 0, rejected: {} });
    await owner.query('alter table rejected_lines drop constraint made_up');
    await system.processBucket(BUCKET);
    expect(await system.summary()).toMatchObject({ pending: 0, accepted: 3, rejected: { too_late: 1 } });
    await expectNothingDiffers();
  });
});

describe('a failure that is not the fault of the data rejects nothing, and the batch counts when it is tried again', () => {
  const lines = [...harmless(20), line('meant', 2), ...harmless(20, 'more')];

  async function expectAllPending(): Promise<void> {
    expect(await system.summary()).toMatchObject({ pending: 41, accepted: 0, rejected: {} });
    expect(await system.earnings()).toEqual([]);
  }

  async function expectAllCounted(): Promise<void> {
    await system.processBucket(BUCKET);
    expect(await system.summary()).toMatchObject({ pending: 0, accepted: 41, rejected: {} });
    await expectNothingDiffers();
  }

  test.each([
    ['a lock that does not come', '55P03', 'database_busy'],
    ['a deadlock', '40P01', 'database_busy'],
    ['a serialization failure', '40001', 'database_busy'],
    ['a full disk', '53100'],
    ['no more memory', '53200'],
    ['a shutdown', '57P01'],
    ['a cancelled statement', '57014'],
    ['a standby', '25006'],
    ['an I/O error', '58030'],
  ])('%s', async (_what, errcode, code = 'database_unavailable') => {
    const mend = await poison('unit-2', errcode);
    await system.ingest(lines, { asOf: AS_OF });
    const refusal = await rejectionOf(system.processBucket(BUCKET));
    expect([refusal.code, refusal.exitCode]).toEqual([code, 3]);
    await expectAllPending();
    await mend();
    await expectAllCounted();
  });

  test('a missing privilege', async () => {
    await owner.query('revoke insert on earnings from apportion_app');
    await system.ingest(lines, { asOf: AS_OF });
    await expect(system.processBucket(BUCKET)).rejects.toMatchObject({ code: '42501' });
    await expectAllPending();
    await owner.query('grant insert on earnings to apportion_app');
    await expectAllCounted();
  });

  test('a connection that is killed while it waits for a lock', async () => {
    await system.ingest(lines, { asOf: AS_OF });
    await owner.query('begin; lock table earnings in exclusive mode');
    const processing = rejectionOf(system.processBucket(BUCKET));
    const admin = await system.database.owner();
    await expect
      .poll(async () => {
        const { rowCount } = await admin.query(
          `select pg_terminate_backend(pid) from pg_stat_activity
           where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return rowCount;
      })
      .toBe(1);
    expect((await processing).code).toBe('database_unavailable');
    await owner.query('rollback');
    await expectAllPending();
    await expectAllCounted();
  });

  test('not even in the middle of the search for a line at fault', async () => {
    await poison('unit-2');
    // The first attempt takes all, the second begins the search; the fourth is interrupted.
    await owner.query(`
      create or replace function refuse_earnings() returns trigger language plpgsql security definer as $$
      begin
        if new.ad_unit_id = 'unit-1' and nextval('apportion.attempts') = 4 then
          raise exception 'the server is going down' using errcode = '57P01';
        elsif new.ad_unit_id = 'unit-2' then
          raise exception 'this row makes trouble';
        end if;
        return new;
      end
      $$`);
    await system.ingest(lines, { asOf: AS_OF });
    expect((await rejectionOf(system.processBucket(BUCKET))).code).toBe('database_unavailable');
    await expectAllPending();
    await system.processBucket(BUCKET);
    expect(await system.summary()).toMatchObject({ pending: 0, accepted: 40, rejected: { internal_error: 1 } });
    expect(await keptLines()).toEqual([setAside(21, line('meant', 2))]);
    await expectNothingDiffers();
  });
});
