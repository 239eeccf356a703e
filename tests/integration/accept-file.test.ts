import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { parseAdEvent } from '../../src/domain/ad-event.ts';
import { bucketOf } from '../../src/domain/bucket.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { acceptFile } from '../../src/events/accept-file.ts';
import type { BatchKey } from '../../src/events/inbox.ts';
import { eventLine, smallCatalog } from '../support/events.ts';
import { planEntry } from '../support/reference-files.ts';
import { rejectionOf } from '../support/refusals.ts';
import { type IngestOptions, SettlementSystem } from '../support/settlement-system.ts';

const NOW = '2018-04-16T12:00:00+08:00';
const DAY = '2018-04-15';
const ACCEPT_PROGRAM = fileURLToPath(new URL('../support/accept-program.ts', import.meta.url));

let system: SettlementSystem;
beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: 4 });
});
afterAll(async () => await system.drop());

beforeEach(async () => {
  await system.reset(NOW);
  await system.importCatalog({
    ...smallCatalog(2),
    campaigns: [
      { id: 'c-cny', currency: 'CNY', rate_cards: [{ effective_from: '2018-04-01', effective_to: null, cpm: '2' }] },
      { id: 'c-usd', currency: 'USD', rate_cards: [{ effective_from: '2018-04-01', effective_to: null, cpm: '2' }] },
    ],
  });
  await system.importPlans(planEntry());
});

const good = (id: string, fields: Record<string, unknown> = {}) => eventLine({ id, ...fields });

interface KeptLine {
  readonly lineNo: number;
  readonly reason: string;
  readonly field: string | null;
  readonly detail: string;
  readonly line: Buffer;
}

async function keptLines(): Promise<KeptLine[]> {
  const { rows } = await system.db.query<KeptLine>(
    `select line_no as "lineNo", reason, field, detail, line from rejected_lines order by bucket, seq, line_no`,
  );
  return rows.sort((a, b) => a.lineNo - b.lineNo);
}

const told = (lines: readonly KeptLine[]) => lines.map(({ lineNo, reason, detail }) => [lineNo, reason, detail]);

/** How many lines counted, and that nothing stored differs from the evidence. */
async function accepted(): Promise<number> {
  expect((await system.verify()).differences).toEqual([]);
  return (await system.summary()).accepted;
}

const ID = 'send a string of 1 to 64 printable ASCII characters';
const OR_LEAVE_OUT = `${ID}, or leave the field out`;
const CURRENCY = 'send an upper-case ISO 4217 code with a minor unit, such as "CNY"';
const PRICE = 'send a decimal string from "0" to "1000000" with at most 6 decimals, without sign or exponent';
const NO_SUCH_TIME = 'no such date or time between 1970-01-01 and 9999-12-30 UTC';
const DEVICE = 'send a string of 1 to 128 printable ASCII characters, or leave the field out';
const AGENT = 'send at most 1024 characters of well-formed Unicode without U+0000, or leave the field out';

type Bad = [reason: string, field: string | null, fields: Record<string, unknown> | string, detail: string];

