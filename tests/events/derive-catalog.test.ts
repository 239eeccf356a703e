import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCatalog } from '../../src/catalog/catalog-file.ts';
import { parseAdEvent } from '../../src/domain/ad-event.ts';
import { deriveCatalog, type SkippedLine } from '../../src/events/derive-catalog.ts';
import { ipinyouSlotSize, parseIpinyouLine } from '../../src/events/ipinyou.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'apportion-derive-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function logOf(name: string, lines: readonly string[]): Promise<string> {
  const file = path.join(folder, name);
  await writeFile(file, lines.map(line => `${line}\n`).join(''));
  return file;
}

function line(appId: string, adUnitId: string): string {
  const occurredAt = '2018-04-15T10:00:00+08:00';
  const ids = { id: 'e1', app_id: appId, ad_unit_id: adUnitId };
  return JSON.stringify({ ...ids, type: 'impression', occurred_at: occurredAt, currency: 'CNY', price: '1' });
}

describe('a catalog derived from logs', () => {
  test('has an app and its developer for each app id, and its ad units, in the order of ids', async () => {
    const paths = [await logOf('one', [line('b.com', 'u2'), line('a.com', 'u1'), line('b.com', 'u2')])];
    expect(await deriveCatalog({ paths, parse: parseAdEvent })).toEqual({
      developers: [
        { id: 'a.com', name: 'a.com', type: 'company', country: 'CN' },
        { id: 'b.com', name: 'b.com', type: 'company', country: 'CN' },
      ],
      apps: [
        { id: 'a.com', developer_id: 'a.com', name: 'a.com', category: 'website' },
        { id: 'b.com', developer_id: 'b.com', name: 'b.com', category: 'website' },
      ],
      ad_units: [
        { id: 'u1', app_id: 'a.com', format: 'banner' },
        { id: 'u2', app_id: 'b.com', format: 'banner' },
      ],
      campaigns: [],
    });
  });

  test('does not depend on the order of lines and files, in the formats neither', async () => {
    const files = [
      await logOf('two', [line('b', 'u2'), line('b', 'u1')]),
      await logOf('three', [line('a', 'u3'), line('b', 'u2')]),
    ];
    let calls = 0;
    const adUnitFormatOf = () => ['300x250', '728x90', null][calls++ % 3] ?? null;
    const derive = async (paths: string[]) => JSON.stringify(await deriveCatalog({ paths, parse: parseAdEvent }));
    expect(await derive(files)).toBe(await derive(files.toReversed()));
    const same = await logOf(
      'four',
      Array.from({ length: 3 }, () => line('a', 'u')),
    );
    const { ad_units } = await deriveCatalog({ paths: [same], parse: parseAdEvent, adUnitFormatOf });
    expect(ad_units).toEqual([{ id: 'u', app_id: 'a', format: '300x250' }]);
  });

  test('tells of lines that it can not take', async () => {
    const skipped: SkippedLine[] = [];
    const lines = [line('a', 'u'), '{', '', line('b', 'u'), line('_program', 'v'), line(' a', 'w'), line('c', 'w')];
    const paths = [await logOf('five', lines)];
    const derived = await deriveCatalog({ paths, parse: parseAdEvent, onSkipped: each => skipped.push(each) });
    expect(derived.apps.map(({ id }) => id)).toEqual(['a', 'c']);
    expect(skipped.map(({ lineNo }) => lineNo)).toEqual([2, 4, 5, 6]);
    expect(skipped[1]?.detail).toContain('ad_unit_id "u" stands under app "b" and app "a"');
    expect(() => parseCatalog(JSON.stringify(derived), 'derived')).not.toThrow();
  });

  test('is refused when nothing can be taken, telling why', async () => {
    const paths = [await logOf('six', [line('a', 'u')]), await logOf('empty', [])];
    await expect(deriveCatalog({ paths, parse: parseIpinyouLine })).rejects.toMatchObject({
      code: 'no_events',
      message: expect.stringContaining('has 1 column; send 24 columns'),
    });
  });
});

const realFolder = path.resolve(import.meta.dirname, '../../../shared/data/ipinyou');

test.skipIf(!existsSync(realFolder))(
  'the real log of 2013-10-21 gives 781 apps and 1139 ad units that a catalog takes',
  async () => {
    const paths = ['imp.20131021.txt', 'clk.20131021.txt'].map(name => path.join(realFolder, name));
    const skipped: SkippedLine[] = [];
    const derived = await deriveCatalog({
      paths,
      parse: parseIpinyouLine,
      adUnitFormatOf: ipinyouSlotSize,
      onSkipped: each => skipped.push(each),
    });
    expect(skipped).toEqual([]);
    const catalog = parseCatalog(JSON.stringify(derived), 'derived');
    expect(catalog.developers).toHaveLength(781);
    expect(catalog.apps).toHaveLength(781);
    expect(catalog.adUnits).toHaveLength(1139);
    expect(new Set(catalog.adUnits.map(({ format }) => format))).toContain('960x90');
  },
);
