import type pg from 'pg';
import { copyRows } from '../db/copy.ts';
import type { ConflictingLine, RejectedLine } from './batch-fold.ts';

/** Keeps rejected lines with their reasons. */
export async function keepRejectedLines(
  tx: pg.ClientBase,
  bucket: number,
  lines: readonly RejectedLine[],
): Promise<void> {
  if (lines.length === 0) return;
  await copyRows(
    tx,
    { table: 'rejected_lines', columns: ['bucket', 'seq', 'line_no', 'owner_id', 'reason', 'field', 'detail', 'line'] },
    lines.map(line => [
      bucket,
      line.seq,
      line.lineNo,
      line.ownerId,
      line.reason,
      line.field,
      line.detail,
      bytea(line.bytes),
    ]),
  );
}

/** Keeps lines whose identity is another event's; the same content is kept once, however often it comes. */
export async function keepConflictingLines(
  tx: pg.ClientBase,
  bucket: number,
  lines: readonly ConflictingLine[],
): Promise<void> {
  if (lines.length === 0) return;
  await tx.query(
    `insert into conflicting_lines (bucket, identity, content, developer_id, seq, line_no, line)
     select $1, * from unnest($2::uuid[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[], $7::bytea[])
     on conflict (bucket, identity, content) do nothing`,
    [
      bucket,
      lines.map(line => line.identity),
      lines.map(line => line.content),
      lines.map(line => line.developerId),
      lines.map(line => line.seq),
      lines.map(line => line.lineNo),
      lines.map(line => line.bytes),
    ],
  );
}

function bytea(bytes: Buffer): string {
  return `\\x${bytes.toString('hex')}`;
}
