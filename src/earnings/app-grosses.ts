import type pg from 'pg';
import { copyOut } from '../db/copy.ts';
import type { Queryable } from '../db/database.ts';
import { type BusinessDay, daysBetween } from '../domain/business-day.ts';

interface Days {
  readonly from: BusinessDay;
  /** Inclusive. */
  readonly to: BusinessDay;
}

/** What an app earned in a currency, valid traffic only, on each day of a range. */
export interface AppGrosses {
  readonly appId: string;
  readonly currency: string;
  /** In nanos, by the number of days since the first; undefined where the app has no earnings. */
  readonly nanosByDay: (bigint | undefined)[];
}

/**
 * The earnings of a bucket, as one COPY that is read byte by byte: a year of 100,000 apps is 36.5 million rows.
 * `client` is a snapshot's, and is free again when this returns.
 */
export async function grossesByApp(
  client: pg.ClientBase,
  { bucket, from, to }: Days & { readonly bucket: number },
): Promise<AppGrosses[]> {
  const reader = new GrossReader(daysBetween({ from, to }) + 1);
  // COPY takes no parameters; a number and two dates need no quoting.
  const where = `bucket = ${Number(bucket)} and business_date between '${from}' and '${to}'`;
  const columns = `business_date - date '${from}' as day, app_id, currency`;
  // The rows of a bucket's day stand together, which the planner can't know: over a year it would read the whole table for each bucket.
  await client.query('set local enable_seqscan = off');
  const rows = copyOut(
    client,
    `select ${columns}, gross_nanos from earnings where ${where}
     union all
     select ${columns}, -gross_nanos from deductions where ${where}`,
  );
  for await (const chunk of rows) reader.read(chunk);
  await client.query('set local enable_seqscan = on');
  return reader.end();
}

/** Whether any app earned anything on those days. */
export async function hasEarnings(
  q: Queryable,
  { bucketCount, from, to }: Days & { readonly bucketCount: number },
): Promise<boolean> {
  const { rows } = await q.query<{ found: boolean }>(
    `select exists (
       select
       from generate_series(0, $1::integer - 1) as bucket
       cross join lateral (
         select from earnings as e where e.bucket = bucket::smallint and e.business_date between $2 and $3 limit 1
       ) as earned
     ) as found`,
    [bucketCount, from, to],
  );
  return rows[0]?.found ?? false;
}

const TAB = 0x09;
const NEWLINE = 0x0a;
const MINUS = 0x2d;
const ZERO = 0x30;
/** Numbers of so many digits are exact in a double. */
const EXACT_DIGITS = 15;

interface Series extends AppGrosses {
  /** `app_id`, tab, `currency`, as COPY writes them. */
  readonly key: Buffer;
  /** What stood in the row after this app's the last time: mostly it does so on the next day too. */
  next: Series | null;
}

/** Lines of `day`, `app_id`, `currency` and `gross_nanos`, in any order. */
class GrossReader {
  readonly #days: number;
  readonly #byKey = new Map<string, Series>();
  #last: Series | null = null;
  #rest: Buffer = Buffer.alloc(0);

  constructor(days: number) {
    this.#days = days;
  }

  read(chunk: Buffer): void {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    for (let at = 0; at < end; ) at = this.#readLine(bytes, at);
    this.#rest = bytes.subarray(end);
  }

  end(): AppGrosses[] {
    if (this.#rest.length > 0) throw new Error('COPY ended inside a line');
    return [...this.#byKey.values()];
  }

  /** Returns where the next line begins. */
  #readLine(bytes: Buffer, start: number): number {
    let at = start;
    let day = 0;
    for (; bytes[at] !== TAB; at += 1) day = day * 10 + (bytes[at] as number) - ZERO;
    const keyStart = at + 1;
    const series = this.#seriesAt(bytes, keyStart);
    const amountStart = keyStart + series.key.length + 1;
    let amountEnd = amountStart;
    while (bytes[amountEnd] !== NEWLINE) amountEnd += 1;
    const amount = integerIn(bytes, amountStart, amountEnd);
    const before = series.nanosByDay[day];
    series.nanosByDay[day] = before === undefined ? amount : before + amount;
    return amountEnd + 1;
  }

  #seriesAt(bytes: Buffer, start: number): Series {
    const guess = this.#last?.next ?? null;
    const series = guess !== null && standsAt(guess.key, bytes, start) ? guess : this.#lookUp(bytes, start);
    if (this.#last !== null) this.#last.next = series;
    this.#last = series;
    return series;
  }

  #lookUp(bytes: Buffer, start: number): Series {
    const end = bytes.indexOf(TAB, bytes.indexOf(TAB, start) + 1);
    const text = bytes.toString('latin1', start, end);
    const known = this.#byKey.get(text);
    if (known !== undefined) return known;
    // Ids are printable ASCII, of which COPY escapes only the backslash.
    const [appId = '', currency = ''] = text.replaceAll('\\\\', '\\').split('\t');
    const nanosByDay = new Array<bigint | undefined>(this.#days).fill(undefined);
    const series: Series = { appId, currency, nanosByDay, key: Buffer.from(text, 'latin1'), next: null };
    this.#byKey.set(text, series);
    return series;
  }
}

/** Whether the key stands there as a whole, with the tab that ends it. */
function standsAt(key: Buffer, bytes: Buffer, start: number): boolean {
  const { length } = key;
  if (bytes[start + length] !== TAB) return false;
  // Ids of neighbours mostly differ at their ends.
  for (let at = length - 1; at >= 0; at -= 1) if (bytes[start + at] !== key[at]) return false;
  return true;
}

function integerIn(bytes: Buffer, start: number, end: number): bigint {
  const isNegative = bytes[start] === MINUS;
  const digits = isNegative ? start + 1 : start;
  if (end - digits > EXACT_DIGITS) return BigInt(bytes.toString('latin1', start, end));
  let value = 0;
  for (let at = digits; at < end; at += 1) value = value * 10 + (bytes[at] as number) - ZERO;
  return BigInt(isNegative ? -value : value);
}
