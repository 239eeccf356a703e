import type { Queryable } from '../db/database.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import type { UnmatchedReason } from './judge-answer.ts';

/** A row of the bank's answers that has moved no payout, as it came. */
export interface UnmatchedAnswer {
  readonly file_id: string;
  readonly file: string;
  /** The first line names the columns. */
  readonly line: number;
  readonly why: UnmatchedReason;
  readonly reference: string | null;
  readonly status: string | null;
  readonly amount: string | null;
  readonly currency: string | null;
  readonly bank_reference: string | null;
  readonly booked_on: string | null;
  readonly reason: string | null;
  readonly imported_at: string;
}

/** A row that came again counts once, as it was judged last; one that has moved its payout since is none. */
const OPEN = `
  from (
    select distinct on (row_digest) unmatched_answers.*, name, imported_at
    from unmatched_answers
    join answer_files using (file_id)
    order by row_digest, imported_at desc, file_id desc, line_no desc
  ) as open
  where not exists (select from payout_answers where payout_answers.row_digest = open.row_digest)`;

const CURSOR = [/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, /^\d{1,7}$/];

/** Rows that wait for somebody to look into them, the oldest first. @throws Refusal `bad_limit`, `bad_cursor` */
export async function unmatchedAnswers(
  q: Queryable,
  { limit = DEFAULT_LIMIT, after }: { readonly limit?: number; readonly after?: string | undefined },
): Promise<{ items: UnmatchedAnswer[]; next: string | null }> {
  const most = checkLimit(limit);
  const [importedAt = null, fileId = null, lineNo = null] = after === undefined ? [] : readCursor(after, CURSOR);
  const { rows } = await q.query<Omit<UnmatchedAnswer, 'imported_at'> & { readonly imported_at: Date }>(
    `select file_id, name as file, line_no as line, why, reference, status, amount, currency, bank_reference, booked_on, reason,
       imported_at
     ${OPEN} and ($1::timestamptz is null or (imported_at, file_id, line_no) > ($1, $2::uuid, $3::integer))
     order by imported_at, file_id, line_no
     limit $4`,
    [importedAt, fileId, lineNo, most + 1],
  );
  const items = rows.slice(0, most).map(row => ({ ...row, imported_at: row.imported_at.toISOString() }));
  const last = items.at(-1);
  const hasMore = rows.length > most && last !== undefined;
  return { items, next: hasMore ? writeCursor([last.imported_at, last.file_id, String(last.line)]) : null };
}

export async function countUnmatched(q: Queryable): Promise<number> {
  const { rows } = await q.query<{ open: number }>(`select count(*) as open ${OPEN}`);
  return rows[0]?.open ?? 0;
}
