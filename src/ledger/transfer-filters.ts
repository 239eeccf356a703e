import type pg from 'pg';
import { developerOfApp } from '../catalog/app-names.ts';
import { namedOwner } from '../catalog/book-owners.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import type { PeriodRange } from '../domain/period.ts';
import { shown } from '../domain/shown.ts';
import type { AccountKind } from '../domain/transfer.ts';
import { TRANSFER_COLUMNS } from './transfer-row.ts';

/** Which transfers; all filters hold together. */
export interface TransferFilters {
  readonly bucketCount: number;
  /** The owner of the book: a developer or, instead, a service provider. */
  readonly developerId?: string | undefined;
  readonly providerId?: string | undefined;
  /** Of an app alone, those in its developer's book. */
  readonly appId?: string | undefined;
  /** Days by which the ledger is filed, inclusive: the business day, or the day of booking where there is none. */
  readonly from?: BusinessDay | undefined;
  readonly to?: BusinessDay | undefined;
  readonly period?: PeriodRange | undefined;
  /** Give the run's day as `from` and `to` as well; without it every day is searched. */
  readonly runId?: string | undefined;
  readonly reason?: string | undefined;
  /** Debited or credited. */
  readonly account?: AccountKind | undefined;
  readonly currency?: string | undefined;
  /** Only what was booked at or before this instant. */
  readonly bookedBy?: Date | undefined;
}

/** A place in the order of the list: (ledger day, bucket, id). */
export interface TransferKey {
  readonly ledgerDay: BusinessDay;
  readonly bucket: number;
  readonly transferId: string;
}

export interface SqlStatement {
  readonly text: string;
  readonly values: unknown[];
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const BEFORE_ALL_IDS = '00000000-0000-0000-0000-000000000000';

/**
 * The statements that, one after the other, select the transfers in the order (ledger day, bucket, id): a single one where the
 * book, and so its bucket, is known, else one for each day. However many transfers there are, an index leads each to its place.
 * @throws Refusal `unknown_developer`, `unknown_provider`, `two_owners`, `unknown_app`, `bad_run_id`
 */
export async function* selectTransfers(
  tx: pg.ClientBase,
  filters: TransferFilters,
  after: TransferKey | null,
): AsyncGenerator<SqlStatement> {
  if (filters.runId !== undefined && !UUID.test(filters.runId)) throw badRunId(filters.runId);
  const developerId = await bookOwner(tx, filters);
  const rest = [
    developerId,
    filters.appId ?? null,
    filters.period?.halves ?? null,
    filters.runId ?? null,
    filters.reason ?? null,
    filters.account ?? null,
    filters.currency ?? null,
    filters.bookedBy ?? null,
  ];
  const last = filters.to ?? 'infinity';
  if (developerId !== null) {
    const first = after?.ledgerDay ?? filters.from ?? '-infinity';
    const bucket = bucketOf(developerId, filters.bucketCount);
    yield { text: IN_ONE_BUCKET, values: [bucket, first, after?.transferId ?? BEFORE_ALL_IDS, ...rest, last] };
    return;
  }
  if (after !== null) yield { text: ON_ONE_DAY, values: [after.bucket, after.ledgerDay, after.transferId, ...rest] };
  let day = await nextLedgerDay(tx, { after: after?.ledgerDay ?? null, first: filters.from ?? null, last, ...filters });
  while (day !== null) {
    yield { text: ON_ONE_DAY, values: [-1, day, BEFORE_ALL_IDS, ...rest] };
    day = await nextLedgerDay(tx, { after: day, first: null, last, ...filters });
  }
}

const OTHER_FILTERS = `($4::text is null or developer_id = $4) and ($5::text is null or app_id = $5)
  and ($6::text[] is null or period = any ($6)) and ($7::uuid is null or run_id = $7) and ($8::text is null or reason = $8)
  and ($9::account_kind is null or debit = $9 or credit = $9) and ($10::text is null or currency = $10)
  and ($11::timestamptz is null or booked_at <= $11)`;

// The comparison of rows finds the place in the index, the plain one leaves earlier partitions alone.
const IN_ONE_BUCKET = `select ${TRANSFER_COLUMNS}
from transfers
where bucket = $1 and ledger_date >= $2 and ledger_date <= $12 and (ledger_date, transfer_id) > ($2::date, $3::uuid)
  and ${OTHER_FILTERS}
order by ledger_date, transfer_id`;

const ON_ONE_DAY = `select ${TRANSFER_COLUMNS}
from transfers
where ledger_date = $2 and (bucket, transfer_id) > ($1::smallint, $3::uuid)
  and ${OTHER_FILTERS}
order by bucket, transfer_id`;

/** The first ledger day after one, or from one on, up to `last`: a probe of the primary key for each bucket. */
async function nextLedgerDay(
  tx: pg.ClientBase,
  {
    after,
    first,
    last,
    bucketCount,
  }: {
    readonly after: BusinessDay | null;
    readonly first: BusinessDay | null;
    readonly last: string;
    readonly bucketCount: number;
  },
): Promise<BusinessDay | null> {
  const { rows } = await tx.query<{ day: BusinessDay | null }>(
    `select min(next.ledger_date) as day
     from generate_series(0, $1::integer - 1) as bucket (number)
     cross join lateral (
       select ledger_date
       from transfers
       where bucket = bucket.number and ledger_date > $2 and ledger_date >= $3 and ledger_date <= $4
       order by ledger_date
       limit 1
     ) as next`,
    [bucketCount, after ?? '-infinity', first ?? '-infinity', last],
  );
  return rows[0]?.day ?? null;
}

async function bookOwner(
  tx: pg.ClientBase,
  { developerId, providerId, appId }: TransferFilters,
): Promise<string | null> {
  const owner = await namedOwner(tx, { developerId, providerId });
  const ofApp = appId === undefined ? null : await developerOfApp(tx, appId);
  return owner ?? ofApp;
}

function badRunId(runId: string): Refusal {
  return new Refusal({
    code: 'bad_run_id',
    message: `${shown(runId)} is not the id of a run`,
    remedy: 'give the run_id of a transfer, or as `settle` printed it',
    details: { run_id: shown(runId) },
    exitCode: 2,
  });
}
