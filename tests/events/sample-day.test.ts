import { hash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { parseCatalog } from '../../src/catalog/catalog-file.ts';
import { type AdEvent, contentText, isBadForm, parseAdEvent } from '../../src/domain/ad-event.ts';
import { addDays, BusinessCalendar, parseBusinessDay } from '../../src/domain/business-day.ts';
import { type SampleOptions, sampleDay } from '../../src/events/sample-day.ts';
import type { SampleCounts } from '../../src/events/sample-log.ts';
import { SampleRandom, traitOf } from '../../src/events/sample-random.ts';
import { writeSampleDay } from '../../src/events/write-sample-day.ts';
import { parsePlans } from '../../src/plans/plan-file.ts';

const day = parseBusinessDay('2018-04-15');
const small = { apps: 50, events: 3000, day, timeZone: 'Asia/Shanghai', seed: 'pinned' };
const large = { apps: 500, events: 60_000, day, timeZone: 'Asia/Shanghai', seed: 'shares' };
const calendar = new BusinessCalendar('Asia/Shanghai');

function readLog(options: SampleOptions): { lines: string[]; counts: SampleCounts } {
  const log = sampleDay(options).lines();
  const lines: string[] = [];
  for (;;) {
    const next = log.next();
    if (next.done === true) return { lines, counts: next.value };
    lines.push(next.value);
  }
}

function eventsOf(lines: readonly string[]): AdEvent[] {
  return lines.flatMap(line => {
    const event = parseAdEvent(line);
    return isBadForm(event) ? [] : [event];
  });
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'apportion-sample-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function writtenTexts(name: string, options: SampleOptions) {
  const { files, counts } = await writeSampleDay({ ...options, outDir: path.join(folder, name) });
  const [catalog, plans, events] = await Promise.all(
    [files.catalog, files.plans, files.events].map(file => readFile(file, 'utf8')),
  );
  return { catalog: catalog as string, plans: plans as string, events: events as string, counts };
}

describe('a sample day as files', () => {
  test('is the same on every machine', async () => {
    const { catalog, plans, events } = await writtenTexts('pinned', small);
    expect([catalog, plans, events].map(text => hash('sha256', text))).toEqual([
      '91fdc0ee94a2c529b22d7b17628935c85371735eca8e51e08f245a8fc378730f',
      'fddffd57244de1727287d8711767d35f8aa6fe4962ff773576932ee4a8a50e9d',
      '82380839eb0c4dc08e20d4005ddb8a224f0a4a67b8f252505da8a896c0ab1ad5',
    ]);
  });

  test('is replaced by the same one for the same seed, by another one for another seed', async () => {
    const first = await writtenTexts('again', small);
    expect(await writtenTexts('again', small)).toEqual(first);
    expect((await readdir(path.join(folder, 'again'))).sort()).toEqual(['catalog.json', 'events.ndjson', 'plans.json']);
    const other = await writtenTexts('other', { ...small, seed: 'other' });
    expect(other.events).not.toBe(first.events);
    expect(other.catalog).not.toBe(first.catalog);
  });

  test.each([
    { apps: 1, events: 1 },
    { apps: 1, events: 17 },
    { apps: 3, events: 1000 },
    { apps: 1234, events: 2500 },
  ])('has exactly $apps apps and $events lines, and a catalog and plans that can be imported', async sizes => {
    const { catalog, plans, events, counts } = await writtenTexts(`sized ${sizes.apps}`, { ...small, ...sizes });
    const { apps, developers, adUnits, campaigns } = parseCatalog(catalog, 'catalog.json');
    expect(apps).toHaveLength(sizes.apps);
    expect(adUnits.length).toBeGreaterThanOrEqual(sizes.apps);
    expect(adUnits.length).toBeLessThanOrEqual(3 * sizes.apps);
    expect(campaigns.length).toBeGreaterThan(0);
    const owners = new Set(developers.map(({ developerId }) => developerId));
    expect(owners).toEqual(new Set(apps.map(({ developerId }) => developerId)));
    expect(parsePlans(plans, 'plans.json').plans).toHaveLength(1);
    expect(events.endsWith('\n')).toBe(true);
    expect(events.split('\n')).toHaveLength(sizes.events + 1);
    expect(counts.received).toBe(sizes.events);
  });

  test('tells its progress up to the last line', async () => {
    const told: number[] = [];
    const outDir = path.join(folder, 'progress');
    await writeSampleDay({ ...small, outDir, onProgress: ({ lines }) => told.push(lines) });
    expect(told.length).toBeGreaterThan(1);
    expect(told).toEqual(told.toSorted((a, b) => a - b));
    expect(told.at(-1)).toBe(small.events);
  });

  test('is refused where it can not be written', async () => {
    await writeSampleDay({ ...small, outDir: path.join(folder, 'file') });
    const outDir = path.join(folder, 'file', 'plans.json');
    await expect(writeSampleDay({ ...small, outDir })).rejects.toMatchObject({ code: 'cannot_write', exitCode: 1 });
  });

  test.each([
    { apps: 0 },
    { apps: 10_000_001 },
    { events: 0 },
    { events: 1.5 },
    { events: Number.NaN },
    { day: parseBusinessDay('1969-12-31') },
    // Samoa went over the date line.
    { day: parseBusinessDay('2011-12-30'), timeZone: 'Pacific/Apia' },
  ])('is refused for %o', wrong => {
    expect(() => sampleDay({ ...small, ...wrong })).toThrow(
      expect.objectContaining({ code: 'bad_option', exitCode: 2 }),
    );
  });
});

describe('the log of a sample day', () => {
  const { lines, counts } = readLog(large);
  const events = eventsOf(lines);

  test('comes to the counts that it tells', () => {
    expect(ingested(lines, large)).toEqual(counts);
  });

  test('holds every kind of line in its share', () => {
    const shareOf = (count: number) => count / lines.length;
    expect(shareOf(counts.duplicates)).toBeGreaterThan(0.004);
    expect(shareOf(counts.duplicates)).toBeLessThan(0.006);
    expect(shareOf(counts.conflicts)).toBeGreaterThan(0.0003);
    expect(shareOf(counts.conflicts)).toBeLessThan(0.0007);
    const { too_late: tooLate = 0, ...unusable } = counts.rejected;
    expect(tooLate).toBeGreaterThan(0);
    expect(shareOf(tooLate)).toBeLessThan(0.0003);
    const unusableCount = Object.values(unusable).reduce((sum, count) => sum + count, 0);
    expect(shareOf(unusableCount)).toBeGreaterThan(0.0007);
    expect(shareOf(unusableCount)).toBeLessThan(0.0013);
    expect(Object.keys(unusable).sort()).toEqual([
      'bad_app_id',
      'bad_currency',
      'bad_json',
      'bad_price',
      'bad_time',
      'bad_type',
      'no_price',
      'unknown_ad_unit',
      'unknown_app',
    ]);
    const late = events.filter(event => calendar.dayOf(event.occurredAtMs) < day).length - tooLate;
    expect(shareOf(late)).toBeGreaterThan(0.006);
    expect(shareOf(late)).toBeLessThan(0.01);
    const clicks = events.filter(event => event.type === 'click').length;
    expect(shareOf(clicks)).toBeGreaterThan(0.009);
    expect(shareOf(clicks)).toBeLessThan(0.015);
    const byRateCard = events.filter(event => event.price === null && event.campaignId !== null).length;
    expect(shareOf(byRateCard)).toBeGreaterThan(0.14);
    expect(shareOf(byRateCard)).toBeLessThan(0.16);
    expect(events.some(event => /\.\d{6}$/.test(event.price ?? ''))).toBe(true);
  });

  test('has no event after its day', () => {
    expect(Math.max(...events.map(event => event.occurredAtMs))).toBeLessThan(calendar.startOf(addDays(day, 1)));
  });

  test('is nearly in the order of time, but for what is late or comes again', () => {
    const times = readFirsts(lines)
      .filter(({ type, occurredAtMs }) => type === 'impression' && calendar.dayOf(occurredAtMs) === day)
      .map(({ occurredAtMs }) => occurredAtMs);
    let latestMs = 0;
    let backwards = 0;
    for (const occurredAtMs of times) {
      expect(occurredAtMs).toBeGreaterThan(latestMs - 20_000);
      if (occurredAtMs < latestMs) backwards += 1;
      latestMs = Math.max(latestMs, occurredAtMs);
    }
    expect(backwards).toBeGreaterThan(times.length / 2);
  });

  test('has clicks after their impressions, of the same device, within ten minutes', () => {
    const firsts = readFirsts(lines);
    const impressions = new Map(firsts.filter(({ type }) => type === 'impression').map(event => [event.id, event]));
    const clicks = firsts.filter(({ type }) => type === 'click');
    expect(clicks.length).toBeGreaterThan(500);
    for (const click of clicks) {
      const impression = impressions.get(click.impressionId ?? '') as AdEvent;
      const { appId, adUnitId, campaignId, deviceId, userAgent, ip } = impression;
      expect(click).toMatchObject({ appId, adUnitId, campaignId, deviceId, userAgent, ip });
      const delayMs = click.occurredAtMs - impression.occurredAtMs;
      expect(delayMs).toBeGreaterThanOrEqual(1000);
      expect(delayMs).toBeLessThanOrEqual(600_000);
    }
  });

  test('has most events in few apps', () => {
    const visits = new Map<string, number>();
    for (const { appId } of events) visits.set(appId, (visits.get(appId) ?? 0) + 1);
    const descending = [...visits.values()].sort((a, b) => b - a);
    const top = descending.slice(0, large.apps / 100).reduce((sum, count) => sum + count, 0);
    expect(top / events.length).toBeGreaterThan(0.25);
  });

  test.each([
    { timeZone: 'Europe/Berlin', hours: 23, on: '2018-03-25' },
    { timeZone: 'Europe/Berlin', hours: 25, on: '2018-10-28' },
  ])('fills a day of $hours hours', ({ timeZone, hours, on }) => {
    const zone = new BusinessCalendar(timeZone);
    const today = parseBusinessDay(on);
    const fresh = readFirsts(readLog({ ...small, day: today, timeZone }).lines).map(({ occurredAtMs }) => occurredAtMs);
    const own = fresh.filter(occurredAtMs => zone.dayOf(occurredAtMs) === today);
    expect(fresh.every(occurredAtMs => zone.dayOf(occurredAtMs) <= today)).toBe(true);
    expect(Math.max(...own) - Math.min(...own)).toBeGreaterThan((hours - 0.5) * 3_600_000);
  });
});

describe('the chance of a sample', () => {
  test.prop([fc.integer({ min: 1, max: 10_000_000 }), fc.string()])('draws ranks in range', (count, seed) => {
    const random = new SampleRandom({ seed, stream: 'test' });
    for (let draw = 0; draw < 20; draw += 1) {
      const rank = random.rank(count);
      expect(rank >= 0 && rank < count && Number.isInteger(rank)).toBe(true);
    }
  });

  test('draws the k-th rank in proportion to 1/k', () => {
    const random = new SampleRandom({ seed: 'zipf', stream: 'test' });
    const counts = [0, 0, 0, 0, 0];
    const draws = 200_000;
    for (let draw = 0; draw < draws; draw += 1) {
      const rank = random.rank(counts.length);
      counts[rank] = (counts[rank] ?? 0) + 1;
    }
    const harmonic = 1 + 1 / 2 + 1 / 3 + 1 / 4 + 1 / 5;
    for (const [rank, count] of counts.entries()) expect(count / draws).toBeCloseTo(1 / (rank + 1) / harmonic, 2);
  });

  test('gives each index its own trait', () => {
    const traits = new Set(Array.from({ length: 100_000 }, (_, index) => traitOf({ key: 0x9e37_79b9, index })));
    expect(traits.size).toBe(100_000);
  });
});

/** The first event of each identity. */
function readFirsts(lines: readonly string[]): AdEvent[] {
  const firsts = new Map<string, AdEvent>();
  for (const event of eventsOf(lines)) {
    const identity = `${event.type} ${event.id}`;
    if (!firsts.has(identity)) firsts.set(identity, event);
  }
  return [...firsts.values()];
}

/** A plain reading of the rules, apart from the program's own: what ingesting the lines comes to on the day after. */
function ingested(lines: readonly string[], options: SampleOptions): SampleCounts {
  const { catalog } = sampleDay(options);
  const apps = new Set([...catalog.apps()].map(({ id }) => id));
  const appOfUnit = new Map([...catalog.adUnits()].map(({ id, app_id }) => [id, app_id]));
  const campaigns = new Map([...catalog.campaigns()].map(({ id, rate_cards }) => [id, rate_cards]));
  const oldest = addDays(day, 1 - 35);
  const contents = new Map<string, string>();
  const rejected: Record<string, number> = {};
  let [accepted, duplicates, conflicts] = [0, 0, 0];
  const reasonOf = (event: AdEvent): string | null => {
    const date = calendar.dayOf(event.occurredAtMs);
    if (date < oldest) return 'too_late';
    if (!apps.has(event.appId)) return 'unknown_app';
    if (appOfUnit.get(event.adUnitId) !== event.appId) return 'unknown_ad_unit';
    const cards = campaigns.get(event.campaignId ?? '') ?? [];
    const card = cards.find(each => each.effective_from <= date && date <= (each.effective_to ?? '9999-12-31'));
    return event.price === null && card === undefined ? 'no_price' : null;
  };
  for (const line of lines) {
    const event = parseAdEvent(line);
    const reason = isBadForm(event) ? event.reason : reasonOf(event);
    if (reason !== null) {
      rejected[reason] = (rejected[reason] ?? 0) + 1;
      continue;
    }
    const identity = `${(event as AdEvent).type} ${(event as AdEvent).id}`;
    const content = contentText(event as AdEvent);
    const first = contents.get(identity);
    if (first === undefined) accepted += 1;
    else if (first === content) duplicates += 1;
    else conflicts += 1;
    if (first === undefined) contents.set(identity, content);
  }
  return { received: lines.length, accepted, duplicates, conflicts, rejected };
}
