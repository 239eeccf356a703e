import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { KEPT_BYTES_OF_LONG_LINE, NEWLINE, readBlocks } from '../../src/events/line-reader.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'apportion-lines-'));
});
afterAll(async () => await rm(folder, { recursive: true }));

interface Line {
  readonly lineNo: number;
  readonly bytes: string;
  readonly byteLength: number;
}

/** The lines of a file, each copied before the next block is asked for, and how far the last block had read. */
async function linesIn(text: Buffer, roomBytes: number): Promise<{ lines: Line[]; bytesRead: number }> {
  const file = path.join(folder, randomUUID());
  await writeFile(file, text);
  const lines: Line[] = [];
  let bytesRead = 0;
  for await (const block of readBlocks(file, { roomBytes })) {
    expect(block.firstLineNo).toBe(lines.length + 1);
    bytesRead = block.bytesRead;
    const { longLine } = block;
    if (longLine !== null) {
      const { lineNo, bytes, byteLength } = longLine;
      lines.push({ lineNo, bytes: bytes.toString(), byteLength });
    }
    for (let start = 0; start < block.bytes.length; ) {
      const end = block.bytes.indexOf(NEWLINE, start);
      const bytes = block.bytes.toString('utf8', start, end);
      lines.push({ lineNo: lines.length + 1, bytes, byteLength: bytes.length });
      start = end + 1;
    }
  }
  return { lines, bytesRead };
}

const line = fc
  .tuple(fc.oneof(fc.nat(12), fc.nat(70), fc.nat(3_000)), fc.constantFrom('a', 'b', ' '))
  .map(([length, letter]) => letter.repeat(length));

test('lines are the same however much of the file is in hand at once, and a line that does not fit is cut and told', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 25 }),
      fc.oneof(fc.integer({ min: 2, max: 90 }), fc.integer({ min: 1_024, max: 6_000 })),
      fc.boolean(),
      async (all, roomBytes, endsWell) => {
        const text = Buffer.from(all.join('\n') + (endsWell ? '\n' : ''));
        const texts = text.toString().split('\n');
        if (texts.at(-1) === '') texts.pop();
        const expected = texts.map((each, index) => {
          const most = each.length < roomBytes - 1 ? each.length : Math.min(KEPT_BYTES_OF_LONG_LINE, roomBytes - 1);
          return { lineNo: index + 1, bytes: each.slice(0, most), byteLength: each.length };
        });
        for (const packed of [text, gzipSync(text), zstdCompressSync(text)]) {
          const { lines, bytesRead } = await linesIn(packed, roomBytes);
          expect(lines).toEqual(expected);
          if (lines.length > 0) expect(bytesRead).toBe(packed.length);
        }
      },
    ),
  );
});

test('whoever stops in the middle leaves nothing open', async () => {
  const file = path.join(folder, 'long');
  await writeFile(file, 'x\n'.repeat(5_000));
  for await (const block of readBlocks(file, { roomBytes: 100 })) {
    expect(block.bytes.length).toBeLessThan(100);
    break;
  }
});