const BAD_LINES: Bad[] = [
  ['bad_json', null, '{"id": "e1"', String.raw`"{\"id\": \"e1\"" is not a JSON object; send one JSON object a line`],
  ['bad_json', null, '[1]', '"[1]" is not a JSON object; send one JSON object a line'],
  ['bad_json', null, 'null', '"null" is not a JSON object; send one JSON object a line'],
  [
    'bad_json',
    null,
    '\u0000\u001b[2J',
    String.raw`"\u0000\u001b[2J" is not a JSON object; send one JSON object a line`,
  ],
  ['bad_id', 'id', { id: undefined }, `id is missing; ${ID}`],
  ['bad_id', 'id', { id: '' }, `id ""; ${ID}`],
  ['bad_id', 'id', { id: 'x'.repeat(65) }, `id "${'x'.repeat(65)}"; ${ID}`],
  ['bad_id', 'id', { id: 'é\u0000' }, String.raw`id "é\u0000"; ${ID}`],
  ['bad_id', 'id', { id: 12 }, `id 12; ${ID}`],
  ['bad_type', 'type', { type: 'view' }, 'type "view"; send "impression" or "click"'],
  [
    'bad_time',
    'occurred_at',
    { occurred_at: '2018-02-29T10:00:00Z' },
    `occurred_at "2018-02-29T10:00:00Z"; ${NO_SUCH_TIME}`,
  ],
  [
    ...(['bad_time', 'occurred_at', { occurred_at: '2018-04-15T10:00:00' }] as const),
    'occurred_at "2018-04-15T10:00:00"; add the offset from UTC, such as +08:00 or Z',
  ],
  [
    ...(['bad_time', 'occurred_at', { occurred_at: 1_523_757_600 }] as const),
    'occurred_at 1523757600; write RFC 3339 with offset, such as 2018-04-15T10:00:00.000+08:00',
  ],
  ['bad_app_id', 'app_id', { app_id: null }, `app_id is missing; ${ID}`],
  ['bad_ad_unit_id', 'ad_unit_id', { ad_unit_id: ['u'] }, `ad_unit_id an array; ${ID}`],
  ['bad_currency', 'currency', { currency: 'RMB' }, `currency "RMB"; ${CURRENCY}`],
  ['bad_currency', 'currency', { currency: 'cny' }, `currency "cny"; ${CURRENCY}`],
  ['bad_currency', 'currency', { currency: 'XAU' }, `currency "XAU"; ${CURRENCY}`],
  ['bad_price', 'price', { price: '0.1234567' }, `price "0.1234567"; ${PRICE}`],
  ['bad_price', 'price', { price: '-0.01' }, `price "-0.01"; ${PRICE}`],
  ['bad_price', 'price', { price: '1000000.000001' }, `price "1000000.000001"; ${PRICE}`],
  ['bad_price', 'price', { price: '1e3' }, `price "1e3"; ${PRICE}`],
  ['bad_price', 'price', { price: 2.5 }, 'price 2.5; quote it: a price is a decimal string, such as "2.50"'],
  ['bad_campaign_id', 'campaign_id', { campaign_id: '' }, `campaign_id ""; ${OR_LEAVE_OUT}`],
  ['bad_impression_id', 'impression_id', { impression_id: 7 }, `impression_id 7; ${OR_LEAVE_OUT}`],
  ['bad_device_id', 'device_id', { device_id: '' }, `device_id ""; ${DEVICE}`],
  ['bad_user_agent', 'user_agent', { user_agent: 'a\u0000b' }, String.raw`user_agent "a\u0000b"; ${AGENT}`],
  ['bad_ip', 'ip', { ip: {} }, 'ip an object; send at most 64 printable ASCII characters, or leave the field out'],
  ['bad_type', 'type', { price: '-1', type: 'view', currency: 'RMB' }, 'type "view"; send "impression" or "click"'],
  [
    ...(['too_late', 'occurred_at', { occurred_at: '2018-03-11T23:59:59.999+08:00', app_id: 'nobodys' }] as const),
    'occurred_at 2018-03-11T15:59:59.999Z is more than 35 business days back; for an old log give --as-of',
  ],
  [
    ...(['in_future', 'occurred_at', { occurred_at: '2018-04-16T12:05:00.001+08:00', app_id: 'nobodys' }] as const),
    "occurred_at 2018-04-16T04:05:00.001Z lies in the future; correct the sender's clock",
  ],
  [
    ...(['unknown_app', 'app_id', { app_id: 'nobodys', ad_unit_id: 'nobodys' }] as const),
    'app_id "nobodys" is not in the catalog; import it, then try the line again',
  ],
  [
    ...(['unknown_ad_unit', 'ad_unit_id', { ad_unit_id: 'nobodys', price: null }] as const),
    'ad_unit_id "nobodys" is not in the catalog; import it, then try the line again',
  ],
  [
    ...(['unknown_ad_unit', 'ad_unit_id', { ad_unit_id: 'unit-2' }] as const),
    'ad_unit_id "unit-2" belongs to app "app-2", not to "app-1"; correct one of them',
  ],
  [
    ...(['currency_mismatch', 'currency', { price: undefined, campaign_id: 'c-usd' }] as const),
    'currency CNY differs from USD of the rate card of campaign "c-usd"; correct one of them',
  ],
  [
    ...(['no_price', 'price', { price: undefined }] as const),
    'price is absent and no campaign_id tells a rate card; send one of them',
  ],
  [
    ...(['no_price', 'price', { price: undefined, campaign_id: 'c-cny', type: 'click' }] as const),
    'campaign_id "c-cny" has no rate card for clicks on 2018-04-15; import one, then try the line again',
  ],
  [
    ...([
      'no_price',
      'price',
      { price: null, campaign_id: 'c-cny', occurred_at: '2018-03-31T23:59:59+08:00' },
    ] as const),
    'campaign_id "c-cny" has no rate card for impressions on 2018-03-31; import one, then try the line again',
  ],
];

