import { createWriteStream } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Database } from '../db/database.ts';
import type { Period } from '../domain/period.ts';
import { issuedOfPeriod } from './issued-statements.ts';

/**
 * Writes a period's statements as they were issued, a file a bucket: a statement a line, each under zstd by itself as it is stored,
 * which together are what any zstd reader reads as one. A file is there only once it is whole.
 */
export async function exportIssued(
  db: Pick<Database, 'snapshot'>,
  { period, bucketCount, outDir }: { readonly period: Period; readonly bucketCount: number; readonly outDir: string },
): Promise<void> {
  await mkdir(outDir, { recursive: true });
  const digits = String(bucketCount - 1).length;
  for (let bucket = 0; bucket < bucketCount; bucket += 1) {
    const name = `statements-${period}-${String(bucket).padStart(digits, '0')}.ndjson.zst`;
    const file = path.join(outDir, name);
    await db.snapshot(async client => {
      const contents = async function* () {
        for await (const { content } of issuedOfPeriod(client, { bucket, period })) yield content;
      };
      await pipeline(Readable.from(contents(), { objectMode: true }), createWriteStream(`${file}.part`));
    });
    await rename(`${file}.part`, file);
  }
}
