import type pg from 'pg';
import type { Books } from './expected-books.ts';

/** The books as they lie in the database, read by SQL of their own. */
export async function storedBooks(client: pg.ClientBase): Promise<Books> {
  const books: Books = new Map();
  const { rows } = await client.query<{ key: string; figure: string }>(`
    select 'lines accepted' as key, sum(accepted)::text as figure from inbox_batches
    union all
    select 'lines duplicate', sum(duplicates)::text from inbox_batches
    union all
    select 'lines conflict', sum(conflicts)::text from inbox_batches
    union all
    select 'lines rejected ' || reason, count(*)::text from rejected_lines group by reason
    union all
    select 'conflicting contents', count(*)::text from conflicting_lines
    union all
    select concat_ws(' ', 'earnings', business_date, developer_id, app_id, ad_unit_id, currency),
      impressions || ' impressions, ' || clicks || ' clicks, ' || gross_nanos
    from earnings
    union all
    select concat_ws(' ', 'posted', reason, business_date, developer_id, app_id, currency),
      sum(case when debit = 'ad_revenue' then amount_nanos else -amount_nanos end)::text
    from transfers
    group by reason, business_date, developer_id, app_id, currency
    union all
    select concat_ws(' ', 'balance', developer_id, side.account, currency), sum(side.nanos)::text
    from transfers
    cross join lateral (values (debit, -amount_nanos), (credit, amount_nanos)) as side (account, nanos)
    group by developer_id, side.account, currency`);
  for (const { key, figure } of rows) {
    // A part that came down to nothing again stands in the ledger and in no model.
    if (figure === '0' && !key.startsWith('lines')) continue;
    books.set(key, figure);
  }
  return books;
}

/** At most `limit` figures that differ, in words. */
export function differencesOf(
  { expected, found }: { readonly expected: Books; readonly found: Books },
  limit = 20,
): string[] {
  const differences: string[] = [];
  for (const key of new Set([...expected.keys(), ...found.keys()])) {
    const [wanted, got] = [expected.get(key) ?? 'nothing', found.get(key) ?? 'nothing'];
    if (wanted !== got && differences.length < limit) differences.push(`${key}: expected ${wanted}, found ${got}`);
  }
  return differences;
}

/** One reading of a file: how many of its lines were accepted into the inbox, in all and by bucket. */
export interface AcceptedReading {
  readonly source: string;
  readonly lines: number;
  readonly linesOfBucket: Readonly<Record<number, number>>;
}

/** In the order in which they began. */
export async function acceptedReadings(client: pg.ClientBase): Promise<AcceptedReading[]> {
  const { rows } = await client.query<AcceptedReading>(
    `select source, sum(lines)::int as lines, jsonb_object_agg(bucket, lines) as "linesOfBucket"
     from (
       select ingest_id, source, bucket, sum(line_count) as lines, min(accepted_at) as began_at
       from inbox_batches
       group by ingest_id, source, bucket
     ) as of_bucket
     group by ingest_id, source
     order by min(began_at), ingest_id`,
  );
  return rows;
}
