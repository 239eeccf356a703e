import { randomUUIDv7 } from 'node:crypto';
import type pg from 'pg';
import { lockReference } from '../catalog/reference-version.ts';
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
import { answersOf, insertAnswerFile, insertAnswers, insertUnmatched, type UnmatchedRow } from './stored-answers.ts';
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

export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;
const MAX_ROWS = 500_000;

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
    await insertAnswerFile(tx, { fileId, ...file, ...counts, at, actor });
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

/** The payouts of a bucket may take two steps in one file; both are posted at once. */
async function moveAll(
  tx: pg.ClientBase,
  { bucket, fileId, booking }: { readonly bucket: number; readonly fileId: string; readonly booking: Booking },
  moved: readonly Moved[],
): Promise<void> {
  const answers = moved.map(({ line, step }) => ({ ...line, payoutId: step.payout.payoutId }));
  await insertAnswers(tx, { bucket, fileId }, answers);
  await postSteps(
    tx,
    { bucket, ...booking },
    moved.map(each => each.step),
  );
}

function unmatchedRow({ lineNo, row, digest }: Omit<Line, 'answer'>, why: UnmatchedReason): UnmatchedRow {
  return { lineNo, why, row, digest };
}
