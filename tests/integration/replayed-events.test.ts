import type pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EarningsFold } from '../../src/earnings/earnings-fold.ts';
import { AcceptedEvents } from '../../src/events/accepted-events.ts';
import { EVER } from '../../src/events/find-accepted.ts';
import { lastSeq } from '../../src/events/inbox.ts';
import type { AcceptedTraffic, TrafficSource } from '../../src/traffic/derive-day.ts';
import { hash32 } from '../../src/traffic/hash32.ts';
import { EventReferences } from '../../src/verification/event-references.ts';
import { KnownAtCutoffs } from '../../src/verification/known-at-cutoffs.ts';
import { replayBucket } from '../../src/verification/replay-bucket.ts';
import { ReplayedEvents } from '../../src/verification/replayed-events.ts';
import { eventLine } from '../support/events.ts';
import type { SettlementSystem } from '../support/settlement-system.ts';
import { openSmallInstallation } from '../support/small-installation.ts';

let system: SettlementSystem;

beforeAll(async () => {
  system = await openSmallInstallation();
  const fields = { app_id: 'app_7_1', ad_unit_id: 'unit_7_1', occurred_at: '2018-04-15T12:00:00+08:00', price: '1' };
  const again = Array.from({ length: 3 }, (_, place) => eventLine({ id: `again-${place}`, ...fields }));
  expect(await system.take(again)).toMatchObject({ accepted: 3 });
  expect(await system.take(again)).toMatchObject({ accepted: 0, duplicates: 3 });
  expect(await system.take([...again, eventLine({ id: 'news', ...fields })])).toMatchObject({ accepted: 1 });
  await refuseEarningsIn('USD');
  const poisonous = eventLine({ id: 'poisonous', ...fields, currency: 'USD' });
  expect(await system.take([poisonous, eventLine({ id: 'more', ...fields })])).toMatchObject({
    ...{ accepted: 1, rejected: { internal_error: 1 } },
  });
});
afterAll(async () => await system.drop());

/** From now on lines in this currency make their batch fail. */
async function refuseEarningsIn(currency: string): Promise<void> {
  const owner = await system.owner();
  await owner.query(`
    create function refuse_earnings() returns trigger language plpgsql security definer as $$
    begin
      raise exception 'this row makes trouble';
    end
    $$;
    create trigger refuse_earnings before insert on earnings for each row when (new.currency = '${currency}')
      execute function refuse_earnings()`);
}

function tell(each: AcceptedTraffic): object {
  const { developerId, businessDay, type, occurredAtMs, id, deviceId, event, grossNanos } = each;
  expect([each.idHash(), each.deviceHash()]).toEqual([hash32(id), deviceId === null ? null : hash32(deviceId)]);
  return { developerId, businessDay, type, occurredAtMs, id, deviceId, event, grossNanos, alone: each.reasonAlone() };
}

async function toldBy(source: TrafficSource): Promise<object[]> {
  const told: object[] = [];
  await source.scan(EVER, each => told.push(tell(each)));
  return told;
}

async function replayed(client: pg.ClientBase, bucket: number, mostKept?: number) {
  const { bucketCount, calendar } = system;
  const events = new ReplayedEvents(client, { bucket, calendar, ...(mostKept === undefined ? {} : { mostKept }) });
  const { fold } = await replayBucket(client, {
    ...{ bucket, bucketCount, calendar, events, referenceVersion: 1_000 },
    references: new EventReferences(),
    knownAtCutoffs: new KnownAtCutoffs([], { withMonths: false }),
    report: difference => expect(difference).toBe('none'),
  });
  return { events, fold };
}

/** What the events that are valid by themselves come to. */
async function earningsFrom(source: TrafficSource): Promise<object[]> {
  const earnings = new EarningsFold();
  await source.scan(EVER, each => {
    const { developerId, businessDay, type, grossNanos } = each;
    if (each.reasonAlone() !== null) return;
    const { appId, adUnitId, currency } = each.event;
    const counts = type === 'click' ? { impressions: 0, clicks: 1 } : { impressions: 1, clicks: 0 };
    earnings.add({ businessDay, developerId, appId, adUnitId, currency }, { ...counts, grossNanos });
  });
  return earnings.sorted();
}

test('what a replay keeps of accepted events is what reading them again tells, at each cutoff', async () => {
  let events = 0;
  for (let bucket = 0; bucket < system.bucketCount; bucket += 1) {
    await system.db.snapshot(async client => {
      const { events: kept, fold } = await replayed(client, bucket);
      const { events: some } = await replayed(client, bucket, 3);
      const { events: none } = await replayed(client, bucket, 0);
      const last = await lastSeq(client, bucket);
      expect(await earningsFrom(kept.upTo(last))).toEqual(fold.earnings.sorted());
      for (let cutoffSeq = 0; cutoffSeq <= last; cutoffSeq += 1) {
        const { calendar } = system;
        const read = await toldBy(new AcceptedEvents(client, { bucket, calendar, cutoffSeq, developerIds: null }));
        for (const each of [kept, some, none]) expect(await toldBy(each.upTo(cutoffSeq))).toEqual(read);
        events += read.length;
      }
    });
  }
  expect(events).toBeGreaterThan(20);
});
