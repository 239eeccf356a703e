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