describe('a bad line', () => {
  const textOf = (fields: Bad[2]) => (typeof fields === 'string' ? fields : eventLine({ id: 'bad', ...fields }));

  test.each(BAD_LINES.map(([reason, field, fields, detail]) => ({ reason, field, detail, text: textOf(fields) })))(
    'is kept as $reason: $detail',
    async ({ reason, field, detail, text }) => {
      expect(await system.take([good('before'), text, good('after')])).toMatchObject({
        ...{ received: 3, pending: 0, accepted: 2, duplicates: 0, conflicts: 0, rejected: { [reason]: 1 } },
      });
      const [kept, ...others] = await keptLines();
      expect(others).toEqual([]);
      expect(kept).toMatchObject({ lineNo: 2, reason, field });
      expect(kept?.detail).toBe(detail);
      const stored = kept?.line.toString('utf8') ?? '';
      // What the catalog could judge only when it was processed is kept as the event that it was.
      if (['no_price', 'currency_mismatch'].includes(reason)) expect(JSON.parse(stored)).toMatchObject({ id: 'bad' });
      else expect(stored).toBe(text);
      expect(await accepted()).toBe(2);
    },
  );

  test('and all others of its file leave what is good in it to count', async () => {
    const lines = BAD_LINES.flatMap(([, , fields], index) => [good(`g${index}`), textOf(fields)]);
    const { received, accepted: counted, rejected } = await system.take(lines);
    expect([received, counted]).toEqual([2 * BAD_LINES.length, BAD_LINES.length]);
    expect(Object.values(rejected).reduce((sum, each) => sum + each, 0)).toBe(BAD_LINES.length);
    expect((await keptLines()).map(({ lineNo, reason }) => [lineNo, reason])).toEqual(
      BAD_LINES.map(([reason], index) => [2 * index + 2, reason]),
    );
    expect(await accepted()).toBe(BAD_LINES.length);
  });

  test('at the edge of the window is still good', async () => {
    const times = ['2018-03-12T00:00:00+08:00', '2018-04-16T12:05:00.000999+08:00', '2018-04-16T04:05:00z'];
    expect(await system.take(times.map((occurred_at, index) => good(`e${index}`, { occurred_at })))).toMatchObject({
      ...{ accepted: 3, rejected: {} },
    });
  });

  test('is judged by the clock that was given for the file, an old log by its own', async () => {
    const old = good('old', { occurred_at: '2013-10-21T10:00:00+08:00' });
    expect(await system.take([old])).toMatchObject({ accepted: 0, rejected: { too_late: 1 } });
    expect(await system.take([old], { asOf: new Date('2013-10-22T00:00:00+08:00') })).toMatchObject({ accepted: 1 });
  });
});

