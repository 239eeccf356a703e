import type { Queryable } from '../db/database.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import { REJECTION_REASONS } from './rejection-reasons.ts';

export interface RejectedFilters {
  readonly reason?: string | undefined;
  /** The developer of the line's app; `_unassigned` where none is known. */
  readonly developerId?: string | undefined;
  /** As it was given to `ingest`. */
  readonly file?: string | undefined;
  /** Lines that were taken in since, too. */
  readonly all?: boolean | undefined;
}

/** A line that was rejected, with what it takes to mend its cause. */
export interface RejectedRow {
  readonly reason: string;
  readonly field: string | null;
  readonly detail: string;
  readonly developer_id: string;
  readonly file: string;
  /** From 1. */
  readonly line_no: number;
  readonly rejected_at: string;
  /** The line as it came; what is not UTF-8 in it is shown as U+FFFD. */
  readonly line: string;
  /** The reading that took it in since. */
  readonly redriven_by: string | null;
}

const CURSOR = [/^\d{1,5}$/, /^\d{1,16}$/, /^\d{1,16}$/];

/** The condition on `rejected_lines` and its batch that the filters come to; `$1` to `$4` are `filterValues`. */
export const MATCHES = `($1::text is null or rejected.reason = $1)
  and ($2::text is null or rejected.owner_id = $2)
  and ($3::text is null or batch.source = $3)
  and ($4::boolean or not exists (
    select from redriven_lines as redriven
    where redriven.bucket = rejected.bucket and redriven.seq = rejected.seq and redriven.line_no = rejected.line_no
  ))`;

export function filterValues({ reason, developerId, file, all = false }: RejectedFilters): unknown[] {
  return [reason ?? null, developerId ?? null, file ?? null, all];
}

/** Rejected lines by bucket, then in the recorded order. Refuses (`bad_limit`, `bad_cursor`) a page that can't be given. */
export async function listRejected(
  q: Queryable,
  {
    limit = DEFAULT_LIMIT,
    after,
    ...filters
  }: RejectedFilters & { readonly limit?: number; readonly after?: string | undefined } = {},
): Promise<{ items: RejectedRow[]; next: string | null }> {
  const most = checkLimit(limit);
  const [bucket, seq, lineNo] = after === undefined ? [-1, 0, 0] : readCursor(after, CURSOR).map(Number);
  const { rows } = await q.query<
    Omit<RejectedRow, 'rejected_at' | 'line'> & { bucket: number; seq: number; rejected_at: Date; line: Buffer }
  >(
    `select rejected.bucket, rejected.seq, rejected.line_no, rejected.reason, rejected.field, rejected.detail,
       rejected.owner_id as developer_id, batch.source as file, batch.processed_at as rejected_at, rejected.line,
       redriven.ingest_id as redriven_by
     from rejected_lines as rejected
     join inbox_batches as batch on batch.bucket = rejected.bucket and batch.seq = rejected.seq
     left join redriven_lines as redriven
       on redriven.bucket = rejected.bucket and redriven.seq = rejected.seq and redriven.line_no = rejected.line_no
     where ${MATCHES} and (rejected.bucket, rejected.seq, rejected.line_no) > ($5, $6, $7)
     order by rejected.bucket, rejected.seq, rejected.line_no
     limit $8`,
    [...filterValues(filters), bucket, seq, lineNo, most + 1],
  );
  const shown = rows.slice(0, most);
  const last = shown.at(-1);
  const next =
    rows.length > most && last !== undefined
      ? writeCursor([String(last.bucket), String(last.seq), String(last.line_no)])
      : null;
  return {
    items: shown.map(row => ({
      reason: row.reason,
      field: row.field,
      detail: row.detail,
      developer_id: row.developer_id,
      file: row.file,
      line_no: row.line_no,
      rejected_at: row.rejected_at.toISOString(),
      line: row.line.toString('utf8'),
      redriven_by: row.redriven_by,
    })),
    next,
  };
}

/** How many lines match, by reason, in the order in which reasons are looked for. */
export async function countRejected(
  q: Queryable,
  filters: RejectedFilters = {},
): Promise<{ reason: string; lines: number }[]> {
  const { rows } = await q.query<{ reason: string; lines: number }>(
    `select rejected.reason, count(*) as lines
     from rejected_lines as rejected
     join inbox_batches as batch on batch.bucket = rejected.bucket and batch.seq = rejected.seq
     where ${MATCHES}
     group by rejected.reason`,
    filterValues(filters),
  );
  const place = (reason: string) => (REJECTION_REASONS as readonly string[]).indexOf(reason);
  return rows.toSorted((a, b) => place(a.reason) - place(b.reason));
}
