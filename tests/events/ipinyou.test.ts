import { existsSync } from 'node:fs';
import path from 'node:path';
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { type AdEvent, grossNanosOf, isBadForm } from '../../src/domain/ad-event.ts';
import { formatAmount, nanos } from '../../src/domain/nanos.ts';
import { ipinyouSlotSize, parseIpinyouLine } from '../../src/events/ipinyou.ts';
import { linesOf, readBlocks } from '../../src/events/line-reader.ts';

const domain = '9a2acabba41e00373f68053fd73e4d50';
const slot = 'mm_12712107_1718689_6742002';
const columns = [
  ...['49b5a58c3a3c39c32ba5a36f70a3daa5', '20131021192300738', '1', 'C4NDR12~1B', 'Mozilla/4.0 (MSIE 7.0)'],
  ...['222.218.230.*', '238', '246', '1', domain, '19bcbb08106cbd6410a51fe87c40c44e', 'null', slot],
  ...['300', '250', 'FirstView', 'Na', '0', '10722', '294', '201', 'null', '2821', '10063'],
];

/** The line above with other texts in some columns, counted from 1. */
function lineWith(changes: Readonly<Record<number, string>> = {}): string {
  return columns.map((text, index) => changes[index + 1] ?? text).join('\t');
}

function eventOf(line: string): AdEvent {
  const event = parseIpinyouLine(line);
  if (isBadForm(event)) throw new Error(event.detail);
  return event;
}

describe('a line of an iPinYou log', () => {
  test('gives an impression with the price that was paid, in yuan', () => {
    expect(parseIpinyouLine(lineWith())).toEqual({
      id: '49b5a58c3a3c39c32ba5a36f70a3daa5',
      type: 'impression',
      occurredAtMs: Date.UTC(2013, 9, 21, 11, 23, 0, 738),
      appId: domain,
      adUnitId: `${domain}/${slot}`,
      currency: 'CNY',
      price: '2.01',
      campaignId: null,
      impressionId: null,
      deviceId: 'C4NDR12~1B',
      userAgent: 'Mozilla/4.0 (MSIE 7.0)',
      ip: '222.218.230.*',
    });
  });

  test('gives a click that is worth nothing and names its impression', () => {
    const click = eventOf(lineWith({ 3: '2', 21: '221' }));
    expect(click).toMatchObject({ type: 'click', price: '0', id: columns[0], impressionId: columns[0] });
  });

  test('may not know the user, the user agent and the address', () => {
    const event = eventOf(lineWith({ 4: 'null', 5: 'null', 6: '' }));
    expect(event).toMatchObject({ deviceId: null, userAgent: null, ip: null });
  });

  test.prop([fc.integer({ min: 0, max: 100_000_000 })])('is worth its fen exactly', fen => {
    const { price } = eventOf(lineWith({ 21: String(fen) }));
    // fen per thousand ÷ 100 ÷ 1000 × 10⁹ nanos
    expect(grossNanosOf('impression', price as string)).toBe(BigInt(fen) * 10_000n);
  });

  test.each([
    { changes: { 1: 'null' }, reason: 'bad_id', column: 'column 1 (id) is "null"' },
    { changes: { 1: 'null', 3: '9' }, reason: 'bad_id', column: 'column 1 ' },
    { changes: { 3: '3' }, reason: 'bad_type', column: 'column 3 (type) is "3"; send 1 for an impression' },
    { changes: { 3: 'click' }, reason: 'bad_type', column: 'column 3 ' },
    { changes: { 2: '20130230192300738' }, reason: 'bad_time', column: 'column 2 (occurred_at) is "20130230' },
    { changes: { 2: '2013-10-21T19:23:00+08:00' }, reason: 'bad_time', column: 'column 2 ' },
    { changes: { 10: 'null' }, reason: 'bad_app_id', column: 'column 10 ' },
    { changes: { 10: 'x'.repeat(65) }, reason: 'bad_app_id', column: 'column 10 ' },
    { changes: { 13: 'null' }, reason: 'bad_ad_unit_id', column: 'column 13 ' },
    { changes: { 13: '' }, reason: 'bad_ad_unit_id', column: 'column 13 ' },
    { changes: { 13: 'x'.repeat(65) }, reason: 'bad_ad_unit_id', column: 'column 13 ' },
    { changes: { 21: 'null' }, reason: 'bad_price', column: 'column 21 (price) is "null"; send fen' },
    { changes: { 21: '' }, reason: 'bad_price', column: 'column 21 ' },
    { changes: { 21: '2.5' }, reason: 'bad_price', column: 'column 21 ' },
    { changes: { 21: '-3' }, reason: 'bad_price', column: 'column 21 ' },
    { changes: { 21: '100000001' }, reason: 'bad_price', column: 'column 21 ' },
  ])('is refused for its column: $reason in $changes', ({ changes, reason, column }) => {
    const form = parseIpinyouLine(lineWith(changes));
    expect(form).toMatchObject({ reason });
    expect(isBadForm(form) && form.detail).toContain(column);
  });

  test.each([
    { line: '{"id":"e1"}', has: 'has 1 column; send 24' },
    { line: `${lineWith()}\tx`, has: 'has 25 columns; send 24' },
  ])('is refused when it has not 24 columns: $has', ({ line, has }) => {
    const form = parseIpinyouLine(line);
    expect(isBadForm(form) && form.detail).toContain(has);
  });

  test.prop([fc.string(), fc.array(fc.string())])('whatever it holds, is an event or refused', (text, texts) => {
    for (const line of [
      text,
      texts.join('\t'),
      lineWith({ 2: text }),
      lineWith({ 10: text }),
      lineWith({ 21: text }),
    ]) {
      const result = parseIpinyouLine(line);
      if (!isBadForm(result)) expect(result.adUnitId.length).toBeLessThanOrEqual(64);
    }
  });
});

