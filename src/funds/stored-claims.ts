import type pg from 'pg';
import { copyRows } from '../db/copy.ts';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';

/** What an app's day claims of a fund, as a step found it. */
export interface Claim {
  readonly bucket: number;
  readonly developerId: string;
  readonly appId: string;
  readonly businessDay: BusinessDay;
  /** As it was settled then. */
  readonly grossNanos: bigint;
  readonly claimNanos: bigint;
}

type StoredClaim = Omit<Claim, 'grossNanos' | 'claimNanos'> & { readonly gross: string; readonly claim: string };

const COLUMNS = `bucket, developer_id as "developerId", app_id as "appId", business_date as "businessDay",
       gross_nanos as gross, claim_nanos as claim`;

/** What the apps of these buckets claim of a fund for a day, as the last step found it. */
export async function claimsOfDay(
  q: Queryable,
  { fundId, buckets, day }: { readonly fundId: string; readonly buckets: readonly number[]; readonly day: BusinessDay },
): Promise<Claim[]> {
  const { rows } = await q.query<StoredClaim>(
    `select distinct on (bucket, app_id) ${COLUMNS}
     from fund_claims
     where bucket = any ($1) and fund_id = $2 and business_date = $3
     order by bucket, app_id, grant_no desc`,
    [buckets, fundId, day],
  );
  return rows.map(claimFrom);
}

/** What an app claims of a fund for days from one to another, as the last step found it; what claims nothing is left out. */
export async function claimsBetween(
  q: Queryable,
  {
    fundId,
    bucket,
    appId,
    from,
    to,
  }: Record<'fundId' | 'appId', string> & Record<'from' | 'to', BusinessDay> & { readonly bucket: number },
): Promise<Claim[]> {
  const { rows } = await q.query<StoredClaim>(
    `select *
     from (
       select distinct on (business_date) ${COLUMNS}
       from fund_claims
       where bucket = $1 and app_id = $2 and fund_id = $3 and business_date between $4 and $5
       order by business_date, grant_no desc
     ) as last
     where claim > 0`,
    [bucket, appId, fundId, from, to],
  );
  return rows.map(claimFrom);
}

export async function insertClaims(
  tx: pg.ClientBase,
  { fundId, grantNo }: { readonly fundId: string; readonly grantNo: number },
  claims: readonly Claim[],
): Promise<void> {
  await copyRows(
    tx,
    {
      table: 'fund_claims',
      columns: [
        ...['bucket', 'fund_id', 'business_date', 'app_id', 'grant_no', 'developer_id', 'gross_nanos'],
        'claim_nanos',
      ],
    },
    claims.map(each => [
      ...[each.bucket, fundId, each.businessDay, each.appId, grantNo, each.developerId, each.grossNanos],
      each.claimNanos,
    ]),
  );
}

/** The first day of an app that a step found out. */
export interface FirstDay {
  readonly bucket: number;
  readonly appId: string;
  readonly firstDay: BusinessDay;
}

/** What a fund knows of the first days of these apps. */
export async function knownFirstDays(
  q: Queryable,
  { fundId, bucket, appIds }: { readonly fundId: string; readonly bucket: number; readonly appIds: readonly string[] },
): Promise<Map<string, BusinessDay>> {
  const { rows } = await q.query<{ appId: string; firstDay: BusinessDay }>(
    `select app_id as "appId", min(first_day) as "firstDay"
     from fund_first_days
     where bucket = $1 and fund_id = $2 and app_id = any ($3)
     group by app_id`,
    [bucket, fundId, appIds],
  );
  return new Map(rows.map(row => [row.appId, row.firstDay]));
}

export async function insertFirstDays(
  tx: pg.ClientBase,
  { fundId, grantNo }: { readonly fundId: string; readonly grantNo: number },
  firstDays: readonly FirstDay[],
): Promise<void> {
  await copyRows(
    tx,
    { table: 'fund_first_days', columns: ['bucket', 'fund_id', 'app_id', 'first_day', 'grant_no'] },
    firstDays.map(each => [each.bucket, fundId, each.appId, each.firstDay, grantNo]),
  );
}

function claimFrom({ gross, claim, ...row }: StoredClaim): Claim {
  return { ...row, grossNanos: BigInt(gross), claimNanos: BigInt(claim) };
}

/** A claim that a step found to have changed, and what it was before. */
export interface ClaimChange extends Claim {
  readonly beforeNanos: bigint;
}

/** What one step found to have become another claim. */
export async function claimsOfStep(
  q: Queryable,
  {
    fundId,
    grantNo,
    buckets,
  }: { readonly fundId: string; readonly grantNo: number; readonly buckets: readonly number[] },
): Promise<ClaimChange[]> {
  const { rows } = await q.query<StoredClaim & { before: string }>(
    `select ${COLUMNS}, coalesce(
         (
           select earlier.claim_nanos
           from fund_claims as earlier
           where earlier.bucket = found.bucket and earlier.fund_id = found.fund_id
             and earlier.business_date = found.business_date and earlier.app_id = found.app_id
             and earlier.grant_no < found.grant_no
           order by earlier.grant_no desc
           limit 1
         ), 0) as before
     from fund_claims as found
     where bucket = any ($1) and fund_id = $2 and grant_no = $3
     order by business_date, app_id`,
    [buckets, fundId, grantNo],
  );
  return rows.map(({ before, ...row }) => ({ ...claimFrom(row), beforeNanos: BigInt(before) }));
}

/** The first days of apps as a fund's steps up to one had found them. */
export async function firstDaysAt(
  q: Queryable,
  {
    fundId,
    grantNo,
    bucket,
    appIds,
  }: { readonly fundId: string; readonly grantNo: number; readonly bucket: number; readonly appIds: readonly string[] },
): Promise<Map<string, BusinessDay>> {
  const { rows } = await q.query<{ appId: string; firstDay: BusinessDay }>(
    `select app_id as "appId", min(first_day) as "firstDay"
     from fund_first_days
     where bucket = $1 and fund_id = $2 and app_id = any ($3) and grant_no <= $4
     group by app_id`,
    [bucket, fundId, appIds, grantNo],
  );
  return new Map(rows.map(row => [row.appId, row.firstDay]));
}
