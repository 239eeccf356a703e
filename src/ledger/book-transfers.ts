import type pg from 'pg';
import { textRows } from '../db/prepared.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { type Period, parsePeriod } from '../domain/period.ts';
import type { AccountKind, TransferReason } from '../domain/transfer.ts';

/** A transfer as a statement reads it. */
export interface BookTransfer {
  readonly transferId: string;
  /** The book's owner. */
  readonly ownerId: string;
  readonly appId: string | null;
  /** The day that it refers to, if any. */
  readonly businessDay: BusinessDay | null;
  readonly period: Period;
  readonly currency: string;
  readonly debit: AccountKind;
  readonly credit: AccountKind;
  readonly amountNanos: Nanos;
  readonly reason: TransferReason;
  readonly runId: string | null;
  readonly version: number | null;
  readonly providerId: string | null;
  readonly fundId: string | null;
  readonly decisionId: string | null;
  readonly payoutId: string | null;
  readonly correctsId: string | null;
  /** Milliseconds since 1970; null of the first version of a developer's or the platform's part of a day of its own period. */
  readonly bookedAtMs: number | null;
}

/** Books of one bucket in one period or several that follow one another. */
export interface BooksInPeriods {
  readonly bucket: number;
  readonly ownerIds: readonly string[];
  readonly periods: readonly Period[];
  /** Earlier transfers are added up from the period after this one on; null: from the first. */
  readonly since: Period | null;
}

/** What transfers of earlier periods moved between two accounts of a book. */
export interface MovedBefore {
  readonly ownerId: string;
  readonly currency: string;
  readonly debit: AccountKind;
  readonly credit: AccountKind;
  readonly amountNanos: Nanos;
}

export interface BooksOfPeriods {
  /** Every transfer in the periods, by owner; of each in the order of booking. */
  readonly transfers: Map<string, BookTransfer[]>;
  readonly before: readonly MovedBefore[];
}

/** The transfers of the books in the periods, and the sums of those before them, in one scan. */
export async function transfersOfBooks(
  client: pg.ClientBase,
  { bucket, ownerIds, periods, since }: BooksInPeriods,
): Promise<BooksOfPeriods> {
  const [first, last] = [periods[0] as Period, periods.at(-1) as Period];
  const { firstDay } = parsePeriod(first);
  const { firstDay: lastHalf, lastDay } = parsePeriod(last);
  const values = [bucket, ownerIds, since ?? '', first, last, firstDay, lastHalf, lastDay];
  const rows = await textRows(client, SELECT, values);
  const transfers = new Map<string, BookTransfer[]>();
  const before: MovedBefore[] = [];
  for (const [owner, currency, debit, credit, moved, lines] of rows) {
    const of = { ownerId: owner as string, currency: currency as string, ...sides(debit, credit) };
    if (moved !== null) before.push({ ...of, amountNanos: nanos(BigInt(moved as string)) });
    if (lines === null) continue;
    const book = transfers.get(of.ownerId) ?? [];
    transfers.set(of.ownerId, book);
    for (const line of (lines as string).split('\n')) book.push(transferOf(of, line.split('\t')));
  }
  for (const book of transfers.values()) book.sort((a, b) => (a.transferId < b.transferId ? -1 : 1));
  return { transfers, before };
}

/**
 * A row for what moves between two accounts of a book, in it a line a transfer, its columns between tabs, which none of them can
 * contain: many rows of many columns take longer to receive than to read. What few transfers have stands together in the last column.
 * No transfer is filed in a period before its own day's, so that partitions of later months are left out.
 */
const SELECT = `select developer_id, currency, debit, credit, sum(amount_nanos) filter (where period < $4),
       string_agg(
         concat(transfer_id, chr(9), app_id, chr(9), business_date, chr(9), period, chr(9), amount_nanos, chr(9), reason, chr(9), run_id,
           chr(9), version, chr(9),
           case when version is distinct from 1 or provider_id is not null or fund_id is not null or ledger_date < $6::date
               or (right(period, 2) = 'H2' and ledger_date < $7::date)
             then jsonb_build_array(provider_id, fund_id, decision_id, payout_id, corrects_id, extract(epoch from booked_at) * 1000)
           end),
         chr(10)) filter (where period >= $4)
     from transfers
     where bucket = $1 and developer_id = any ($2) and period > $3 and period <= $5 and ledger_date <= $8::date
     group by developer_id, currency, debit, credit`;

function sides(
  debit: string | null | undefined,
  credit: string | null | undefined,
): Pick<MovedBefore, 'debit' | 'credit'> {
  return { debit: debit as AccountKind, credit: credit as AccountKind };
}

type Rest = readonly [string | null, string | null, string | null, string | null, string | null, number];

const NO_REST: readonly [null, null, null, null, null, null] = [null, null, null, null, null, null];

function transferOf(
  of: Pick<BookTransfer, 'ownerId' | 'currency' | 'debit' | 'credit'>,
  columns: readonly string[],
): BookTransfer {
  const rest = columns[8] === '' ? NO_REST : (JSON.parse(columns[8] as string) as Rest);
  return {
    ...of,
    transferId: columns[0] as string,
    appId: columns[1] || null,
    businessDay: (columns[2] || null) as BusinessDay | null,
    period: columns[3] as Period,
    amountNanos: nanos(BigInt(columns[4] as string)),
    reason: columns[5] as TransferReason,
    runId: columns[6] || null,
    version: columns[7] === '' ? null : Number(columns[7]),
    providerId: rest[0],
    fundId: rest[1],
    decisionId: rest[2],
    payoutId: rest[3],
    correctsId: rest[4],
    bookedAtMs: rest[5] === null ? null : Math.floor(rest[5]),
  };
}

/** What transfers moved on one kind of account: credits − debits. */
export function movedOn(
  account: AccountKind,
  transfers: Iterable<Pick<BookTransfer, 'debit' | 'credit' | 'amountNanos'>>,
): Nanos {
  let moved = 0n;
  for (const { debit, credit, amountNanos } of transfers) {
    if (credit === account) moved += amountNanos;
    else if (debit === account) moved -= amountNanos;
  }
  return nanos(moved);
}
