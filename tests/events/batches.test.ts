import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AdEvent, contentText, identityText } from '../../src/domain/ad-event.ts';
import { parseBusinessDay } from '../../src/domain/business-day.ts';
import { MAX_PRICE_MICROS, priceOfMicros } from '../../src/domain/price.ts';
import { BatchBuilder, unpackBatch } from '../../src/events/batch.ts';
import { type BatchEvent, eventAt, type RefusedLine } from '../../src/events/batch-columns.ts';
import { allRows } from '../../src/events/batch-fold.ts';
import { hashIdentities } from '../../src/events/hash-identities.ts';
import { claimedAt } from '../../src/events/identity.ts';
import { sortedSegment } from '../../src/events/identity-segment.ts';
import { IdentityTable } from '../../src/events/identity-table.ts';
import { packSecondFormat } from '../support/second-format.ts';

const DAY = parseBusinessDay('2018-04-15');
const id = fc.string({ unit: fc.constantFrom(...'aZ0_ ~-'), minLength: 1, maxLength: 64 });
/** Canonical, of any value that a price may have. */
const anyPrice = fc
  .oneof(
    fc.constantFrom(0, 1, 6_670_000, MAX_PRICE_MICROS - 1, MAX_PRICE_MICROS),
    fc.integer({ min: 0, max: MAX_PRICE_MICROS }),
  )
  .map(priceOfMicros);
const optional = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
const anyEvent: fc.Arbitrary<BatchEvent> = fc
  .record({
    id,
    type: fc.constantFrom('impression' as const, 'click' as const),
    occurredAtMs: fc.integer({ min: 0, max: Date.UTC(9999, 11, 30) }),
    app: fc.nat(4),
    unit: fc.nat(2),
    currency: fc.constantFrom('CNY', 'EUR'),
    price: optional(anyPrice),
    campaignId: optional(id),
    impressionId: optional(id),
    deviceId: optional(fc.string({ unit: fc.constantFrom(...'aZ0_ ~-'), minLength: 1, maxLength: 128 })),
    userAgent: optional(fc.string({ unit: 'grapheme', maxLength: 300 }).filter(text => !text.includes('\0'))),
    ip: optional(fc.ipV4()),
  })
  .map(({ app, unit, ...event }) => ({
    lineNo: 0,
    developerId: `dev_${app % 3}`,
    event: { ...event, appId: `app_${app}`, adUnitId: `unit_${app}_${unit}` },
  }));
const events = fc
  .array(anyEvent, { maxLength: 40 })
  .map(all => all.map((each, index) => ({ ...each, lineNo: index * index + 1 })));
const refusal: RefusedLine = {
  lineNo: 3,
  ownerId: '_unassigned',
  reason: 'bad_json',
  field: null,
  detail: 'x',
  bytes: Buffer.from([0, 255, 10]),
};

function packed(all: readonly BatchEvent[], refused: readonly RefusedLine[] = []): Buffer {
  const builder = new BatchBuilder();
  for (const each of all) builder.add(each, DAY);
  for (const each of refused) builder.refuse(each);
  return builder.pack();
}

function eventsIn(payload: Buffer): BatchEvent[] {
  const { columns } = unpackBatch(payload);
  return [...allRows(columns)].map(row => eventAt(columns, row));
}

