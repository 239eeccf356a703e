import type pg from 'pg';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { openPeriodOf, type Period, periodOf } from '../domain/period.ts';

/** Business days for which a bucket's ledger holds transfers. */
export async function ledgerDays(db: Queryable, bucket: number): Promise<BusinessDay[]> {
  const { rows } = await db.query<{ ledger_date: BusinessDay }>(
    'select distinct ledger_date from transfers where bucket = $1 and business_date is not null order by ledger_date',
    [bucket],
  );
  return rows.map(row => row.ledger_date);
}

/** Transfers of a ledger day that stand in a period where none of that day can be. */
export interface Misfiled {
  readonly ledgerDay: BusinessDay;
  readonly period: string;
  /** The first in which they could be. */
  readonly expected: Period;
  readonly transfers: number;
}

/**
 * Transfers that are neither in the half-month of their day nor in a later one that was the earliest open at some time, given the
 * earliest open one now.
 */
export async function misfiledTransfers(
  q: Queryable,
  { bucket, firstOpen }: { readonly bucket: number; readonly firstOpen: Period | null },
): Promise<Misfiled[]> {
  const { rows } = await q.query<Omit<Misfiled, 'expected'>>(
    `select ledger_date as "ledgerDay", period, count(*) as transfers
     from transfers
     where bucket = $1 and period <> half_month(ledger_date)
     group by ledger_date, period
     order by ledger_date, period`,
    [bucket],
  );
  return rows.flatMap(row => {
    const isLate = row.period > periodOf(row.ledgerDay) && row.period <= openPeriodOf(row.ledgerDay, firstOpen);
    return isLate ? [] : [{ ...row, expected: periodOf(row.ledgerDay) }];
  });
}

/** Transfers of one run in a bucket, for one day. */
export interface TransfersOfRun {
  readonly runId: string | null;
  readonly businessDay: BusinessDay | null;
  /** Posted by the run of some bucket to a provider's book in this one. */
  readonly isReceived: boolean;
  readonly transfers: number;
  /** Those of them that have their other half in a provider's book, whichever its bucket. */
  readonly sent: number;
}

/** How many transfers each run has posted in a bucket, and for which day. */
export async function transfersByRun(client: pg.ClientBase, bucket: number): Promise<TransfersOfRun[]> {
  const { rows } = await client.query<TransfersOfRun>(
    `select run_id as "runId", business_date as "businessDay", coalesce(provider_id = developer_id, false) as "isReceived",
       count(*) as transfers, count(*) filter (where reason = 'provider_share') as sent
     from transfers
     where bucket = $1 and decision_id is null
     group by run_id, business_date, coalesce(provider_id = developer_id, false)
     order by run_id, business_date`,
    [bucket],
  );
  return rows;
}

/** Settlement transfers whose version does not follow on the one that they say they correct. */
export async function brokenChains(
  client: pg.ClientBase,
  bucket: number,
): Promise<{ transferId: string; version: number; correctsId: string | null; beforeId: string | null }[]> {
  const { rows } = await client.query<{
    transfer_id: string;
    version: number;
    corrects_id: string | null;
    before_id: string | null;
  }>(
    `select transfer_id, version, corrects_id, before_id
     from (
       select transfer_id, version, corrects_id,
         lag(transfer_id) over chain as before_id,
         row_number() over chain as place
       from transfers
       where bucket = $1 and version is not null
       window chain as (partition by ledger_date, app_id, currency, reason, provider_id, fund_id order by version)
     ) as chained
     where version <> place or corrects_id is distinct from before_id`,
    [bucket],
  );
  return rows.map(row => ({
    transferId: row.transfer_id,
    version: row.version,
    correctsId: row.corrects_id,
    beforeId: row.before_id,
  }));
}