describe('an ad unit of an iPinYou log', () => {
  const adUnitOf = (domainId: string, slotId: string) => eventOf(lineWith({ 10: domainId, 13: slotId })).adUnitId;

  test('is another one under another domain', () => {
    expect(adUnitOf('a', 's')).toBe('a/s');
    expect(adUnitOf('b', 's')).toBe('b/s');
  });

  test('has a digest for its id where domain and slot are too long together', () => {
    expect(adUnitOf('d'.repeat(32), 's'.repeat(31))).toBe(`${'d'.repeat(32)}/${'s'.repeat(31)}`);
    expect(adUnitOf('d'.repeat(32), 's'.repeat(32))).toMatch(/^[0-9a-f]{64}$/);
  });

  const id = fc.stringMatching(/^[a/]{1,40}$/);
  test.prop([id, id, id, id])('differs when domain or slot differ', (domainA, slotA, domainB, slotB) => {
    const same = domainA === domainB && slotA === slotB;
    expect(adUnitOf(domainA, slotA) === adUnitOf(domainB, slotB)).toBe(same);
  });

  test('has the size of its slot', () => {
    expect(ipinyouSlotSize(lineWith())).toBe('300x250');
    expect(ipinyouSlotSize(lineWith({ 14: '0' }))).toBeNull();
    expect(ipinyouSlotSize('x')).toBeNull();
  });
});

const folder = path.resolve(import.meta.dirname, '../../../shared/data/ipinyou');
const impressionLog = path.join(folder, 'imp.20131021.txt');
const clickLog = path.join(folder, 'clk.20131021.txt');

describe.skipIf(!existsSync(folder))('the real log of 2013-10-21', () => {
  async function eventsOf(paths: readonly string[]): Promise<AdEvent[]> {
    const events: AdEvent[] = [];
    for (const each of paths) {
      for await (const block of readBlocks(each)) {
        for (const line of linesOf(block)) if ('text' in line && line.text !== '') events.push(eventOf(line.text));
      }
    }
    return events;
  }

  test.each([
    { first: 'impressions', paths: [impressionLog, clickLog] },
    { first: 'clicks', paths: [clickLog, impressionLog] },
  ])('has 4848 events, 22 of which contradict 21 ids, and earned 4.04277 CNY ($first first)', async ({ paths }) => {
    const events = await eventsOf(paths);
    expect(events).toHaveLength(4848);
    const firsts = new Map<string, AdEvent>();
    const conflicting = events.filter(event => {
      const identity = `${event.type} ${event.id}`;
      const first = firsts.get(identity);
      if (first === undefined) firsts.set(identity, event);
      else expect(event).not.toEqual(first);
      return first !== undefined;
    });
    expect(conflicting).toHaveLength(22);
    expect(new Set(conflicting.map(({ type, id }) => `${type} ${id}`)).size).toBe(21);
    const gross = [...firsts.values()].reduce(
      (sum, event) => sum + grossNanosOf(event.type, event.price as string),
      0n,
    );
    expect(formatAmount(nanos(gross), 'CNY')).toBe('4.04277');
  });

  test('has every ad unit under one app', async () => {
    const apps = new Map<string, string>();
    for (const { adUnitId, appId } of await eventsOf([impressionLog, clickLog])) {
      expect(apps.get(adUnitId) ?? appId).toBe(appId);
      apps.set(adUnitId, appId);
    }
    expect(apps.size).toBe(1139);
  });
});