describe('a long line', () => {
  const KEPT = 1024;
  const tooLong = (bytes: number) =>
    `the line is longer than 65536 bytes; send one event a line, each within that limit (it has ${bytes} bytes)`;
  /** An event of exactly so many bytes. */
  const ofBytes = (bytes: number, filler = 'x') => {
    const frame = good('long', { note: '' });
    const room = bytes - Buffer.byteLength(frame);
    return frame.replace('"note":""', `"note":"${filler.repeat(Math.floor(room / Buffer.byteLength(filler)))}"`);
  };

  test.each([
    ['between others', (long: string) => `${good('a')}\n${long}\n${good('b')}\n`, 2],
    ['first', (long: string) => `${long}\n${good('a')}\n${good('b')}\n`, 1],
    ['last, without an end', (long: string) => `${good('a')}\n${good('b')}\n${long}`, 3],
  ])('of 10 MB is cut, told and passed over: %s', async (_where, arrange, lineNo) => {
    const long = 'y'.repeat(10 * 1024 * 1024);
    const file = Buffer.from(arrange(long));
    expect(await system.take(file)).toMatchObject({ received: 3, accepted: 2, rejected: { too_long: 1 } });
    const [kept] = await keptLines();
    expect(kept).toMatchObject({ lineNo, reason: 'too_long', field: null, detail: tooLong(long.length) });
    expect(kept?.line.toString()).toBe('y'.repeat(KEPT));
    expect(await accepted()).toBe(2);
  });

  test('after another, each with its own number', async () => {
    const long = ['a', 'b', 'c'].map(letter => letter.repeat(700_000));
    const lines = [long[0] as string, good('x'), long[1] as string, long[2] as string, '', good('y')];
    expect(await system.take(lines)).toMatchObject({ received: 5, accepted: 2, rejected: { too_long: 3 } });
    expect((await keptLines()).map(({ lineNo, line }) => [lineNo, line.toString().slice(0, 1)])).toEqual([
      [1, 'a'],
      [3, 'b'],
      [4, 'c'],
    ]);
  });

  test.each(['x', 'é', '語'])('may have 65,536 bytes, counted as UTF-8 of %s, and not one more', async filler => {
    const most = ofBytes(65_536, filler);
    const fitting = most + ' '.repeat(65_536 - Buffer.byteLength(most));
    expect(Buffer.byteLength(fitting)).toBe(65_536);
    expect(await system.take([fitting, `${fitting} `, good('after')])).toMatchObject({
      ...{ accepted: 2, duplicates: 0, rejected: { too_long: 1 } },
    });
    expect(told(await keptLines())).toEqual([[2, 'too_long', tooLong(65_537)]]);
  });
});

