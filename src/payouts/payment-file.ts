import { hash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { stringify } from 'csv-stringify/sync';
import type { Queryable } from '../db/database.ts';
import { Refusal } from '../domain/errors.ts';
import { formatAmount, type Nanos, nanos } from '../domain/nanos.ts';
import { shown } from '../domain/shown.ts';
import type { Payout } from './payout.ts';

const COLUMNS = ['reference', 'payee', 'destination', 'amount', 'currency'];

/** What is sent in one currency. */
export interface CurrencyTotal {
  readonly currency: string;
  readonly amountNanos: Nanos;
}

/** A file of payouts for the bank, as it is on record. */
export interface PaymentFile {
  readonly fileId: string;
  readonly batchId: string;
  /** 1, 2, 3 … of the batch. */
  readonly fileNo: number;
  readonly name: string;
  readonly payouts: number;
  readonly totals: readonly CurrencyTotal[];
  /** Hex. */
  readonly sha256: string;
  readonly sentAt: Date;
  readonly actor: string;
}

/**
 * Payouts for the bank: CSV in UTF-8 (RFC 4180 with LF), a line each in the order given, texts quoted and amounts not. A program reads
 * it, so no value is altered: one that a spreadsheet would take for a formula stands as it is.
 */
export function paymentCsv(payouts: readonly Payout[]): Buffer {
  const rows = payouts.map(({ reference, ownerId, destination, sentNanos, sentCurrency }) => ({
    ...{ reference, payee: ownerId, destination, currency: sentCurrency },
    // Not quoted, as the only one that is no text.
    amount: { toString: () => formatAmount(sentNanos, sentCurrency) },
  }));
  const cast = { object: String };
  return Buffer.from(stringify(rows, { header: true, columns: COLUMNS, quoted_string: true, cast }));
}

export function sentTotals(payouts: readonly Pick<Payout, 'sentCurrency' | 'sentNanos'>[]): CurrencyTotal[] {
  const totals = new Map<string, bigint>();
  for (const { sentCurrency, sentNanos } of payouts) {
    totals.set(sentCurrency, (totals.get(sentCurrency) ?? 0n) + sentNanos);
  }
  return [...totals]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([currency, amountNanos]) => ({ currency, amountNanos: nanos(amountNanos) }));
}

export async function insertPaymentFile(
  q: Queryable,
  file: Omit<PaymentFile, 'sha256'>,
  content: Buffer,
): Promise<PaymentFile> {
  const sha256 = hash('sha256', content, 'hex');
  const totals = file.totals.map(({ currency, amountNanos }) => ({ currency, amount: String(amountNanos) }));
  await q.query(
    `insert into payment_files (file_id, batch_id, file_no, name, payouts, totals, sha256, content, sent_at, actor)
     values ($1, $2, $3, $4, $5, $6, decode($7, 'hex'), $8, $9, $10)`,
    [
      ...[file.fileId, file.batchId, file.fileNo, file.name, file.payouts, JSON.stringify(totals), sha256],
      ...[zstdCompressSync(content), file.sentAt, file.actor],
    ],
  );
  return { ...file, sha256 };
}

/** The files of batches, in their order; null: of all. */
export async function paymentFiles(q: Queryable, batchIds: readonly string[] | null): Promise<PaymentFile[]> {
  const { rows } = await q.query<StoredFile>(
    `select ${FILE_COLUMNS}
     from payment_files
     where $1::text[] is null or batch_id = any ($1)
     order by sent_at, batch_id, file_no`,
    [batchIds],
  );
  return rows.map(fileOf);
}

/**
 * A file with its content, to the byte as it was made.
 * @throws Refusal `unknown_file`
 */
export async function paymentFile(
  q: Queryable,
  fileId: string,
): Promise<{ readonly file: PaymentFile; readonly content: Buffer; readonly intact: boolean }> {
  const { rows } = await q.query<StoredFile & { readonly content: Buffer }>(
    `select ${FILE_COLUMNS}, content
     from payment_files
     where file_id::text = $1`,
    [fileId.toLowerCase()],
  );
  const [row] = rows;
  if (row === undefined) {
    throw new Refusal({
      code: 'unknown_file',
      message: `there is no file ${shown(fileId)} of payouts`,
      remedy: 'give an id that "apportion payouts batches" shows',
      details: { file: shown(fileId) },
    });
  }
  const content = zstdDecompressSync(row.content);
  const file = fileOf(row);
  return { file, content, intact: hash('sha256', content, 'hex') === file.sha256 };
}

/** As `paymentFile`; throws if it is not what was sent, which `verify` tells of too. */
export async function intactFile(
  q: Queryable,
  fileId: string,
): Promise<{ readonly file: PaymentFile; readonly content: Buffer }> {
  const { intact, ...found } = await paymentFile(q, fileId);
  if (!intact) throw new Error(`file ${found.file.fileId} is not what was sent; run verify`);
  return found;
}

type StoredFile = Omit<PaymentFile, 'totals'> & {
  readonly totals: readonly { readonly currency: string; readonly amount: string }[];
};

const FILE_COLUMNS = `file_id as "fileId", batch_id as "batchId", file_no as "fileNo", name, payouts, totals,
  encode(sha256, 'hex') as sha256, sent_at as "sentAt", actor`;

function fileOf({ fileId, batchId, fileNo, name, payouts, totals, sha256, sentAt, actor }: StoredFile): PaymentFile {
  const sums = totals.map(({ currency, amount }) => ({ currency, amountNanos: nanos(BigInt(amount)) }));
  return { fileId, batchId, fileNo, name, payouts, totals: sums, sha256, sentAt, actor };
}
