import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isBadForm, parseAdEvent } from '../../src/domain/ad-event.ts';
import { bucketOf } from '../../src/domain/bucket.ts';
import { unpackBatch } from '../../src/events/batch.ts';
import { acceptanceWindow } from '../../src/events/judge-line.ts';
import { type ClosedBatch, OpenPart } from '../../src/events/open-part.ts';
import { eventLine } from '../support/events.ts';
import { SettlementSystem } from '../support/settlement-system.ts';

const NOW = '2018-04-16T12:00:00+08:00';
const BUCKETS = 32;
/** More ids than are asked for one by one. */
const APPS = 5_000;

let system: SettlementSystem;
beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: BUCKETS });
});
afterAll(async () => await system.drop());
beforeEach(async () => {
  await system.reset(NOW);
  await importApps(0, APPS);
});

async function importApps(from: number, to: number): Promise<void> {
  const numbers = Array.from({ length: to - from }, (_, index) => from + index);
  const developers = [...new Set(numbers.map(developerOf))];
  await system.importCatalog({
    developers: developers.map(id => ({ id, name: id, type: 'company', country: 'CN' })),
    apps: numbers.map(n => ({ id: `app-${n}`, developer_id: developerOf(n), name: `App ${n}`, category: 'tools' })),
    ad_units: numbers.map(n => ({ id: `unit-${n}`, app_id: `app-${n}`, format: 'banner' })),
  });
}

function developerOf(app: number): string {
  return `dev-${app % 300}`;
}

function openPart(): OpenPart {
  const window = acceptanceWindow(system.calendar, new Date(NOW));
  return new OpenPart({ bucketCount: BUCKETS, batchEvents: 20_000, window });
}

/** Judges a block of events, one of each (app, ad unit). */
async function judge(part: OpenPart, places: readonly (readonly [app: string, unit: string])[]): Promise<void> {
  const lines = places.map(([app_id, ad_unit_id], index) => eventLine({ id: `e-${index}`, app_id, ad_unit_id }));
  const events = lines.map(line => {
    const event = parseAdEvent(line);
    if (isBadForm(event)) throw new Error(line);
    return event;
  });
  for (const [index, event] of events.entries()) part.block.addEvent(index + 1, event);
  await part.resolveIds(system.db);
  for (const [row, event] of events.entries()) {
    part.judge(row, () => ({ event, lineNo: row + 1, bytes: Buffer.from(lines[row] as string) }));
  }
  part.clearBlock();
}

function allClosed(part: OpenPart): ClosedBatch[] {
  const closed: ClosedBatch[] = [];
  while (part.lineCount > 0) closed.push(...part.closeTurn());
  return closed;
}

/** The accepted events as `bucket app unit developer`, and why others were refused. */
function contentOf(batches: readonly ClosedBatch[]): { readonly events: string[]; readonly refused: string[] } {
  const contents = batches.map(({ bucket, payload }) => ({ bucket, ...unpackBatch(payload) }));
  const events = contents.flatMap(({ bucket, columns }) =>
    Array.from({ length: columns.count }, (_, row) => {
      const unit = columns.adUnit.places[row] as number;
      const app = columns.appOfAdUnit[unit] as number;
      const developer = columns.developers[columns.developerOfApp[app] as number];
      return `${bucket} ${columns.apps[app]} ${columns.adUnit.values[unit]} ${developer}`;
    }),
  );
  return { events, refused: contents.flatMap(({ refused }) => refused.map(({ reason }) => reason)) };
}

const own = (n: number): [string, string] => [`app-${n}`, `unit-${n}`];
const expected = (n: number) => `${bucketOf(developerOf(n), BUCKETS)} app-${n} unit-${n} ${developerOf(n)}`;

describe('what the catalog tells of many ids', () => {
  test('is whose they are, of those that it has, and nothing of the others', async () => {
    const part = openPart();
    const unknown: [string, string][] = [
      ['app-x', 'unit-1'],
      ['app-1', 'unit-x'],
      ['app-1', 'unit-2'],
      ['app-y', 'unit-y'],
    ];
    const known = Array.from({ length: APPS - 1 }, (_, n) => n);
    await judge(part, [...known.map(own), ...unknown]);
    const { events, refused } = contentOf(allClosed(part));
    expect(events.sort()).toEqual(known.map(expected).sort());
    expect(refused.sort()).toEqual(['unknown_ad_unit', 'unknown_ad_unit', 'unknown_app', 'unknown_app']);

    await judge(part, [own(APPS - 1), own(3)]);
    expect(contentOf(allClosed(part)).events.sort()).toEqual([expected(APPS - 1), expected(3)].sort());
  });

  test('holds for what is imported while the file is read, too', async () => {
    const part = openPart();
    await judge(part, [...Array.from({ length: APPS }, (_, n) => own(n)), own(APPS)]);
    expect(contentOf(allClosed(part)).refused).toEqual(['unknown_app']);
    await importApps(0, APPS + 1);
    await judge(part, [own(APPS)]);
    expect(contentOf(allClosed(part)).events).toEqual([expected(APPS)]);
  });
});

test('each bucket has its turn, closes once what it has, and the next turn goes on behind it', async () => {
  const part = openPart();
  const places = Array.from({ length: APPS }, (_, n) => own(n));
  for (let block = 0; block < 14; block += 1) {
    expect(part.isTurn).toBe(false);
    await judge(part, places);
  }
  expect(part.isTurn).toBe(true);
  const first = part.closeTurn();
  expect(part.isTurn).toBe(false);
  const linesOfFirst = first.reduce((sum, { lineCount }) => sum + lineCount, 0);
  expect(linesOfFirst).toBeGreaterThan(20_000);
  expect(part.lineCount).toBe(14 * APPS - linesOfFirst);

  await judge(part, places);
  const second = part.closeTurn();
  const buckets = [...first, ...second].map(({ bucket }) => bucket);
  expect(buckets).toEqual(buckets.map((_, index) => index));
  const rest = allClosed(part);
  const all = [...first, ...second, ...rest];
  expect(all.reduce((sum, { lineCount }) => sum + lineCount, 0)).toBe(15 * APPS);
  expect(new Set(all.map(({ bucket }) => bucket)).size).toBe(BUCKETS);
  expect(contentOf(all).events).toHaveLength(15 * APPS);
});