describe('the form of a file', () => {
  const three = [good('a'), good('b'), good('c')];
  const plain = Buffer.from(three.map(line => `${line}\n`).join(''));

  test.each<[string, Buffer]>([
    ['plain', plain],
    ['without an end of its last line', plain.subarray(0, -1)],
    ['with CRLF', Buffer.from(three.join('\r\n'))],
    ['with a byte order mark', Buffer.concat([Buffer.from('\ufeff'), plain])],
    ['with blank lines', Buffer.from(`\n\r\n  \n${three.join('\n\n \t \n')}\n\n`)],
    ['gzip', gzipSync(plain)],
    ['gzip, one behind the other', Buffer.concat([gzipSync(plain.subarray(0, 200)), gzipSync(plain.subarray(200))])],
    ['gzip, padded with zeros', Buffer.concat([gzipSync(plain), Buffer.alloc(512)])],
    ['zstd', zstdCompressSync(plain)],
    [
      'zstd, one behind the other',
      Buffer.concat([zstdCompressSync(plain.subarray(0, 200)), zstdCompressSync(plain.subarray(200))]),
    ],
    ['gzip of a text with mark and CRLF', gzipSync(`\ufeff${three.join('\r\n')}`)],
  ])('%s gives the same three events', async (_form, bytes) => {
    expect(await system.take(bytes, { name: 'a-file' })).toMatchObject({ received: 3, accepted: 3, rejected: {} });
    expect(await system.earnings()).toEqual([`${DAY}|dev|app-1|unit-1|CNY|3|0|3000000`]);
  });

  test('keeps the numbers of lines where some are blank', async () => {
    await system.take(Buffer.from(`\r\n\n${three[0]}\r\n\r\n{\r\n\n`));
    expect(await keptLines()).toMatchObject([{ lineNo: 5, reason: 'bad_json', line: Buffer.from('{') }]);
  });

  test('takes a mark for one at the beginning only', async () => {
    const bytes = Buffer.from(`${three[0]}\n\ufeff${three[1]}\n`);
    expect(await system.take(bytes)).toMatchObject({ accepted: 1, rejected: { bad_json: 1 } });
  });

  test.each<[string, Buffer | null, string]>([
    ['an empty file', Buffer.alloc(0), 'holds no line; give a file with one event a line'],
    ['blank lines alone', Buffer.from('\n \r\n\n'), 'holds no line; give a file with one event a line'],
    ['an empty gzip', gzipSync(''), 'holds no line; give a file with one event a line'],
    [
      'a gzip cut in its first block',
      gzipSync(randomBytes(5000)).subarray(0, 100),
      'is damaged or cut short after line 0',
    ],
    ['no file', null, "can't be read (ENOENT"],
  ])('refuses %s', async (_form, bytes, problem) => {
    const file = path.join(system.folder, 'refused');
    const refusal = await rejectionOf(
      bytes === null ? system.ingestFile(`${file}-2`) : system.ingest(bytes, { name: 'refused' }),
    );
    expect(refusal).toMatchObject({ code: 'bad_file', exitCode: 1 });
    expect(refusal.message).toMatch(new RegExp(`^${file}.*: `));
    expect(refusal.message).toContain(problem);
    expect(system.batchJobs).toEqual([]);
  });

  test('refuses a folder', async () => {
    await mkdir(path.join(system.folder, 'folder'), { recursive: true });
    const refusal = await rejectionOf(system.ingestFile(path.join(system.folder, 'folder')));
    expect(refusal.message).toContain("/folder: can't be read (EISDIR");
  });
});

describe('a damaged file', () => {
  const lines = Array.from({ length: 5000 }, (_, index) =>
    good(`e${index}`, { device_id: randomBytes(40).toString('hex') }),
  );
  const text = Buffer.from(lines.map(line => `${line}\n`).join(''));

  const take = async (bytes: Buffer, options: IngestOptions) => {
    const { damage } = await system.ingest(bytes, options);
    await system.processAll();
    return { damage: damage?.message ?? null, summary: await system.summary() };
  };

  test.each<[string, Buffer]>([
    ['gzip', gzipSync(text)],
    ['zstd', zstdCompressSync(text)],
  ])('%s that is cut short: its whole lines count, and the place is told', async (name, packed) => {
    const { damage, summary } = await take(packed.subarray(0, Math.floor(packed.length * 0.7)), { name });
    expect(summary.received).toBeGreaterThan(1000);
    expect(summary).toMatchObject({ pending: 0, accepted: summary.received, rejected: {} });
    expect(damage).toBe(
      `${path.join(system.folder, name)}: is damaged or cut short after line ${summary.received} (unexpected end of file); fetch it again`,
    );
    expect(await accepted()).toBe(summary.received);

    const again = await take(packed, { name });
    expect(again).toMatchObject({ damage: null, summary: { accepted: 5000, duplicates: summary.received } });
  });

  test.each<[string, Buffer]>([
    ['gzip', gzipSync(text)],
    ['zstd', zstdCompressSync(text, { params: { [constants.ZSTD_c_checksumFlag]: 1 } })],
  ])('%s with a bit flipped in its middle is told, and what came before counts', async (name, packed) => {
    const flipped = Buffer.from(packed);
    const middle = Math.floor(packed.length / 2);
    flipped[middle] = (flipped[middle] as number) ^ 0x10;
    const { damage, summary } = await take(flipped, { name });
    expect(damage).toContain(`is damaged or cut short after line ${summary.received} (`);
    expect(summary.accepted).toBeGreaterThan(1000);
    await accepted();
  });

  test('whose last byte alone is missing is told, though all its lines are there', async () => {
    const { damage, summary } = await take(gzipSync(text).subarray(0, -1), { name: 'almost' });
    expect(damage).toContain('after line 5000 (unexpected end of file)');
    expect(summary.accepted).toBe(5000);
  });

  test('that goes on after its packed part is told', async () => {
    const packed = Buffer.concat([zstdCompressSync(text), Buffer.from(`${good('beyond')}\n`)]);
    const { damage, summary } = await take(packed, { name: 'more' });
    expect(damage).toContain('/more: holds something after line 5000 that is not packed with zstd; hand it in');
    expect(summary.accepted).toBe(5000);
  });
});

