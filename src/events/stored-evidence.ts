import type pg from 'pg';
import type { Queryable } from '../db/database.ts';
import { streamRows } from '../db/stream-rows.ts';
import type { ConflictingLine, RejectedLine } from './batch-fold.ts';

/** Ordered by place in the recorded order. */
export async function* storedRejectedLines(client: pg.ClientBase, bucket: number): AsyncGenerator<RejectedLine> {
  const rows = streamRows<{
    seq: number;
    line_no: number;
    owner_id: string;
    reason: string;
    field: string | null;
    detail: string;
    line: Buffer;
  }>(
    client,
    `select seq, line_no, owner_id, reason, field, detail, line
     from rejected_lines
     where bucket = $1
     order by seq, line_no`,
    [bucket],
  );
  for await (const row of rows) {
    const { seq, reason, field, detail } = row;
    yield { seq, lineNo: row.line_no, ownerId: row.owner_id, reason, field, detail, bytes: row.line };
  }
}

/** Ordered by identity, then content. */
export async function* storedConflictingLines(client: pg.ClientBase, bucket: number): AsyncGenerator<ConflictingLine> {
  const rows = streamRows<{
    identity: string;
    content: string;
    developer_id: string;
    seq: number;
    line_no: number;
    line: Buffer;
  }>(
    client,
    `select replace(identity::text, '-', '') as identity, content::text as content, developer_id, seq, line_no, line
     from conflicting_lines
     where bucket = $1
     order by conflicting_lines.identity, content::text collate "C"`,
    [bucket],
  );
  for await (const row of rows) {
    const { identity, content, seq } = row;
    yield { identity, content, seq, developerId: row.developer_id, lineNo: row.line_no, bytes: row.line };
  }
}

/** Lines that made their batch fail when it was processed; that can't be found out again, so it is taken as recorded. */
export async function poisonousLines(client: pg.ClientBase, bucket: number): Promise<Map<number, Set<number>>> {
  const { rows } = await client.query<{ seq: number; line_no: number }>(
    `select seq, line_no from rejected_lines where bucket = $1 and reason = 'internal_error'`,
    [bucket],
  );
  const linesBySeq = new Map<number, Set<number>>();
  for (const row of rows) linesBySeq.set(row.seq, (linesBySeq.get(row.seq) ?? new Set()).add(row.line_no));
  return linesBySeq;
}

/**
 * Redrives whose batches do not hold as many lines as they took off the list of rejected ones, or that took off a line which was
 * never on it.
 */
export async function unequalRedrives(
  q: Queryable,
): Promise<{ ingestId: string; redriven: number; rejected: number; received: number }[]> {
  const { rows } = await q.query<{ ingestId: string; redriven: number; rejected: number; received: number }>(
    `select redriven.ingest_id as "ingestId", redriven.lines as redriven, redriven.rejected, coalesce(batches.lines, 0) as received
     from (
       select ingest_id, count(*) as lines, count(rejected.seq) as rejected
       from redriven_lines as redriven
       left join rejected_lines as rejected using (bucket, seq, line_no)
       group by ingest_id
     ) as redriven
     cross join lateral (
       select sum(line_count)::bigint as lines from inbox_batches where ingest_id = redriven.ingest_id
     ) as batches
     where batches.lines is distinct from redriven.lines or redriven.rejected <> redriven.lines
     order by redriven.ingest_id`,
  );
  return rows;
}
