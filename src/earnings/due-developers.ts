import type pg from 'pg';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';

interface DayOfBucket {
  readonly bucket: number;
  readonly day: BusinessDay;
}

/** Developers of the bucket whose day has changed since it was last settled, in key order. */
export async function dueDevelopers(db: Queryable, { bucket, day }: DayOfBucket): Promise<string[]> {
  const { rows } = await db.query<{ developer_id: string }>(
    'select developer_id from due_days where bucket = $1 and business_date = $2 order by developer_id',
    [bucket, day],
  );
  return rows.map(row => row.developer_id);
}

/** Days of some developers, with their buckets, that have changed since they were last settled. */
export async function dueDaysOfDevelopers(
  db: Queryable,
  {
    buckets,
    developerIds,
    days,
  }: {
    readonly buckets: readonly number[];
    readonly developerIds: readonly string[];
    readonly days: readonly BusinessDay[];
  },
): Promise<{ readonly businessDay: BusinessDay; readonly developerId: string }[]> {
  const { rows } = await db.query<{ businessDay: BusinessDay; developerId: string }>(
    `select business_date as "businessDay", developer_id as "developerId"
     from due_days
     where bucket = any ($1) and business_date = any ($2::date[]) and developer_id = any ($3)`,
    [buckets, days, developerIds],
  );
  return rows;
}

/** Days from `from` on and before `before` that are due for any of the developers, oldest first, with those for whom they are. */
export async function dueBefore(
  db: Queryable,
  {
    bucket,
    developerIds,
    from,
    before,
  }: {
    readonly bucket: number;
    readonly developerIds: readonly string[];
    readonly from: BusinessDay;
    readonly before: BusinessDay;
  },
): Promise<Map<BusinessDay, string[]>> {
  const { rows } = await db.query<{ day: BusinessDay; developerIds: string[] }>(
    `select business_date as day, array_agg(developer_id order by developer_id) as "developerIds"
     from due_days
     where bucket = $1 and business_date >= $2 and business_date < $3 and developer_id = any ($4)
     group by business_date
     order by business_date`,
    [bucket, from, before, developerIds],
  );
  return new Map(rows.map(row => [row.day, row.developerIds]));
}

/** Takes back the due marks of a bucket's day, in the transaction that settles what they stand for, under the bucket's turn. */
export async function clearDue(
  tx: pg.ClientBase,
  { bucket, day, except }: DayOfBucket & { readonly except: readonly string[] },
): Promise<void> {
  await tx.query('delete from due_days where bucket = $1 and business_date = $2 and developer_id <> all ($3)', [
    bucket,
    day,
    except,
  ]);
}

/** Everything due in a bucket. */
export async function dueInBucket(
  db: Queryable,
  bucket: number,
): Promise<{ readonly businessDay: BusinessDay; readonly developerId: string }[]> {
  const { rows } = await db.query<{ business_date: BusinessDay; developer_id: string }>(
    'select business_date, developer_id from due_days where bucket = $1 order by business_date, developer_id',
    [bucket],
  );
  return rows.map(row => ({ businessDay: row.business_date, developerId: row.developer_id }));
}
