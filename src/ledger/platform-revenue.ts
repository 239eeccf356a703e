import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';

export interface RevenueFilters {
  /** Days of the ledger, inclusive. */
  readonly from?: BusinessDay | undefined;
  readonly to?: BusinessDay | undefined;
  readonly currency?: string | undefined;
  /** Only what was booked at or before this instant. */
  readonly bookedBy?: Date | undefined;
}

/** What traffic earned and what of it the platform has. */
export interface Revenue {
  readonly grossNanos: Nanos;
  /** The platform's part of the gross. */
  readonly platformNanos: Nanos;
  /** Forfeited money that was decided to be the platform's. */
  readonly keptNanos: Nanos;
}

export interface RevenueOfDay extends Revenue {
  readonly day: BusinessDay;
  readonly currency: string;
}

/** Of what one run posted for an app, or of what a decision kept, of one day. */
export interface RevenueOfApp extends Revenue {
  readonly bucket: number;
  readonly day: BusinessDay;
  /** Null: a decision. */
  readonly runId: string | null;
  readonly developerId: string;
  readonly appId: string | null;
  readonly currency: string;
}

interface RevenueRow {
  readonly gross: string;
  readonly platform: string;
  readonly kept: string;
}

/**
 * By day and currency, in that order, from the totals that are recorded with each posting: a run's are of one day. Of decisions that
 * kept money of several days at once the transfers are read.
 */
export async function revenueByDay(
  q: Queryable,
  { from, to, currency, bookedBy }: RevenueFilters,
): Promise<RevenueOfDay[]> {
  const { rows } = await q.query<RevenueRow & { day: BusinessDay; currency: string }>(
    `with moved as (
       select bucket, null as decision_id, period, first_day, last_day, currency, account, credit_nanos - debit_nanos as nanos, booked_at
       from posting_totals
       where account in ('ad_revenue', 'platform_share')
       union all
       select bucket, decision_id, period, first_day, last_day, currency, account, credit_nanos - debit_nanos, booked_at
       from decision_totals
       where account = 'platform_share'
     ), by_day as (
       select decision_id, first_day as day, currency, account, nanos, booked_at
       from moved
       where first_day = last_day
       union all
       select decision_id, ledger_date, currency, 'platform_share',
         case credit when 'platform_share' then amount_nanos else -amount_nanos end, booked_at
       from transfers
       where (bucket, decision_id, period, currency) in (
           select bucket, decision_id, period, currency from moved where first_day < last_day
         )
         and 'platform_share' in (debit, credit)
     )
     select day, currency,
       coalesce(-sum(nanos) filter (where account = 'ad_revenue'), 0) as gross,
       coalesce(sum(nanos) filter (where account = 'platform_share' and decision_id is null), 0) as platform,
       coalesce(sum(nanos) filter (where account = 'platform_share' and decision_id is not null), 0) as kept
     from by_day
     where day >= coalesce($1, '-infinity'::date) and day <= coalesce($2, 'infinity'::date)
       and ($3::text is null or currency = $3) and ($4::timestamptz is null or booked_at <= $4)
     group by day, currency
     order by day, currency collate "C"`,
    [from ?? null, to ?? null, currency ?? null, bookedBy ?? null],
  );
  return rows.map(({ day, currency: of, ...row }) => ({ day, currency: of, ...revenueOf(row) }));
}

/** Of some buckets and days, by bucket, day, run and app. */
export async function revenueOfApps(
  q: Queryable,
  {
    buckets,
    days,
    currency,
    bookedBy,
  }: { readonly buckets: readonly number[]; readonly days: readonly BusinessDay[] } & Pick<
    RevenueFilters,
    'currency' | 'bookedBy'
  >,
): Promise<RevenueOfApp[]> {
  const { rows } = await q.query<RevenueRow & Omit<RevenueOfApp, keyof Revenue>>(
    `select bucket, ledger_date as day, run_id as "runId", developer_id as "developerId", app_id as "appId", currency,
       coalesce(sum(case debit when 'ad_revenue' then amount_nanos else -amount_nanos end)
         filter (where 'ad_revenue' in (debit, credit)), 0) as gross,
       coalesce(sum(case credit when 'platform_share' then amount_nanos else -amount_nanos end)
         filter (where 'platform_share' in (debit, credit) and decision_id is null), 0) as platform,
       coalesce(sum(case credit when 'platform_share' then amount_nanos else -amount_nanos end)
         filter (where 'platform_share' in (debit, credit) and decision_id is not null), 0) as kept
     from transfers
     where bucket = any ($1::smallint[]) and ledger_date = any ($2::date[]) and ('ad_revenue' in (debit, credit) or 'platform_share' in (debit, credit))
       and ($3::text is null or currency = $3) and ($4::timestamptz is null or booked_at <= $4)
     group by bucket, ledger_date, run_id, developer_id, app_id, currency`,
    [buckets, days, currency ?? null, bookedBy ?? null],
  );
  return rows.map(({ gross, platform, kept, ...of }) => ({ ...of, ...revenueOf({ gross, platform, kept }) }));
}

function revenueOf({ gross, platform, kept }: RevenueRow): Revenue {
  return {
    grossNanos: nanos(BigInt(gross)),
    platformNanos: nanos(BigInt(platform)),
    keptNanos: nanos(BigInt(kept)),
  };
}
