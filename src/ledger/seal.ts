import { hash } from 'node:crypto';
import { nanos } from '../domain/nanos.ts';
import type { AccountKind } from '../domain/transfer.ts';
import type { PeriodSeal, PeriodTotal, StoredTotal } from './period-closings.ts';
import type { MovedBook } from './sealed-books.ts';

/** What stands on each account that isn't zero, as decimal strings of nanos. */
export type Balances = Readonly<Partial<Record<AccountKind, string>>>;

/** A book as a period left it. */
export interface BookSeal {
  readonly ownerId: string;
  readonly currency: string;
  readonly transfers: number;
  /** Hex. */
  readonly digest: string;
  readonly balances: Balances;
}

/** A bucket as a period left it. */
export interface BucketSeal {
  readonly bucket: number;
  readonly books: number;
  readonly transfers: number;
  /** Hex. */
  readonly digest: string;
}

/** A book's seal, given what stood on its accounts before the period. */
export function sealBook({ movements, ...book }: MovedBook, before: Balances): BookSeal {
  const balances = new Map(Object.entries(before).map(([account, balance]) => [account, BigInt(balance)]));
  for (const { account, debitNanos, creditNanos } of movements) {
    balances.set(account, (balances.get(account) ?? 0n) + creditNanos - debitNanos);
  }
  const standing = [...balances].filter(([, balance]) => balance !== 0n).sort(byFirst);
  return { ...book, balances: Object.fromEntries(standing.map(([account, balance]) => [account, String(balance)])) };
}

/** A bucket's seal: SHA-256 over a line of JSON for each of its books, in the order of owner and currency. */
export function sealBucket(bucket: number, books: readonly BookSeal[]): BucketSeal {
  const lines = books.map(book => [`${book.ownerId}\0${book.currency}`, bookLine(book)] as const).sort(byFirst);
  return {
    bucket,
    books: books.length,
    transfers: books.reduce((sum, book) => sum + book.transfers, 0),
    digest: hash('sha256', lines.map(([, line]) => `${line}\n`).join(''), 'hex'),
  };
}

function bookLine({ ownerId, currency, transfers, digest, balances }: BookSeal): string {
  return JSON.stringify([ownerId, currency, transfers, digest, Object.entries(balances).sort(byFirst)]);
}

/** SHA-256, as hex, over one line of JSON: all that a period's seal says, and the digest of each bucket. */
export function periodDigest(
  seal: Omit<PeriodSeal, 'digest' | 'cut' | 'closedAt'> & {
    readonly cutMicros: string;
    readonly closedAtMicros: string;
  },
  buckets: readonly Pick<BucketSeal, 'bucket' | 'digest'>[],
): string {
  const line = JSON.stringify([
    ...[seal.period, seal.sealNo, seal.previousDigest, seal.transfers, seal.books],
    storedTotals(seal.totals).map(({ currency, account, debits, credits }) => [currency, account, debits, credits]),
    ...[seal.cutMicros, seal.closedAtMicros, seal.decisionId],
    [...buckets].sort((a, b) => a.bucket - b.bucket).map(({ bucket, digest }) => [bucket, digest]),
  ]);
  return hash('sha256', `${line}\n`, 'hex');
}

/** What a period moved on each kind of account, by currency and account. */
export function totalsOf(books: Iterable<Pick<MovedBook, 'currency' | 'movements'>>): PeriodTotal[] {
  const totals = new Map<string, PeriodTotal>();
  for (const { currency, movements } of books) {
    for (const movement of movements) addTotal(totals, { currency, ...movement });
  }
  return inOrder(totals);
}

export function sumOfTotals(all: Iterable<PeriodTotal>): PeriodTotal[] {
  const totals = new Map<string, PeriodTotal>();
  for (const total of all) addTotal(totals, total);
  return inOrder(totals);
}

function addTotal(totals: Map<string, PeriodTotal>, { currency, account, ...moved }: PeriodTotal): void {
  const key = `${currency} ${account}`;
  const before = totals.get(key);
  totals.set(key, {
    ...{ currency, account },
    debitNanos: nanos((before?.debitNanos ?? 0n) + moved.debitNanos),
    creditNanos: nanos((before?.creditNanos ?? 0n) + moved.creditNanos),
  });
}

function inOrder(totals: ReadonlyMap<string, PeriodTotal>): PeriodTotal[] {
  return [...totals].sort(byFirst).map(([, total]) => total);
}

export function storedTotals(totals: readonly PeriodTotal[]): StoredTotal[] {
  return totals.map(({ currency, account, debitNanos, creditNanos }) => ({
    ...{ currency, account },
    ...{ debits: String(debitNanos), credits: String(creditNanos) },
  }));
}

function byFirst([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