describe('bytes that are no text', () => {
  const NOT_UTF8 = 'the line is not UTF-8; send JSON in UTF-8, one object a line';

  test('spoil their own line only, and are kept as they came', async () => {
    const latin = Buffer.from(good('latin', { user_agent: 'Münzer' }), 'latin1');
    const cutOff = Buffer.from(good('cut', { user_agent: '語' })).subarray(0, -3);
    const parts = [good('a'), latin, good('b', { user_agent: 'Münzer 語 🎉' }), cutOff, `${good('c')}\r`];
    const bytes = Buffer.concat(parts.flatMap(part => [Buffer.from(part), Buffer.from('\n')]));
    expect(await system.take(bytes)).toMatchObject({ received: 5, accepted: 3, rejected: { bad_json: 2 } });
    const kept = await keptLines();
    expect(told(kept)).toEqual([
      [2, 'bad_json', NOT_UTF8],
      [4, 'bad_json', NOT_UTF8],
    ]);
    expect(kept.map(({ line }) => line)).toEqual([latin, cutOff]);
    expect(await accepted()).toBe(3);
  });

  test('alone, a binary file, are all rejected', async () => {
    // Never taken for gzip or zstd, nor for a byte order mark.
    const bytes = Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46]), randomBytes(300_000)]);
    const lines = bytes
      .toString('latin1')
      .split('\n')
      .filter(line => line !== '' && line !== '\r');
    const { received, accepted: counted } = await system.take(bytes);
    expect(counted).toBe(0);
    // Bytes of white space alone are a blank line.
    expect(received).toBeLessThanOrEqual(lines.length);
    expect(received).toBeGreaterThan(lines.length * 0.9);
    expect(await accepted()).toBe(0);
  });

  test('of UTF-16 are rejected too', async () => {
    const bytes = Buffer.from(`\ufeff${good('a')}\n${good('b')}\n`, 'utf16le');
    expect(await system.take(bytes)).toMatchObject({ accepted: 0, rejected: { bad_json: 3 } });
  });
});

describe('the order of the file', () => {
  test('decides between lines of one file: the first stands, repeats and conflicts are told apart', async () => {
    const lines = [
      good('x'),
      good('x'),
      good('x', { price: '2' }),
      good('x', { price: '1.000' }),
      good('x', { type: 'click' }),
    ];
    expect(await system.take(lines)).toMatchObject({ accepted: 2, duplicates: 2, conflicts: 1 });
    expect(await system.earnings()).toEqual([`${DAY}|dev|app-1|unit-1|CNY|1|1|1001000000`]);
  });

  test.each([1, 7, 1000])('decides between the parts of a file, too, with %d events in each', async batchEvents => {
    const lines = Array.from({ length: 6000 }, (_, index) => good(`e${index % 2000}`, { price: String(index) }));
    const file = await system.ingest(lines, { batchEvents });
    expect(file).toMatchObject({ received: 6000, damage: null, queueProblem: null });
    expect(file.batches).toBeGreaterThan(1);
    expect(file.batches).toBe(system.batchJobs.length);
    await system.processAll({ batchEvents: 3000 });
    expect(await system.summary()).toMatchObject({ accepted: 2000, conflicts: 4000 });
    const gross = 1_000_000n * BigInt((1999 * 2000) / 2);
    expect(await system.earnings()).toEqual([`${DAY}|dev|app-1|unit-1|CNY|2000|0|${gross}`]);
    expect(await accepted()).toBe(2000);
  });

  test('decides between files handed in one after the other, however many buckets the first has', async () => {
    const many = await SettlementSystem.open({ now: NOW });
    try {
      const owners = Array.from({ length: 64 }, (_, bucket) => ownerIn(bucket));
      await many.importCatalog({
        developers: owners.map(id => ({ id, name: id, type: 'company', country: 'CN' })),
        apps: owners.map(id => ({ id, developer_id: id, name: id, category: 'tools' })),
        ad_units: owners.map(id => ({ id, app_id: id, format: 'banner' })),
      });
      const lineOf = (id: string, price: string) => eventLine({ app_id: id, ad_unit_id: id, price });
      for (let round = 1; round <= 2; round += 1) {
        await many.ingest(owners.map(id => lineOf(id, String(round))));
        for (const id of owners.slice(-3)) await many.ingest([lineOf(id, `0.${round}`)]);
      }
      await many.processAll();
      expect(await many.summary()).toMatchObject({ accepted: 64, conflicts: 64 + 6 });
      expect(new Set((await many.earnings()).map(row => row.split('|').at(-1)))).toEqual(new Set(['1000000']));
    } finally {
      await many.drop();
    }
  });

  function ownerIn(bucket: number): string {
    for (let number = 0; ; number += 1) {
      if (bucketOf(`dev-${number}`, 64) === bucket) return `dev-${number}`;
    }
  }
});

