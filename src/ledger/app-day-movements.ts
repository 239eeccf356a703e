import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { Period } from '../domain/period.ts';

interface PeriodsOfBook {
  readonly bucket: number;
  /** The book's owner. */
  readonly developerId: string;
  readonly periods: readonly Period[];
}

/** What the transfers of an (app, business day, currency) come to, corrections included. */
export interface AppDayMovement {
  readonly businessDay: BusinessDay;
  readonly appId: string;
  readonly currency: string;
  /** −`ad_revenue`. */
  readonly grossNanos: Nanos;
  readonly developerNanos: Nanos;
  readonly platformNanos: Nanos;
  /** What service providers have of it. */
  readonly providerNanos: Nanos;
}

/** A transfer that changed what was posted for an (app, business day) before. */
export interface Correction {
  readonly transferId: string;
  readonly businessDay: BusinessDay;
  readonly appId: string;
  readonly currency: string;
  readonly reason: string;
  /** Whose part it is, where it is a provider's. */
  readonly providerId: string | null;
  /** What it added to the part, negative where it took away. */
  readonly changeNanos: Nanos;
  readonly version: number;
  readonly corrects: string | null;
  readonly runId: string | null;
  readonly bookedAt: Date;
}

export interface PayableMovement {
  readonly currency: string;
  readonly beforeNanos: Nanos;
  readonly withinNanos: Nanos;
}

/** What settlement posted to a developer's book in the periods, in the order (day, app, currency). */
export async function appDayMovements(
  q: Queryable,
  { bucket, developerId, periods }: PeriodsOfBook,
): Promise<AppDayMovement[]> {
  const { rows } = await q.query<{
    businessDay: BusinessDay;
    appId: string;
    currency: string;
    revenue: string;
    payable: string;
    platform: string;
    provider: string;
  }>(
    `select business_date as "businessDay", app_id as "appId", currency,
       sum(${movementOn('ad_revenue')}) as revenue,
       sum(${movementOn('payable')}) as payable,
       sum(${movementOn('platform_share')}) as platform,
       sum(${movementOn('provider_share')}) as provider
     from transfers
     where bucket = $1 and developer_id = $2 and period = any ($3) and version is not null
       and reason not in ('hold', 'forfeiture', 'award', 'incentive')
     group by business_date, app_id, currency
     order by business_date, app_id collate "C", currency collate "C"`,
    [bucket, developerId, periods],
  );
  return rows.map(({ businessDay, appId, currency, revenue, payable, platform, provider }) => ({
    businessDay,
    appId,
    currency,
    grossNanos: nanos(-BigInt(revenue)),
    developerNanos: nanos(BigInt(payable)),
    platformNanos: nanos(BigInt(platform)),
    providerNanos: nanos(BigInt(provider)),
  }));
}

/**
 * Every later version among the settlement transfers of an owner's book in the periods, in the order of booking; of a provider's part
 * also the first one, where it changed what the day had been settled to. `source` is what the parts come out of: revenue in a
 * developer's book, the developers' totals in a provider's.
 */
export async function correctionsOfBook(
  q: Queryable,
  { bucket, developerId, periods, source }: PeriodsOfBook & { readonly source: 'ad_revenue' | 'provider_share' },
): Promise<Correction[]> {
  const { rows } = await q.query<Omit<Correction, 'changeNanos'> & { change: string }>(
    `with settled as (
       select *, first_value(run_id) over (
         partition by business_date, app_id, currency order by booked_at, transfer_id
       ) as first_run_id
       from transfers
       where bucket = $1 and developer_id = $2 and period = any ($3) and version is not null
       and reason not in ('hold', 'forfeiture', 'award', 'incentive')
     )
     select transfer_id as "transferId", business_date as "businessDay", app_id as "appId", currency, reason, version,
       provider_id as "providerId", case when debit = $4::account_kind then amount_nanos else -amount_nanos end as change,
       corrects_id as corrects, run_id as "runId", booked_at as "bookedAt"
     from settled
     where version > 1 or (provider_id is not null and run_id <> first_run_id)
     order by booked_at, business_date, app_id collate "C", currency collate "C", reason collate "C",
       provider_id collate "C", version`,
    [bucket, developerId, periods, source],
  );
  return rows.map(({ change, ...row }) => ({ ...row, changeNanos: nanos(BigInt(change)) }));
}

/** What all transfers, whatever their reason, moved on an owner's `payable` before the periods and in them, by currency. */
export async function payableMovements(
  q: Queryable,
  { bucket, developerId, periods }: PeriodsOfBook,
): Promise<PayableMovement[]> {
  const { rows } = await q.query<{ currency: string; before: string; within: string }>(
    `select currency,
       coalesce(sum(${movementOn('payable')}) filter (where period < $3), 0) as before,
       coalesce(sum(${movementOn('payable')}) filter (where period >= $3), 0) as within
     from transfers
     where bucket = $1 and developer_id = $2 and period <= $4
     group by currency
     order by currency collate "C"`,
    [bucket, developerId, periods[0], periods.at(-1)],
  );
  return rows.map(({ currency, before, within }) => ({
    currency,
    beforeNanos: nanos(BigInt(before)),
    withinNanos: nanos(BigInt(within)),
  }));
}

/** SQL for what a transfer moves on a kind of account: credits − debits. */
function movementOn(account: 'ad_revenue' | 'payable' | 'platform_share' | 'provider_share'): string {
  return `case when credit = '${account}' then amount_nanos when debit = '${account}' then -amount_nanos else 0 end`;
}
