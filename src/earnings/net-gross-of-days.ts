import type { Queryable } from '../db/database.ts';
import { digestOfRows } from '../db/row-digest.ts';
import type { BusinessDay } from '../domain/business-day.ts';

interface DaysOfBucket {
  readonly bucket: number;
  readonly from: BusinessDay;
  readonly to: BusinessDay;
}

interface DueDay {
  readonly businessDay: BusinessDay;
  readonly developerId: string;
}

/** What an app earned in a day over all its ad units, less deductions. */
export interface NetGross {
  readonly businessDay: BusinessDay;
  readonly appId: string;
  readonly currency: string;
  /** Decimal string of nanos; never zero. */
  readonly gross: string;
}

/** Of (developer, day)s that are not due, so that the ledger must have the same. */
const NET = `select business_date as "businessDay", app_id as "appId", currency, sum(gross_nanos) as gross
       from (
         select business_date, developer_id, app_id, currency, gross_nanos
         from earnings
         where bucket = $1 and business_date between $2 and $3
         union all
         select business_date, developer_id, app_id, currency, -gross_nanos
         from deductions
         where bucket = $1 and business_date between $2 and $3
       ) as unit
       where not exists (
         select
         from due_days as due
         where due.bucket = $1 and due.business_date = unit.business_date and due.developer_id = unit.developer_id
       )
       group by business_date, app_id, currency
       having sum(gross_nanos) <> 0`;

/** Of each day of a bucket one digest over what its apps earned, without the (developer, day)s that are due, which are told. */
export async function netGrossDigests(
  q: Queryable,
  { bucket, from, to }: DaysOfBucket,
): Promise<{ readonly digests: ReadonlyMap<BusinessDay, string>; readonly due: readonly DueDay[] }> {
  // One statement, so that nothing becomes due between the digests and the list.
  const { rows } = await q.query<{ businessDay: BusinessDay; digest: string | null; developerId: string | null }>(
    `select "businessDay", encode(${digestOfRows(GROSS_ROWS)}, 'hex') as digest, null as "developerId"
     from (${NET}) as net
     group by "businessDay"
     union all
     select business_date, null, developer_id
     from due_days
     where bucket = $1 and business_date between $2 and $3`,
    [bucket, from, to],
  );
  const digests = new Map<BusinessDay, string>();
  const due: DueDay[] = [];
  for (const { businessDay, digest, developerId } of rows) {
    if (digest !== null) digests.set(businessDay, digest);
    if (developerId !== null) due.push({ businessDay, developerId });
  }
  return { digests, due };
}

export async function netGrossOfDays(q: Queryable, { bucket, from, to }: DaysOfBucket): Promise<NetGross[]> {
  const { rows } = await q.query<NetGross>(`${NET} order by 1, 2, 3`, [bucket, from, to]);
  return rows;
}

const GROSS_ROWS = { columns: '"appId", currency, gross', order: '"appId", currency' };
