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

/** Books of one bucket in some periods. */
export interface BooksInPeriods {
  readonly bucket: number;
  readonly ownerIds: readonly string[];
  readonly periods: readonly Period[];
}

/** Every transfer of the books in the periods, by owner; of each in the order of booking. */
export async function transfersOfBooks(
  client: pg.ClientBase,
  { bucket, ownerIds, periods }: BooksInPeriods,
): Promise<Map<string, BookTransfer[]>> {
  const [first, last] = [periods[0] as Period, periods.at(-1) as Period];
  const { firstDay } = parsePeriod(first);
  const rows = await textRows(client, SELECT, [bucket, ownerIds, periods, firstDay, parsePeriod(last).firstDay]);
  const books = new Map<string, BookTransfer[]>();
  for (const [owner, lines] of rows) {
    const ownerId = owner as string;
    const book = (lines as string).split('\n').map(line => transferOf(ownerId, line.split('\t')));
    book.sort((a, b) => (a.transferId < b.transferId ? -1 : 1));
    books.set(ownerId, book);
  }
  return books;
}

/**
 * A row a book, a line a transfer, its columns between tabs, which none of them can contain: many rows of many columns take longer to
 * receive than to read. What few transfers have stands together in the last column.
 */
const SELECT = `select developer_id, string_agg(
         concat(transfer_id, chr(9), app_id, chr(9), business_date, chr(9), period, chr(9), currency, chr(9), debit, chr(9), credit, chr(9),
           amount_nanos, chr(9), reason, chr(9), run_id, chr(9), version, chr(9),
           case when version is distinct from 1 or provider_id is not null or fund_id is not null or ledger_date < $4::date
               or (right(period, 2) = 'H2' and ledger_date < $5::date)
             then jsonb_build_array(provider_id, fund_id, decision_id, payout_id, corrects_id, extract(epoch from booked_at) * 1000)
           end),
         chr(10))
     from transfers
     where bucket = $1 and developer_id = any ($2) and period = any ($3)
     group by developer_id`;

type Rest = readonly [string | null, string | null, string | null, string | null, string | null, number];

const NO_REST: readonly [null, null, null, null, null, null] = [null, null, null, null, null, null];

function transferOf(ownerId: string, columns: readonly string[]): BookTransfer {
  const rest = columns[11] === '' ? NO_REST : (JSON.parse(columns[11] as string) as Rest);
  return {
    transferId: columns[0] as string,
    ownerId,
    appId: columns[1] || null,
    businessDay: (columns[2] || null) as BusinessDay | null,
    period: columns[3] as Period,
    currency: columns[4] as string,
    debit: columns[5] as AccountKind,
    credit: columns[6] as AccountKind,
    amountNanos: nanos(BigInt(columns[7] as string)),
    reason: columns[8] as TransferReason,
    runId: columns[9] || null,
    version: columns[10] === '' ? null : Number(columns[10]),
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
