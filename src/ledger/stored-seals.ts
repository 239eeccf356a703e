import type pg from 'pg';
import { copyRows } from '../db/copy.ts';
import type { Queryable } from '../db/database.ts';
import type { Period } from '../domain/period.ts';
import type { PeriodSeal } from './period-closings.ts';
import { type Balances, type BookSeal, type BucketSeal, storedTotals } from './seal.ts';

interface OfBucket {
  readonly bucket: number;
  readonly period: Period;
}

/** Records what a period left in a bucket, under `lockPeriods` taken exclusively. */
export async function insertBucketSeals(
  tx: pg.ClientBase,
  { bucket, period }: OfBucket,
  { seal, books }: { readonly seal: BucketSeal; readonly books: readonly BookSeal[] },
): Promise<void> {
  await copyRows(
    tx,
    {
      table: 'book_seals',
      columns: ['bucket', 'owner_id', 'currency', 'period', 'transfers', 'digest', 'balances'],
    },
    books.map(each => [
      ...[bucket, each.ownerId, each.currency, period, each.transfers, `\\x${each.digest}`],
      JSON.stringify(each.balances),
    ]),
  );
  await tx.query(
    `insert into bucket_seals (bucket, period, books, transfers, digest)
     values ($1, $2, $3, $4, decode($5, 'hex'))`,
    [bucket, period, seal.books, seal.transfers, seal.digest],
  );
}

/** Closes the period, under `lockPeriods` taken exclusively. */
export async function insertPeriodSeal(tx: pg.ClientBase, seal: PeriodSeal): Promise<void> {
  await tx.query(
    `insert into period_seals (period, seal_no, previous_digest, digest, transfers, books, totals, cut, closed_at, decision_id)
     values ($1, $2, decode($3, 'hex'), decode($4, 'hex'), $5, $6, $7, $8, $9, $10)`,
    [
      seal.period,
      seal.sealNo,
      seal.previousDigest,
      seal.digest,
      seal.transfers,
      seal.books,
      JSON.stringify(storedTotals(seal.totals)),
      seal.cut,
      seal.closedAt,
      seal.decisionId,
    ],
  );
}

/**
 * What stood on the accounts of each book of a bucket, by `owner\0currency`, after all periods closed up to the given one. Goes from book
 * to book by the key, and to the last seal of each: how many periods were closed before makes no difference.
 */
export async function balancesThrough(q: Queryable, { bucket, period }: OfBucket): Promise<Map<string, Balances>> {
  const { rows } = await q.query<{ ownerId: string; currency: string; balances: Balances }>(
    `with recursive book as (
       (
         select owner_id, currency
         from book_seals
         where bucket = $1
         order by owner_id, currency
         limit 1
       )
       union all
       select next.owner_id, next.currency
       from book
       cross join lateral (
         select owner_id, currency
         from book_seals
         where bucket = $1 and (owner_id, currency) > (book.owner_id, book.currency)
         order by owner_id, currency
         limit 1
       ) as next
     )
     select book.owner_id as "ownerId", book.currency, last.balances
     from book
     cross join lateral (
       select balances
       from book_seals
       where bucket = $1 and owner_id = book.owner_id and currency = book.currency and period <= $2
       order by period desc
       limit 1
     ) as last`,
    [bucket, period],
  );
  return new Map(rows.map(row => [`${row.ownerId}\0${row.currency}`, row.balances]));
}

/** The seals of a bucket's books, of periods up to the given one. */
export async function bookSealsUpTo(
  q: Queryable,
  { bucket, period }: OfBucket,
): Promise<(BookSeal & { readonly period: Period })[]> {
  const { rows } = await q.query<BookSeal & { period: Period }>(
    `select owner_id as "ownerId", currency, period, transfers, encode(digest, 'hex') as digest, balances
     from book_seals
     where bucket = $1 and period <= $2
     order by period, owner_id, currency`,
    [bucket, period],
  );
  return rows;
}

/** The seals of a bucket, of periods up to the given one. */
export async function bucketSealsUpTo(
  q: Queryable,
  { bucket, period }: OfBucket,
): Promise<(BucketSeal & { readonly period: Period })[]> {
  const { rows } = await q.query<BucketSeal & { period: Period }>(
    `select bucket, period, books, transfers, encode(digest, 'hex') as digest
     from bucket_seals
     where bucket = $1 and period <= $2
     order by period`,
    [bucket, period],
  );
  return rows;
}

/** Periods of which books or buckets are sealed although the period itself isn't. */
export async function periodsWithoutSeal(q: Queryable): Promise<string[]> {
  const { rows } = await q.query<{ period: string }>(
    `select period
     from (select distinct period from book_seals union select distinct period from bucket_seals) as sealed
     where not exists (select from period_seals where period_seals.period = sealed.period)
     order by period`,
  );
  return rows.map(row => row.period);
}

/** When periods were closed and up to when they reach, in microseconds since 1970, by period: as exact as they are stored. */
export async function instantsOfSeals(
  q: Queryable,
): Promise<Map<Period, { readonly cutMicros: string; readonly closedAtMicros: string }>> {
  const { rows } = await q.query<{ period: Period; cutMicros: string; closedAtMicros: string }>(
    `select period, (extract(epoch from cut) * 1000000)::bigint::text as "cutMicros",
       (extract(epoch from closed_at) * 1000000)::bigint::text as "closedAtMicros"
     from period_seals`,
  );
  return new Map(rows.map(row => [row.period, row]));
}
