import { hash } from 'node:crypto';
import { zstdDecompressSync } from 'node:zlib';
import type pg from 'pg';
import { copyRows } from '../db/copy.ts';
import type { Queryable } from '../db/database.ts';
import { streamRows } from '../db/stream-rows.ts';
import type { Period } from '../domain/period.ts';
import type { Statement } from './statement-form.ts';

/** A statement as it is stored: one line of JSON under zstd, with the SHA-256 of the line. */
export interface IssuedStatement {
  readonly bucket: number;
  readonly ownerId: string;
  readonly period: Period;
  readonly content: Buffer;
  /** Hex. */
  readonly digest: string;
}

/** That a bucket's statements of a period are issued. */
export interface StatementIssue {
  readonly bucket: number;
  readonly period: Period;
  readonly statements: number;
  /** Hex: over the statements' digests, by owner. */
  readonly digest: string;
  /** Hex: the period's. */
  readonly seal: string;
  readonly issuedAt: Date;
}

/** The one way in which a statement is written down: the same statement, the same bytes. */
export function lineOf(statement: Statement): Buffer {
  return Buffer.from(`${JSON.stringify(statement)}\n`);
}

export function digestOfLine(line: Buffer): string {
  return hash('sha256', line, 'hex');
}

export function digestOfAll(digests: Iterable<string>): string {
  return hash('sha256', Buffer.from([...digests].join(''), 'hex'), 'hex');
}

/** @throws Error when the content is not what was digested */
export function statementIn({ content, digest, ownerId, period }: IssuedStatement): Statement {
  const line = zstdDecompressSync(content);
  if (digestOfLine(line) !== digest) {
    throw new Error(`the statement of ${ownerId} for ${period} is not the one that was issued; run verify`);
  }
  return JSON.parse(line.toString()) as Statement;
}

/** Of one book in the periods; those that were not issued are missing. */
export async function issuedStatements(
  q: Queryable,
  {
    bucket,
    ownerId,
    periods,
  }: { readonly bucket: number; readonly ownerId: string; readonly periods: readonly Period[] },
): Promise<IssuedStatement[]> {
  const { rows } = await q.query<IssuedStatement>(
    `select ${COLUMNS} from issued_statements where bucket = $1 and owner_id = $2 and period = any ($3)`,
    [bucket, ownerId, periods],
  );
  return rows;
}

/** All of a bucket, by owner and period. */
export function issuedOfBucket(client: pg.ClientBase, bucket: number): AsyncGenerator<IssuedStatement> {
  return streamRows<IssuedStatement & pg.QueryResultRow>(
    client,
    `select ${COLUMNS} from issued_statements where bucket = $1 order by owner_id collate "C", period`,
    [bucket],
    ROWS_AT_A_TIME,
  );
}

/** All of a period in a bucket, by owner. */
export function issuedOfPeriod(
  client: pg.ClientBase,
  { bucket, period }: { readonly bucket: number; readonly period: Period },
): AsyncGenerator<IssuedStatement> {
  return streamRows<IssuedStatement & pg.QueryResultRow>(
    client,
    `select ${COLUMNS} from issued_statements where bucket = $1 and period = $2 order by owner_id collate "C"`,
    [bucket, period],
    ROWS_AT_A_TIME,
  );
}

const ROWS_AT_A_TIME = 200;
const COLUMNS = `bucket, owner_id as "ownerId", period, content, encode(digest, 'hex') as digest`;

/** Which buckets' statements are issued: of one period, or of one bucket. */
export async function statementIssues(
  q: Queryable,
  { period = null, bucket = null }: { readonly period?: Period | null; readonly bucket?: number | null },
): Promise<StatementIssue[]> {
  const { rows } = await q.query<StatementIssue>(
    `select bucket, period, statements, encode(digest, 'hex') as digest, encode(seal, 'hex') as seal, issued_at as "issuedAt"
     from statement_issues
     where ($1::text is null or period = $1) and ($2::smallint is null or bucket = $2)
     order by period, bucket`,
    [period, bucket],
  );
  return rows;
}

/** Those of the periods that every bucket has issued. */
export async function fullyIssued(q: Queryable, bucketCount: number): Promise<Set<Period>> {
  const { rows } = await q.query<{ period: Period }>(
    'select period from statement_issues group by period having count(*) = $1',
    [bucketCount],
  );
  return new Set(rows.map(row => row.period));
}

export async function insertIssued(tx: pg.ClientBase, statements: readonly IssuedStatement[]): Promise<void> {
  await copyRows(
    tx,
    { table: 'issued_statements', columns: ['bucket', 'owner_id', 'period', 'content', 'digest'] },
    statements.map(each => [
      each.bucket,
      each.ownerId,
      each.period,
      `\\x${each.content.toString('hex')}`,
      `\\x${each.digest}`,
    ]),
  );
}

export async function insertIssue(tx: pg.ClientBase, issue: StatementIssue): Promise<void> {
  await tx.query(
    `insert into statement_issues (bucket, period, statements, digest, seal, issued_at)
     values ($1, $2, $3, decode($4, 'hex'), decode($5, 'hex'), $6)`,
    [issue.bucket, issue.period, issue.statements, issue.digest, issue.seal, issue.issuedAt],
  );
}
