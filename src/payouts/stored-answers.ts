import { hash } from 'node:crypto';
import type pg from 'pg';
import { copyRows } from '../db/copy.ts';
import type { Queryable } from '../db/database.ts';
import { ANSWER_COLUMNS, type Answer, type AnswerRow, answerKey, type UnmatchedReason } from './judge-answer.ts';

/** A row of the bank's answers that moves no payout. */
export interface UnmatchedRow {
  readonly lineNo: number;
  /** By which it is known again. */
  readonly digest: string;
  readonly why: UnmatchedReason;
  readonly row: AnswerRow;
}

/** What is kept of a field of such a row. */
const KEPT_CHARACTERS = 200;

/** Digests of the answers that have moved payouts, by payout. */
export async function answersOf(
  q: Queryable,
  { bucket, payoutIds }: { readonly bucket: number; readonly payoutIds: readonly string[] },
): Promise<Map<string, Map<string, string>>> {
  const { rows } = await q.query<{
    payoutId: string;
    status: Answer['status'];
    bankReference: string;
    digest: string;
  }>(
    `select payout_id as "payoutId", status, bank_reference as "bankReference", encode(row_digest, 'hex') as digest
     from payout_answers
     where bucket = $1 and payout_id = any ($2::uuid[])`,
    [bucket, payoutIds],
  );
  const answers = new Map<string, Map<string, string>>();
  for (const { payoutId, digest, ...answer } of rows) {
    const ofPayout = answers.get(payoutId) ?? new Map<string, string>();
    answers.set(payoutId, ofPayout.set(answerKey(answer), digest));
  }
  return answers;
}

/** Records what the bank said of payouts of a bucket, each answer once. */
export async function insertAnswers(
  tx: pg.ClientBase,
  { bucket, fileId }: { readonly bucket: number; readonly fileId: string },
  answers: readonly {
    readonly payoutId: string;
    readonly lineNo: number;
    readonly digest: string;
    readonly answer: Answer;
  }[],
): Promise<void> {
  await copyRows(
    tx,
    {
      table: 'payout_answers',
      columns: [
        ...['bucket', 'payout_id', 'status', 'bank_reference', 'file_id', 'line_no', 'booked_on', 'reason'],
        'row_digest',
      ],
    },
    answers.map(({ payoutId, lineNo, digest, answer }) => [
      ...[bucket, payoutId, answer.status, answer.bankReference, fileId, lineNo, answer.bookedOn],
      ...[answer.reason, `\\x${digest}`],
    ]),
  );
}

export async function insertAnswerFile(
  q: Queryable,
  file: {
    readonly fileId: string;
    readonly name: string;
    readonly text: string;
    /** How many of its rows. */
    readonly matched: number;
    readonly repeated: number;
    readonly unmatched: number;
    readonly at: Date;
    readonly actor: string;
  },
): Promise<void> {
  await q.query(
    `insert into answer_files (file_id, name, sha256, matched, repeated, unmatched, imported_at, actor)
     values ($1, $2, decode($3, 'hex'), $4, $5, $6, $7, $8)`,
    [
      ...[file.fileId, file.name, hash('sha256', file.text, 'hex'), file.matched, file.repeated, file.unmatched],
      ...[file.at, file.actor],
    ],
  );
}

export async function insertUnmatched(
  tx: pg.ClientBase,
  fileId: string,
  unmatched: readonly UnmatchedRow[],
): Promise<void> {
  await copyRows(
    tx,
    { table: 'unmatched_answers', columns: ['file_id', 'line_no', 'why', ...ANSWER_COLUMNS, 'row_digest'] },
    unmatched.map(({ lineNo, why, row, digest }) => [
      ...[fileId, lineNo, why, ...ANSWER_COLUMNS.map(column => kept(row[column]))],
      `\\x${digest}`,
    ]),
  );
}

function kept(text: string | null): string | null {
  return text !== null && text.length > KEPT_CHARACTERS ? `${text.slice(0, KEPT_CHARACTERS)}…` : text;
}
