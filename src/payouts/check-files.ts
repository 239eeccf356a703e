import { createHash } from 'node:crypto';
import type { Queryable } from '../db/database.ts';
import { formatAmount, nanos } from '../domain/nanos.ts';
import { type AnswerRow, answerOf, rowDigest } from './judge-answer.ts';
import { type PaymentFile, paymentFile, paymentFiles } from './payment-file.ts';

interface Damage {
  readonly table: 'payment_files' | 'answer_files' | 'payout_answers' | 'unmatched_answers';
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

interface FilesCheck {
  readonly bucketCount: number;
  readonly report: (damage: Damage) => void;
}

/**
 * Whether each file for the bank says what its payouts say, to the byte; and whether of the bank's answers each row is still there and
 * what it was, those that have moved nothing included.
 */
export async function checkFiles(q: Queryable, { bucketCount, report }: FilesCheck): Promise<void> {
  const files = await paymentFiles(q, null);
  for (const file of files) await checkPaymentFile(q, file, { bucketCount, report });
  const known = new Set(files.map(file => file.fileId));
  for (const { fileId, payouts } of await sentByFiles(q)) {
    if (known.has(fileId)) continue;
    const expected = `a file of ${payouts} payouts`;
    report({ table: 'payment_files', where: `file ${fileId}`, expected, found: 'no file' });
  }
  for (const { where, expected, found } of await answerCounts(q)) {
    if (expected !== found) report({ table: 'answer_files', where, expected, found });
  }
  await checkUnmatched(q, { report });
}

async function checkPaymentFile(q: Queryable, file: PaymentFile, { bucketCount, report }: FilesCheck): Promise<void> {
  const where = `file ${file.fileId}`;
  const differs = (expected: string, found: string) => {
    if (expected !== found) report({ table: 'payment_files', where, expected, found });
  };
  const written = createHash('sha256').update('"reference","payee","destination","amount","currency"\n');
  const totals = new Map<string, bigint>();
  const payouts = await payoutsOfFile(q, file.fileId, bucketCount);
  for (const { reference, ownerId, destination, batchId, sentCurrency, sent } of payouts) {
    differs(file.batchId, batchId);
    const sentNanos = nanos(BigInt(sent));
    totals.set(sentCurrency, (totals.get(sentCurrency) ?? 0n) + sentNanos);
    const texts = [reference, ownerId, destination].map(quoted).join();
    written.update(`${texts},${formatAmount(sentNanos, sentCurrency)},${quoted(sentCurrency)}\n`);
  }
  const tell = (count: number, amounts: Iterable<readonly [string, bigint]>) =>
    `${count} payouts, ${[...amounts]
      .map(([currency, amount]) => `${currency} ${amount}`)
      .sort()
      .join(', ')}`;
  const recorded = file.totals.map(({ currency, amountNanos }) => [currency, amountNanos] as const);
  differs(tell(payouts.length, totals), tell(file.payouts, recorded));
  const { intact } = await paymentFile(q, file.fileId);
  if (!intact) differs('the bytes that were sent', 'others');
  else differs(`its payouts, of SHA-256 ${written.digest('hex')}`, `its payouts, of SHA-256 ${file.sha256}`);
}

function quoted(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}

/** In the order of their references; found by the index of causes. */
async function payoutsOfFile(q: Queryable, fileId: string, bucketCount: number) {
  const { rows } = await q.query<{
    reference: string;
    ownerId: string;
    destination: string;
    batchId: string;
    sentCurrency: string;
    sent: string;
  }>(
    `select reference, owner_id as "ownerId", destination, batch_id as "batchId", sent_currency as "sentCurrency", sent_nanos as sent
     from payout_steps
     join payouts using (bucket, payout_id)
     where bucket = any ($2::smallint[]) and decision_id is null and coalesce(payment_file_id, answer_file_id) = $1
       and payment_file_id = $1
     order by reference collate "C"`,
    [fileId, Array.from({ length: bucketCount }, (_, bucket) => bucket)],
  );
  return rows;
}

async function sentByFiles(q: Queryable): Promise<{ fileId: string; payouts: number }[]> {
  const { rows } = await q.query<{ fileId: string; payouts: number }>(
    `select payment_file_id as "fileId", count(*) as payouts
     from payout_steps
     where payment_file_id is not null
     group by payment_file_id`,
  );
  return rows;
}

/** Of each file of answers what it says that it came to, and what is there of it. */
async function answerCounts(q: Queryable): Promise<Omit<Damage, 'table'>[]> {
  const { rows } = await q.query<{
    fileId: string;
    matched: number | null;
    unmatched: number;
    importedAt: Date;
    answers: number;
    steps: number;
    firstAt: Date | null;
    lastAt: Date | null;
    kept: number;
  }>(
    `select file_id as "fileId", files.matched, files.unmatched, imported_at as "importedAt", coalesce(answers, 0) as answers,
       coalesce(steps, 0) as steps, first_at as "firstAt", last_at as "lastAt", coalesce(kept, 0) as kept
     from answer_files as files
     full join (select file_id, count(*) as answers from payout_answers group by file_id) as moved using (file_id)
     full join (
       select answer_file_id as file_id, count(*) as steps, min(at) as first_at, max(at) as last_at
       from payout_steps
       where answer_file_id is not null
       group by answer_file_id
     ) as stepped using (file_id)
     full join (select file_id, count(*) as kept from unmatched_answers group by file_id) as left_over using (file_id)
     order by file_id`,
  );
  return rows.map(({ fileId, answers, steps, kept, ...file }) => {
    const where = `file ${fileId}`;
    const at = (instant: Date | null) => (instant ?? file.importedAt)?.toISOString();
    const expected = `${answers} answers and ${steps} steps, at ${at(file.firstAt)} to ${at(file.lastAt)}, ${kept} rows beside`;
    const found =
      file.matched === null
        ? 'no file'
        : `${file.matched} answers and ${file.matched} steps, at ${at(null)} to ${at(null)}, ${file.unmatched} rows beside`;
    return { where, expected, found };
  });
}

const ROWS_AT_A_TIME = 10_000;
/** Fields this long were cut, and nobody can tell what they said. */
const CUT_CHARACTERS = 200;

async function checkUnmatched(q: Queryable, { report }: Pick<FilesCheck, 'report'>): Promise<void> {
  let after = { fileId: '00000000-0000-0000-0000-000000000000', lineNo: 0 };
  for (;;) {
    const { rows } = await q.query<AnswerRow & { fileId: string; lineNo: number; digest: string }>(
      `select file_id as "fileId", line_no as "lineNo", reference, status, amount, currency, bank_reference, booked_on, reason,
         encode(row_digest, 'hex') as digest
       from unmatched_answers
       where (file_id, line_no) > ($1, $2)
       order by file_id, line_no
       limit $3`,
      [after.fileId, after.lineNo, ROWS_AT_A_TIME],
    );
    for (const { fileId, lineNo, digest, ...row } of rows) {
      if (Object.values(row).some(field => field !== null && field.length > CUT_CHARACTERS)) continue;
      const expected = `a row of digest ${rowDigest(row, answerOf(row))}`;
      const found = `a row of digest ${digest}`;
      if (found !== expected) {
        report({ table: 'unmatched_answers', where: `file ${fileId} line ${lineNo}`, expected, found });
      }
    }
    const last = rows.at(-1);
    if (last === undefined || rows.length < ROWS_AT_A_TIME) return;
    after = last;
  }
}

/** Answers of a bucket whose digest is not that of the row which would move its payout. */
export async function wrongAnswers(q: Queryable, bucket: number): Promise<Omit<Damage, 'table'>[]> {
  const { rows } = await q.query<{
    reference: string;
    status: string;
    sent: string;
    currency: string;
    bankReference: string;
    bookedOn: string;
    reason: string | null;
    digest: string;
  }>(
    `select reference, status, sent_nanos as sent, sent_currency as currency, bank_reference as "bankReference",
       booked_on as "bookedOn", reason, encode(row_digest, 'hex') as digest
     from payout_answers
     join payouts using (bucket, payout_id)
     where bucket = $1
     order by reference collate "C", status`,
    [bucket],
  );
  return rows.flatMap(({ reference, status, sent, currency, bankReference, bookedOn, reason, digest }) => {
    const said = [reference, status, sent, currency, bankReference, bookedOn, reason];
    const expected = createHash('sha256').update(JSON.stringify(said)).digest('hex');
    if (digest === expected) return [];
    const where = `payout ${reference} ${status}`;
    return [{ where, expected: `a row of digest ${expected}`, found: `a row of digest ${digest}` }];
  });
}
