import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { Nanos } from '../domain/nanos.ts';
import { withGrossNanos } from '../earnings/gross-row.ts';

interface AppOfDeveloper {
  readonly developerId: string;
  readonly appId: string;
}

/** −`ad_revenue` of an (app, business day, currency). */
export interface SettledGross extends AppOfDeveloper {
  readonly currency: string;
  readonly grossNanos: Nanos;
}

/** What was settled for a bucket's business day: every app for which a run ever posted anything, what was all taken back too. */
export async function settledGross(
  q: Queryable,
  { bucket, day }: { readonly bucket: number; readonly day: BusinessDay },
): Promise<SettledGross[]> {
  const { rows } = await q.query<Omit<SettledGross, 'grossNanos'> & { gross: string }>(
    `select developer_id as "developerId", app_id as "appId", currency,
       sum(case when debit = 'ad_revenue' then amount_nanos else -amount_nanos end) as gross
     from transfers
     where bucket = $1 and ledger_date = $2 and version is not null and (debit = 'ad_revenue' or credit = 'ad_revenue')
     group by developer_id, app_id, currency
     order by app_id collate "C", currency collate "C"`,
    [bucket, day],
  );
  return rows.map(withGrossNanos);
}

/** The first business day, in whatever currency, for which a run ever posted anything for these apps of one bucket. */
export async function firstSettledDays(
  q: Queryable,
  { bucket, apps }: { readonly bucket: number; readonly apps: readonly AppOfDeveloper[] },
): Promise<Map<string, BusinessDay>> {
  if (apps.length === 0) return new Map();
  const { rows } = await q.query<{ appId: string; firstDay: BusinessDay }>(
    `select app_id as "appId", min(ledger_date) as "firstDay"
     from transfers
     where bucket = $1 and developer_id = any ($2) and app_id = any ($3) and version is not null
       and (debit = 'ad_revenue' or credit = 'ad_revenue')
     group by app_id`,
    [bucket, [...new Set(apps.map(app => app.developerId))], apps.map(app => app.appId)],
  );
  return new Map(rows.map(row => [row.appId, row.firstDay]));
}

/** What a fund has awarded an (app, business day), by the transfers in its own book. */
export interface Award {
  readonly appId: string;
  readonly awardedNanos: bigint;
  /** The last version, its transfer, and the half that arrived in the developer's book. */
  readonly version: number;
  readonly transferId: string;
  readonly linkId: string;
}

/** A fund's awards of a business day by app: of the given apps, or of all. `bucket` is the fund's. */
export async function awardsOn(
  q: Queryable,
  {
    bucket,
    fundId,
    day,
    appIds = null,
    bookedBy = null,
  }: {
    readonly bucket: number;
    readonly fundId: string;
    readonly day: BusinessDay;
    readonly appIds?: readonly string[] | null;
    readonly bookedBy?: Date | null;
  },
): Promise<Map<string, Award>> {
  const { rows } = await q.query<Omit<Award, 'awardedNanos'> & { awarded: string }>(
    `select app_id as "appId", sum(case when debit = 'fund_available' then amount_nanos else -amount_nanos end) as awarded,
       max(version) as version,
       (array_agg(transfer_id order by version desc))[1] as "transferId",
       (array_agg(link_id order by version desc))[1] as "linkId"
     from transfers
     where bucket = $1 and ledger_date = $2 and developer_id = $3 and fund_id = $3 and reason = 'award'
       and ($4::text[] is null or app_id = any ($4)) and booked_at <= coalesce($5::timestamptz, 'infinity')
     group by app_id`,
    [bucket, day, fundId, appIds, bookedBy],
  );
  return new Map(rows.map(({ awarded, ...row }) => [row.appId, { ...row, awardedNanos: BigInt(awarded) }]));
}

/** What one step of a fund changed of an (app, business day)'s award. */
export interface AwardOfStep {
  readonly appId: string;
  readonly businessDay: BusinessDay;
  readonly changeNanos: bigint;
}

/** What a step awarded on these days, by the transfers in the fund's own book. */
export async function awardsOfStep(
  q: Queryable,
  {
    bucket,
    fundId,
    grantId,
    days,
  }: {
    readonly bucket: number;
    readonly fundId: string;
    readonly grantId: string;
    readonly days: readonly BusinessDay[];
  },
): Promise<AwardOfStep[]> {
  const { rows } = await q.query<Omit<AwardOfStep, 'changeNanos'> & { change: string }>(
    `select app_id as "appId", business_date as "businessDay",
       sum(case when debit = 'fund_available' then amount_nanos else -amount_nanos end) as change
     from transfers
     where bucket = $1 and ledger_date = any ($2) and developer_id = $3 and run_id = $4 and reason = 'award'
     group by app_id, business_date`,
    [bucket, days, fundId, grantId],
  );
  return rows.map(({ change, ...row }) => ({ ...row, changeNanos: BigInt(change) }));
}
