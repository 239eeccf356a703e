import { hash, randomUUIDv7 } from 'node:crypto';
import type pg from 'pg';
import { lockReference } from '../catalog/reference-version.ts';
import { copyRows } from '../db/copy.ts';
import { readCsv } from '../db/read-csv.ts';
import { takeTurn } from '../db/turn.ts';
import { Refusal } from '../domain/errors.ts';
import { bucketOfReference } from '../domain/payout-reference.ts';
import { prepareLedger } from '../ledger/posting.ts';
import { returnedTax } from './cancel-payout.ts';
import type { PayoutDeps } from './draw-up.ts';
import {
  ANSWER_COLUMNS,
  type Answer,
  type AnsweredPayout,
  type AnswerRow,
  answerKey,
  answerOf,
  judgeAnswer,
  rowDigest,
  type UnmatchedReason,
} from './judge-answer.ts';
import { type Booking, type NewStep, postSteps } from './post-steps.ts';
import { type StandingPayout, standingPayouts } from './stored-payouts.ts';

/** A file of the bank's answers, all of it in memory. */
export interface AnswersFile {
  readonly text: string;
  readonly source: string;
  /** Its name without folders. */
  readonly name: string;
}

export interface AnswersImport {
  readonly fileId: string;
  readonly rows: number;
  /** By status, rows that moved a payout. */
  readonly paid: number;
  readonly returned: number;
  /** Rows that say what is known. */
  readonly repeated: number;
  readonly unmatched: readonly UnmatchedRow[];
}

export interface UnmatchedRow {
  readonly lineNo: number;
  /** By which it is known again. */
  readonly digest: string;
  readonly why: UnmatchedReason;
  readonly row: AnswerRow;
}

export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_ROWS = 500_000;
/** What is kept of a field of a row that matches nothing. */
const KEPT_CHARACTERS = 200;

/** A row with its place and what it says. */
interface Line {
  readonly lineNo: number;
  readonly row: AnswerRow;
  readonly digest: string;
  readonly answer: Answer | null;
}

/** A line that moves its payout. */
interface Moved {
  readonly line: Line & { readonly answer: Answer };
  readonly step: NewStep;
}

/**
 * Takes in what the bank says of payouts that were sent, in one transaction: each row moves its payout, repeats what is known, or is
 * listed with the reason why it does not match. Nothing is guessed; the same file again moves nothing.
 * @throws Refusal `bad_csv`, `bad_file`
 */
export async function importAnswers(
  { db, bucketCount, calendar, now }: PayoutDeps,
  { file, actor }: { readonly file: AnswersFile; readonly actor: string },
): Promise<AnswersImport> {
  const at = now();
  const ledgerDay = calendar.dayOf(at.getTime());
  await prepareLedger(db, ledgerDay);
  return await db.transaction(async tx => {
    const lines = linesOf(await readCsv(tx, file, ANSWER_COLUMNS), file);
    const byBucket = Map.groupBy(lines, ({ answer }) =>
      answer === null ? null : bucketOfReference(answer.reference, bucketCount),
    );
    const buckets = [...byBucket.keys()].filter(bucket => bucket !== null).sort((a, b) => a - b);
    await lockReference(tx, 'shared');
    for (const bucket of buckets) await takeTurn(tx, bucket);
    const fileId = randomUUIDv7();
    const judged = new Map<number, Judged>();
    for (const bucket of buckets) judged.set(bucket, await judgeLines(tx, bucket, byBucket.get(bucket) ?? []));
    const unmatched = [
      ...(byBucket.get(null) ?? []).map(line =>
        unmatchedRow(line, line.answer === null ? 'bad_row' : 'unknown_reference'),
      ),
      ...[...judged.values()].flatMap(each => each.unmatched),
    ].sort((a, b) => a.lineNo - b.lineNo);
    const moved = [...judged.values()].flatMap(each => each.moved);
    const repeated = lines.length - moved.length - unmatched.length;
    const counts = { matched: moved.length, repeated, unmatched: unmatched.length };
    await insertAnswerFile(tx, { fileId, file, counts, at, actor });
    await insertUnmatched(tx, fileId, unmatched);
    const booking: Booking = { cause: { answerFileId: fileId }, actor, at, ledgerDay };
    for (const [bucket, { moved: ofBucket }] of judged) await moveAll(tx, { bucket, fileId, booking }, ofBucket);
    const paid = moved.filter(({ step }) => step.status === 'paid').length;
    return { fileId, rows: lines.length, paid, returned: moved.length - paid, repeated, unmatched };
  });
}

