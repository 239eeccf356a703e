import type pg from 'pg';
import { digestOfRows, writeTimesAlike } from '../db/row-digest.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { type Period, parsePeriod } from '../domain/period.ts';
import type { AccountKind } from '../domain/transfer.ts';

/** Every column of a transfer, in the order in which seals have them; a column that comes later is not covered by seals made before. */
const SEALED_COLUMNS = `bucket, ledger_date, transfer_id, developer_id, app_id, business_date, period, currency, debit, credit,
  amount_nanos, reason, run_id, decision_id, version, link_id, provider_id, fund_id, payout_id, corrects_id, booked_at`;

/** A bucket's transfers of a period: those of its own days by the key, those of days before it by the index of late ones. */
const OF_PERIOD = `(
       select ${SEALED_COLUMNS}
       from transfers
       where bucket = $1 and period = $2 and ledger_date between $3 and $4
       union all
       select ${SEALED_COLUMNS}
       from transfers
       where bucket = $1 and period = $2 and period <> half_month(ledger_date)
     ) as transfers`;

/** What a period moved in one book. */
export interface MovedBook {
  readonly ownerId: string;
  readonly currency: string;
  readonly transfers: number;
  /** Hex; over all columns of its transfers, in the order of their ids. */
  readonly digest: string;
  readonly movements: readonly {
    readonly account: AccountKind;
    readonly debitNanos: Nanos;
    readonly creditNanos: Nanos;
  }[];
}

/** What a period moved in each book of a bucket, from its transfers. */
export async function movedBooks(
  tx: pg.ClientBase,
  { bucket, period }: { readonly bucket: number; readonly period: Period },
): Promise<MovedBook[]> {
  await writeTimesAlike(tx);
  const { firstDay, lastDay } = parsePeriod(period);
  const values = [bucket, period, firstDay, lastDay];
  const { rows: books } = await tx.query<Omit<MovedBook, 'movements'>>(
    `select developer_id as "ownerId", currency, count(*) as transfers,
       encode(${digestOfRows({ columns: SEALED_COLUMNS, order: 'transfer_id, ledger_date' })}, 'hex') as digest
     from ${OF_PERIOD}
     group by developer_id, currency`,
    values,
  );
  const { rows: moved } = await tx.query<StoredMovement>(
    `select "ownerId", currency, side.account, sum(side.debit) as debit, sum(side.credit) as credit
     from (
       select developer_id as "ownerId", currency, debit, credit, sum(amount_nanos) as amount
       from ${OF_PERIOD}
       group by developer_id, currency, debit, credit
     ) as flow
     cross join lateral (values (flow.debit, amount, 0), (flow.credit, 0, amount)) as side (account, debit, credit)
     group by "ownerId", currency, side.account`,
    values,
  );
  const byBook = Map.groupBy(moved, each => `${each.ownerId}\0${each.currency}`);
  return books.map(book => ({
    ...book,
    movements: (byBook.get(`${book.ownerId}\0${book.currency}`) ?? []).map(({ account, debit, credit }) => ({
      account,
      debitNanos: nanos(BigInt(debit)),
      creditNanos: nanos(BigInt(credit)),
    })),
  }));
}

interface StoredMovement {
  readonly ownerId: string;
  readonly currency: string;
  readonly account: AccountKind;
  readonly debit: string;
  readonly credit: string;
}
