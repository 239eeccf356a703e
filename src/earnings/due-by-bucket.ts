import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';

/** A business day that is due in a bucket. */
export interface DueInBucket {
  readonly bucket: number;
  readonly businessDay: BusinessDay;
  /** For how many developers. */
  readonly developers: number;
}

interface Days {
  /** Null: from the first day on. */
  readonly from: BusinessDay | null;
  readonly to: BusinessDay;
}

/** What is due on the days, by day and bucket. */
export async function dueByBucket(q: Queryable, { from, to }: Days): Promise<DueInBucket[]> {
  const { rows } = await q.query<DueInBucket>(
    `select bucket, business_date as "businessDay", count(*) as developers
     from due_days
     where ($1::date is null or business_date >= $1) and business_date <= $2
     group by business_date, bucket
     order by business_date, bucket`,
    [from, to],
  );
  return rows;
}

/** The same without what batches alone have made due that come after the given one of their bucket; 0 is before the first. */
export async function dueForMoreThan(
  q: Queryable,
  { from, to, lastSeqs }: Days & { readonly lastSeqs: ReadonlyMap<number, number> },
): Promise<DueInBucket[]> {
  const { rows } = await q.query<DueInBucket>(
    `select due.bucket, business_date as "businessDay", count(*) as developers
     from due_days as due
     left join unnest($3::smallint[], $4::bigint[]) as last (bucket, seq) on last.bucket = due.bucket
     where ($1::date is null or business_date >= $1) and business_date <= $2 and since_seq <= coalesce(last.seq, 0)
     group by business_date, due.bucket
     order by business_date, due.bucket`,
    [from, to, [...lastSeqs.keys()], [...lastSeqs.values()]],
  );
  return rows;
}

/** The earliest day on which anything was earned; null before the first event. */
export async function firstEarningDay(
  q: Queryable,
  { bucketCount }: { readonly bucketCount: number },
): Promise<BusinessDay | null> {
  // A look at the key for each bucket.
  const { rows } = await q.query<{ day: BusinessDay | null }>(
    `select min(business_date) as day
     from generate_series(0, $1::integer - 1) as each
     cross join lateral (
       select business_date from earnings where bucket = each order by business_date limit 1
     ) as first`,
    [bucketCount],
  );
  return rows[0]?.day ?? null;
}