describe('accepted means kept', () => {
  const accept = async (enqueue: (batches: BatchKey[]) => Promise<void>) => {
    await system.ingest([good('a'), good('b')], { name: 'kept' });
    const { db, calendar, bucketCount } = system;
    return await acceptFile(
      { db, calendar, bucketCount, now: () => system.now, enqueue },
      { path: path.join(system.folder, 'kept'), parse: parseAdEvent, clock: system.now, batchEvents: 10 },
    );
  };

  test('before the queue hears of it', async () => {
    const found: number[] = [];
    await accept(async batches => {
      const ids = batches.map(({ batchId }) => batchId);
      const { rowCount } = await system.db.query('select from inbox_batches where batch_id = any ($1::uuid[])', [ids]);
      found.push(batches.length, rowCount ?? 0);
    });
    expect(found).toEqual([1, 1]);
  });

  test('when the queue can not be told, which is told', async () => {
    const problem = new Refusal({ code: 'queue_unavailable', message: 'down', exitCode: 3 });
    const file = await accept(async () => {
      throw problem;
    });
    expect(file).toMatchObject({ received: 2, batches: 1, queueProblem: problem });
    await system.processBucket(bucketOf('dev', system.bucketCount));
    expect(await system.summary(file.ingestId)).toMatchObject({ received: 2, pending: 0 });
  });
});

test('memory does not grow with the file', { timeout: 240_000 }, async () => {
  const measure = async (megabytes: number) => {
    const file = path.join(system.folder, `${megabytes}.ndjson`);
    const lines = await writeLarge(file, megabytes);
    const { address } = system.database;
    const { stdout } = await promisify(execFile)(process.execPath, [
      ACCEPT_PROGRAM,
      JSON.stringify({ address, file, clock: NOW }),
    ]);
    const { received, peakBytes } = JSON.parse(stdout);
    expect(received).toBe(lines);
    return peakBytes;
  };
  const [small, large] = [await measure(40), await measure(200)];
  expect(large - small).toBeLessThan(80 * 1024 * 1024);
});

async function writeLarge(file: string, megabytes: number): Promise<number> {
  const chunk = Array.from(
    { length: 5000 },
    (_, index) => `${good(`${index}-${randomBytes(4).toString('hex')}`)}\n`,
  ).join('');
  const chunks = Math.ceil((megabytes * 1024 * 1024) / chunk.length);
  const stream = createWriteStream(file);
  for (let written = 0; written < chunks; written += 1) {
    if (!stream.write(chunk)) await once(stream, 'drain');
  }
  stream.end();
  await once(stream, 'finish');
  return chunks * 5000;
}
