import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bucketOf } from '../../src/domain/bucket.ts';
import { Refusal } from '../../src/domain/errors.ts';
import { acceptFile } from '../../src/events/accept-file.ts';
import type { BatchKey } from '../../src/events/inbox.ts';
import { eventLine, smallCatalog } from '../support/events.ts';
import { rejectionOf } from '../support/refusals.ts';
import { seededBytes } from '../support/seeded-bytes.ts';
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
  await system.importCatalog(smallCatalog());
});

const good = (id: string, fields: Record<string, unknown> = {}) => eventLine({ id, ...fields });

/** How many lines counted, and that nothing stored differs from the evidence. */
async function accepted(): Promise<number> {
  expect((await system.verify()).differences).toEqual([]);
  return (await system.summary()).accepted;
}

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
    expect(await system.rejectedLines()).toMatchObject([{ lineNo: 5, reason: 'bad_json', line: Buffer.from('{') }]);
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
      // Without a newline among them, for the lines before the cut would count.
      gzipSync(seededBytes(5000).map(byte => (byte === 0x0a ? 0 : byte))).subarray(0, 100),
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
    good(`e${index}`, { device_id: seededBytes(40).toString('hex') }),
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
    const kept = await system.rejectedLines();
    expect(kept.map(({ lineNo, reason, detail }) => [lineNo, reason, detail])).toEqual([
      [2, 'bad_json', NOT_UTF8],
      [4, 'bad_json', NOT_UTF8],
    ]);
    expect(kept.map(({ line }) => line)).toEqual([latin, cutOff]);
    expect(await accepted()).toBe(3);
  });

  test('alone, a binary file, are all rejected', async () => {
    // Never taken for gzip or zstd, nor for a byte order mark.
    const bytes = Buffer.concat([Buffer.from([0x7f, 0x45, 0x4c, 0x46]), seededBytes(300_000)]);
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

  test.each([50, 700, 5999])('decides between the parts of a file, too, with %d events in each', async batchEvents => {
    const lines = Array.from({ length: 6000 }, (_, index) => good(`e${index % 2000}`, { price: String(index) }));
    const { received, batches } = await system.ingest(lines, { batchEvents });
    expect([received, batches]).toEqual([6000, Math.ceil(6000 / batchEvents)]);
    expect(system.batchJobs.length).toBe(batches);
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
      { path: path.join(system.folder, 'kept'), format: 'ndjson', clock: system.now, batchEvents: 10 },
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
    (_, index) => `${good(`${index}-${seededBytes(4).toString('hex')}`)}\n`,
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