describe('a batch', () => {
  test('holds what was put into it', () => {
    fc.assert(
      fc.property(events, all => {
        expect(eventsIn(packed(all))).toEqual(all);
        expect(unpackBatch(packed(all, [refusal])).refused).toEqual([refusal]);
      }),
    );
  });

  test('that is damaged is not read', () => {
    const payload = packed([], [refusal]);
    expect(() => unpackBatch(Buffer.alloc(0))).toThrow();
    expect(() => unpackBatch(Buffer.from([0]))).toThrow('format 0');
    expect(() => unpackBatch(payload.subarray(0, -2))).toThrow();
    const longer = Buffer.from(payload);
    longer.writeUInt32LE(longer.readUInt32LE(1) + 1, 1);
    expect(() => unpackBatch(longer)).toThrow();
  });

  test('of the second format is read as the same one of today', () => {
    fc.assert(
      fc.property(events, all => {
        expect(eventsIn(packSecondFormat(all))).toEqual(all);
      }),
    );
  });

  test.each([1, 2])('that a program of format %d stored holds today what it held then', async format => {
    const folder = new URL('./stored-batches/', import.meta.url);
    const payload = await readFile(new URL(`format-${format}.bin`, folder));
    const written = JSON.parse(await readFile(new URL('batch.json', folder), 'utf8')) as {
      events: BatchEvent[];
      refused: (Omit<RefusedLine, 'bytes'> & { bytes: string })[];
    };
    const refused = written.refused.map(line => ({ ...line, bytes: Buffer.from(line.bytes, 'hex') }));
    expect(payload[0]).toBe(format === 1 ? 0x28 : format);
    expect(eventsIn(payload)).toEqual(written.events);
    expect(unpackBatch(payload).refused).toEqual(refused);
    const today = packed(written.events, refused);
    expect(today[0]).toBe(3);
    expect(unpackBatch(today)).toEqual(unpackBatch(payload));
  });

  test('of the first format is still read', () => {
    const column = (values: string[], at: number[]) => ({ values, at });
    const first = {
      v: 1,
      line: [3, 2],
      time: [1_523_757_600_000, -5],
      id: 'a\u007fb',
      click: [0, 1],
      developer: column(['dev'], [0, 0]),
      app: column(['app'], [0, 0]),
      adUnit: column(['unit'], [0, 0]),
      currency: column(['CNY'], [0, 0]),
      price: column(['2.5'], [0, -1]),
      campaign: column(['c'], [-1, 0]),
      userAgent: column(['UA é'], [-1, 0]),
      impression: '\u0080\u007fa',
      device: null,
      ip: '\u007f\u0080',
      refused: [[4, '_unassigned', 'bad_json', null, 'x', 'AP8K']],
    };
    const payload = zstdCompressSync(JSON.stringify(first));
    const common = { appId: 'app', adUnitId: 'unit', currency: 'CNY', deviceId: null };
    expect(eventsIn(payload)).toEqual([
      {
        lineNo: 3,
        developerId: 'dev',
        event: {
          ...common,
          id: 'a',
          type: 'impression',
          occurredAtMs: 1_523_757_600_000,
          price: '2.5',
          campaignId: null,
          impressionId: null,
          userAgent: null,
          ip: '',
        },
      },
      {
        lineNo: 5,
        developerId: 'dev',
        event: {
          ...common,
          id: 'b',
          type: 'click',
          occurredAtMs: 1_523_757_599_995,
          price: null,
          campaignId: 'c',
          impressionId: 'a',
          userAgent: 'UA é',
          ip: null,
        },
      },
    ]);
    expect(unpackBatch(payload).refused).toEqual([{ ...refusal, lineNo: 4 }]);
    expect(() => unpackBatch(zstdCompressSync('{"v":3}'))).toThrow('format 3');
    expect(() => unpackBatch(Buffer.from([4, 0, 0, 0, 0]))).toThrow('format 4');
  });
});

describe('identities', () => {
  const sha256 = (text: string) => hash('sha256', text, 'hex');
  const contentOf = (event: AdEvent) => BigInt.asIntN(64, BigInt(`0x${sha256(contentText(event)).slice(0, 16)}`));

  test('are the hashes that their texts define', () => {
    fc.assert(
      fc.property(events, all => {
        const { columns } = unpackBatch(packed(all));
        const identities = hashIdentities(columns, allRows(columns), 12);
        expect(all.map((_, row) => claimedAt(identities, row))).toEqual(
          all.map(({ developerId, event }) => ({
            identity: sha256(identityText(developerId, event.type, event.id)).slice(0, 32),
            content: contentOf(event).toString(),
            seq: 12,
          })),
        );
      }),
    );
  });

  test('are found in a table however it grows, and stand sorted in a segment', () => {
    const all = Array.from({ length: 3_000 }, (_, index): BatchEvent => {
      const event = { type: 'click', occurredAtMs: index, appId: 'a', adUnitId: 'u', currency: 'CNY' } as const;
      const none = { price: null, campaignId: null, impressionId: null, deviceId: null, userAgent: null, ip: null };
      return { lineNo: index + 1, developerId: 'dev', event: { id: `e${index}`, ...event, ...none } };
    });
    const { columns } = unpackBatch(packed(all));
    const identities = hashIdentities(columns, allRows(columns), 1);
    const table = new IdentityTable({ entries: 1 });
    for (let place = 0; place < 3_000; place += 1) {
      expect(table.find(identities, place)).toBe(-1);
      table.add(identities, place);
    }
    for (let place = 0; place < 3_000; place += 1) expect(table.find(identities, place)).toBe(place);
    const segment = sortedSegment(table.entriesFrom(0));
    const sorted = Array.from(segment.heads, (_, place) => claimedAt(segment, place));
    const expected = Array.from(identities.heads, (_, place) => claimedAt(identities, place));
    expect(sorted).toEqual(expected.sort((a, b) => (a.identity < b.identity ? -1 : 1)));
  });
});
