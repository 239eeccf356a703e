import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readReferenceFile } from '../../src/catalog/reference-file.ts';
import { rejectionOf } from '../support/refusals.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'apportion-files-'));
});
afterAll(async () => await rm(folder, { recursive: true }));

async function file(content: string | Buffer): Promise<string> {
  const place = path.join(folder, 'catalog.json');
  await writeFile(place, content);
  return place;
}

it('reads UTF-8 without its byte order mark', async () => {
  const place = await file('\ufeff{"apps": []} 七');
  expect(await readReferenceFile(place)).toEqual({ text: '{"apps": []} 七', source: place });
});

it('refuses a file that is not there, a folder, a packed file and one that is too long, naming each', async () => {
  const missing = path.join(folder, 'missing.json');
  expect((await rejectionOf(readReferenceFile(missing))).message).toBe(
    `${missing}: the file can't be read (ENOENT); check its path and permissions`,
  );
  expect((await rejectionOf(readReferenceFile(folder))).message).toContain("can't be read (EISDIR)");
  const packed = await file(gzipSync('{"apps": []}'));
  expect((await rejectionOf(readReferenceFile(packed))).message).toContain(
    'is not UTF-8 text; hand in the text itself, neither packed',
  );
  const long = await file('');
  await truncate(long, 600 * 1024 * 1024);
  const refusal = await rejectionOf(readReferenceFile(long));
  expect(refusal.code).toBe('bad_file');
  expect(refusal.message).toContain('the file has 629145600 bytes, more than 524288000; split it');
});
