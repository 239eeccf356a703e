import type { Database } from '../../src/db/database.ts';
import type { ModelTransfer } from './pure-model.ts';

export interface StoredTransfer {
  readonly id: string;
  readonly owner: string;
  readonly appId: string;
  readonly businessDay: string;
  readonly period: string;
  readonly currency: string;
  readonly debit: string;
  readonly credit: string;
  readonly nanos: string;
  readonly reason: string;
  readonly version: number;
  readonly providerId: string | null;
  readonly link: string | null;
  readonly corrects: string | null;
}

/** What the database says, as the model says it; and which laws of the ledger's own it breaks. */
interface Books {
  readonly transfers: readonly string[];
  /** Credits − debits, by `owner account currency`. */
  readonly balances: ReadonlyMap<string, bigint>;
  readonly broken: readonly string[];
}

export async function booksOf(db: Database): Promise<Books> {
  const { rows } = await db.query<StoredTransfer>(
    `select transfer_id as id, developer_id as owner, app_id as "appId", business_date as "businessDay", period, currency,
       debit, credit, amount_nanos::text as nanos, reason, version, provider_id as "providerId", link_id as link,
       corrects_id as corrects
     from transfers`,
  );
  return booksFrom(rows);
}

export function booksFrom(rows: readonly StoredTransfer[]): Books {
  const halves = Map.groupBy(
    rows.filter(row => row.link !== null),
    row => row.link,
  );
  const transfers = rows.map(row => {
    const other = halves.get(row.link)?.find(half => half.id !== row.id);
    const provider =
      row.providerId === null
        ? null
        : { id: row.providerId, from: row.reason === 'provider_income' ? (other?.owner ?? '?') : row.owner };
    return modelText({ ...row, amountNanos: BigInt(row.nanos), provider });
  });
  const balances = new Map<string, bigint>();
  const move = (key: string, nanos: bigint) => balances.set(key, (balances.get(key) ?? 0n) + nanos);
  for (const { owner, currency, debit, credit, nanos } of rows) {
    move(`${owner} ${debit} ${currency}`, -BigInt(nanos));
    move(`${owner} ${credit} ${currency}`, BigInt(nanos));
  }
  const books = Map.groupBy(balances, ([key]) => key.replace(/ \S+ /, ' '));
  const broken = [
    ...books
      .entries()
      .filter(([, accounts]) => accounts.reduce((sum, [, nanos]) => sum + nanos, 0n) !== 0n)
      .map(([book]) => `${book} does not balance`),
    ...halves.values().flatMap(brokenLink),
    ...brokenCorrections(rows),
  ];
  return { transfers: transfers.sort(), balances, broken };
}

/** A flow between two books is two transfers of one amount, whose transit account is zero over both. */
function brokenLink(halves: readonly StoredTransfer[]): string[] {
  const [a, b] = halves.toSorted((x, y) => (x.reason < y.reason ? -1 : 1));
  const isWhole =
    halves.length === 2 &&
    a !== undefined &&
    b !== undefined &&
    a.reason === 'provider_income' &&
    b.reason === 'provider_share' &&
    [a.id, a.nanos, a.owner].join() === [a.link, b.nanos, b.providerId].join() &&
    (a.debit === 'provider_share') === (b.credit === 'provider_share');
  return isWhole ? [] : [`link ${halves[0]?.link} of ${halves.length} transfers`];
}

/** Each version names the one before it, of the same part in the same book. */
function brokenCorrections(rows: readonly StoredTransfer[]): string[] {
  const parts = Map.groupBy(rows, ({ owner, appId, businessDay, currency, reason, providerId }) =>
    [owner, appId, businessDay, currency, reason, providerId].join(' '),
  );
  return [...parts].flatMap(([part, versions]) => {
    const sorted = versions.toSorted((a, b) => a.version - b.version);
    const isChain = sorted.every(
      ({ version, corrects }, index) => version === index + 1 && corrects === (sorted[index - 1]?.id ?? null),
    );
    return isChain ? [] : [`versions of ${part}`];
  });
}

export function modelText(transfer: ModelTransfer): string {
  const { owner, appId, businessDay, period, currency, debit, credit, amountNanos, reason, version, provider } =
    transfer;
  const linked = provider === null ? '' : `, linked from ${provider.from} to ${provider.id}`;
  return `${businessDay} ${owner} ${appId} ${reason} v${version}: ${debit} > ${credit} ${amountNanos} ${currency} in ${period}${linked}`;
}

/** What all runs together deducted, but from the given days of developers (`day developer`). */
export async function deductionsOf(db: Database, except: ReadonlySet<string>): Promise<string[]> {
  const { rows } = await db.query<{ day: string; text: string }>(
    `select business_date || ' ' || developer_id as day, concat_ws('|', business_date, developer_id, app_id, ad_unit_id, currency,
         reason || case when invalidation_id = '' then '' else ' by ' || invalidation_id end,
         sum(impressions), sum(clicks), sum(gross_nanos)) as text
     from deductions
     group by business_date, developer_id, app_id, ad_unit_id, currency, reason, invalidation_id
     having sum(impressions) <> 0 or sum(clicks) <> 0 or sum(gross_nanos) <> 0`,
  );
  return rows
    .filter(({ day }) => !except.has(day))
    .map(({ text }) => text)
    .sort();
}

export async function invalidEarningsOf(db: Database): Promise<string[]> {
  const { rows } = await db.query<{ text: string }>(
    `select concat_ws('|', business_date, developer_id, app_id, ad_unit_id, currency, reason, impressions, clicks, gross_nanos) as text
     from invalid_earnings`,
  );
  return rows.map(({ text }) => text).sort();
}

/** Settled days of apps whose valid gross is not, to the nano, what the platform, the developer and providers have of it. */
export async function unlikeGross(db: Database, due: ReadonlySet<string>): Promise<string[]> {
  const { rows } = await db.query<{ day: string; text: string }>(
    `with gross as (
       select business_date, developer_id, app_id, currency, gross_nanos as nanos from earnings
       union all
       select business_date, developer_id, app_id, currency, -gross_nanos from deductions
     ), parts as (
       select business_date, developer_id, app_id, currency, -amount_nanos * case when debit = 'ad_revenue' then 1 else -1 end as nanos
       from transfers
       where reason in ('platform_share', 'developer_share', 'provider_share')
     )
     select business_date || ' ' || developer_id as day, concat_ws(' ', business_date, app_id, currency, sum(nanos)) as text
     from (select * from gross union all select * from parts) as movements
     group by business_date, developer_id, app_id, currency
     having sum(nanos) <> 0`,
  );
  return rows.filter(({ day }) => !due.has(day)).map(({ text }) => text);
}

/** What all transfers of a part come to, in each book; nothing where they cancel out. */
export async function netsOf(db: Database): Promise<string[]> {
  const { rows } = await db.query<{ text: string }>(
    `select concat_ws(' ', business_date, developer_id, app_id, currency, reason, provider_id,
         sum(amount_nanos * case when debit in ('ad_revenue', 'provider_share') and credit <> 'ad_revenue' then 1 else -1 end)) as text
     from transfers
     group by business_date, developer_id, app_id, currency, reason, provider_id
     having sum(amount_nanos * case when debit in ('ad_revenue', 'provider_share') and credit <> 'ad_revenue' then 1 else -1 end) <> 0`,
  );
  return rows.map(({ text }) => text).sort();
}