function linesOf(rows: readonly AnswerRow[], { source }: AnswersFile): Line[] {
  if (rows.length > MAX_ROWS) {
    throw new Refusal({
      code: 'bad_file',
      message: `${source}: it has ${rows.length} rows, more than ${MAX_ROWS}`,
      remedy: 'split it; parts can be imported one by one',
      details: { source },
    });
  }
  // The first line names the columns.
  return rows.map((row, index) => {
    const answer = answerOf(row);
    return { lineNo: index + 2, row, digest: rowDigest(row, answer), answer };
  });
}

interface Judged {
  readonly moved: readonly Moved[];
  readonly unmatched: readonly UnmatchedRow[];
}

/** Judges lines of a bucket in the order of the file, each payout as the line before has left it. */
async function judgeLines(tx: pg.ClientBase, bucket: number, lines: readonly Line[]): Promise<Judged> {
  const references = [...new Set(lines.flatMap(({ answer }) => answer?.reference ?? []))];
  const standing = await standingPayouts(tx, { bucket, references });
  const known = await answersOf(tx, { bucket, payoutIds: standing.map(payout => payout.payoutId) });
  const payouts = new Map(
    standing.map(payout => {
      const { reference, sentCurrency, sentNanos, status, lastStepNo, payoutId } = payout;
      const answers = known.get(payoutId) ?? new Map<string, string>();
      const answered: AnsweredPayout = { sentCurrency, sentNanos, status, lastStepNo, answers };
      return [reference, { payout, answered }];
    }),
  );
  const moved: Moved[] = [];
  const unmatched: UnmatchedRow[] = [];
  for (const { answer, ...line } of lines) {
    if (answer === null) continue;
    const of = payouts.get(answer.reference) ?? null;
    const judgement = judgeAnswer(answer, { payout: of?.answered ?? null, digest: line.digest });
    if (judgement === 'repeats') continue;
    if (judgement !== 'moves' || of === null) {
      unmatched.push(unmatchedRow(line, judgement === 'moves' ? 'unknown_reference' : judgement));
      continue;
    }
    moved.push({ line: { ...line, answer }, step: stepOf(answer, of) });
    of.answered.status = answer.status;
    of.answered.lastStepNo += 1;
    of.answered.answers.set(answerKey(answer), line.digest);
  }
  return { moved, unmatched };
}

function stepOf(
  { status, bankReference, reason }: Answer,
  { payout, answered }: { readonly payout: StandingPayout; readonly answered: AnsweredPayout },
): NewStep {
  const taxReturnedNanos = status === 'returned' ? returnedTax(payout) : 0n;
  return { payout, stepNo: answered.lastStepNo + 1, status, reason, bankReference, taxReturnedNanos };
}

/** Digests of the answers that have moved payouts, by payout. */
async function answersOf(
  tx: pg.ClientBase,
  { bucket, payoutIds }: { readonly bucket: number; readonly payoutIds: readonly string[] },
): Promise<Map<string, Map<string, string>>> {
  const { rows } = await tx.query<{
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

/** The payouts of a bucket may take two steps in one file; both are posted at once. */
async function moveAll(
  tx: pg.ClientBase,
  { bucket, fileId, booking }: { readonly bucket: number; readonly fileId: string; readonly booking: Booking },
  moved: readonly Moved[],
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
    moved.map(({ line: { lineNo, digest, answer }, step }) => [
      ...[bucket, step.payout.payoutId, answer.status, answer.bankReference, fileId, lineNo, answer.bookedOn],
      ...[answer.reason, `\\x${digest}`],
    ]),
  );
  await postSteps(
    tx,
    { bucket, ...booking },
    moved.map(each => each.step),
  );
}

async function insertAnswerFile(
  tx: pg.ClientBase,
  {
    fileId,
    file,
    counts,
    at,
    actor,
  }: {
    readonly fileId: string;
    readonly file: AnswersFile;
    readonly counts: { readonly matched: number; readonly repeated: number; readonly unmatched: number };
    readonly at: Date;
    readonly actor: string;
  },
): Promise<void> {
  await tx.query(
    `insert into answer_files (file_id, name, sha256, matched, repeated, unmatched, imported_at, actor)
     values ($1, $2, decode($3, 'hex'), $4, $5, $6, $7, $8)`,
    [
      ...[fileId, file.name, hash('sha256', file.text, 'hex'), counts.matched, counts.repeated, counts.unmatched],
      ...[at, actor],
    ],
  );
}

async function insertUnmatched(tx: pg.ClientBase, fileId: string, unmatched: readonly UnmatchedRow[]): Promise<void> {
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

function unmatchedRow({ lineNo, row, digest }: Omit<Line, 'answer'>, why: UnmatchedReason): UnmatchedRow {
  return { lineNo, why, row, digest };
}
