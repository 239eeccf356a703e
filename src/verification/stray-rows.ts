import { type Queryable, SCHEMA } from '../db/database.ts';
import type { Difference } from './difference.ts';

/** Rows in buckets that the installation does not have, which no other check would ever read. */
export async function strayRows(
  q: Queryable,
  { bucketCount, report }: { readonly bucketCount: number; readonly report: (difference: Difference) => void },
): Promise<void> {
  const { rows: tables } = await q.query<{ table: string }>(
    `select relname as table
     from pg_class
     join pg_attribute on attrelid = pg_class.oid
     where relnamespace = $1::regnamespace and relkind in ('r', 'p') and not relispartition and attname = 'bucket'
     order by relname`,
    [SCHEMA],
  );
  for (const { table } of tables) {
    // Each of these tables has a key that begins with the bucket.
    const { rows } = await q.query<{ bucket: number; rows: number }>(
      `select bucket, count(*) as rows
       from ${SCHEMA}.${table}
       where bucket < 0 or bucket >= $1
       group by bucket
       order by bucket`,
      [bucketCount],
    );
    for (const { bucket, rows: count } of rows) {
      report({ table, where: `bucket ${bucket}`, expected: `buckets below ${bucketCount}`, found: `${count} rows` });
    }
  }
}
