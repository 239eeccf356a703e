import { constants, zstdCompressSync } from 'node:zlib';
import type pg from 'pg';
import type { Database } from '../db/database.ts';
import { type Lock, takeLock } from '../db/lock.ts';
import { prepared } from '../db/prepared.ts';
import { daysInRange } from '../domain/business-day.ts';
import { type Period, parsePeriod } from '../domain/period.ts';
import { developersWithEvents } from '../earnings/days-of-books.ts';
import { ownersAtEnd } from '../ledger/books-of-period.ts';
import { halfOfBook, NOTHING_DUE } from './half-of-book.ts';
import { STANDING_ACCOUNTS } from './half-statement.ts';
import {
  digestOfAll,
  digestOfLine,
  type IssuedStatement,
  insertIssue,
  insertIssued,
  lineOf,
  statementIssues,
} from './issued-statements.ts';
import { readBooks } from './read-books.ts';
import type { Statement, StatementHalf } from './statement-form.ts';

/** Books read and written together: enough to make the questions cheap, few enough for the memory. */
const OWNERS_AT_ONCE = 500;

/** Rather more than a bucket of a hundred thousand books takes. */
const STATEMENTS_WAIT_MS = 300_000;

function statementsLock(bucket: number): Lock {
  return {
    name: `the lock of bucket ${bucket}'s statements`,
    holders: 'whoever issues them',
    waitMs: STATEMENTS_WAIT_MS,
    key: { text: 'apportion.statements', number: bucket },
  };
}

/** What is issued: plain data, for it goes to another thread. */
export interface BucketToIssue {
  readonly bucket: number;
  readonly period: Period;
  /** Of the period, hex. */
  readonly seal: string;
  readonly issuedAt: Date;
}

/** In one transaction; returns how many statements it issued: none where somebody else has issued the bucket's. */
export async function issueBucket(
  { db, bucketCount }: { readonly db: Pick<Database, 'transaction'>; readonly bucketCount: number },
  { bucket, period, seal, issuedAt }: BucketToIssue,
): Promise<number> {
  return await db.transaction(async client => {
    const tx = prepared(client);
    await takeLock(tx, statementsLock(bucket));
    if ((await statementIssues(tx, { period, bucket })).length > 0) return 0;
    const half: StatementHalf = { period, state: 'issued', seal, issued_at: issuedAt.toISOString() };
    const digests: string[] = [];
    const owners = await ownersOf(tx, { bucket, period });
    for (let at = 0; at < owners.length; at += OWNERS_AT_ONCE) {
      const ownerIds = owners.slice(at, at + OWNERS_AT_ONCE);
      const of = { period: parsePeriod(period), lastClosed: period };
      const books = await readBooks(tx, { bucket, bucketCount, ownerIds, ...of });
      const rows: IssuedStatement[] = [];
      for (const book of books) {
        const statement = halfOfBook(book, { half, due: NOTHING_DUE });
        if (statement.items.length > 0) rows.push(written(statement, { bucket, ownerId: book.ownerId, period }));
      }
      await insertIssued(tx, rows);
      digests.push(...rows.map(row => row.digest));
    }
    const digest = digestOfAll(digests);
    await insertIssue(tx, { bucket, period, statements: digests.length, digest, seal, issuedAt });
    return digests.length;
  });
}

/** In the order in which their digests are digested. */
async function ownersOf(
  tx: pg.ClientBase,
  { bucket, period }: { readonly bucket: number; readonly period: Period },
): Promise<string[]> {
  const { firstDay, lastDay } = parsePeriod(period);
  const owners = new Set(await ownersAtEnd(tx, { bucket, period, accounts: STANDING_ACCOUNTS }));
  const days = daysInRange({ from: firstDay, to: lastDay });
  for (const developerId of await developersWithEvents(tx, { bucket, days })) owners.add(developerId);
  return [...owners].sort();
}

/** At once, in this thread: to hand a few kilobytes to another one costs ten times what compressing them does. */
const LEVEL = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };

function written(statement: Statement, of: Pick<IssuedStatement, 'bucket' | 'ownerId' | 'period'>): IssuedStatement {
  const line = lineOf(statement);
  return { ...of, digest: digestOfLine(line), content: zstdCompressSync(line, LEVEL) };
}
