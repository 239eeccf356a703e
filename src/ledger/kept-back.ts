import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { KeptBack } from '../domain/held-money.ts';
import { nanos } from '../domain/nanos.ts';
import type { Flow } from '../domain/transfer.ts';

/** A book, whose bucket is that of its owner. */
export interface Book {
  readonly bucket: number;
  readonly ownerId: string;
}

/** Held and forfeited money of an (app, business day, currency) of a book. */
export interface KeptBackOfDay extends KeptBack {
  readonly ownerId: string;
  readonly appId: string;
  readonly businessDay: BusinessDay;
  readonly currency: string;
}

/** The last version that runs posted of what they keep back, and its transfer. */
export interface LastVersion {
  readonly version: number;
  readonly transferId: string;
}

export interface PostedKeptBack extends KeptBackOfDay {
  readonly hold: LastVersion | null;
  readonly forfeiture: LastVersion | null;
}

/** As the index that finds these transfers says it. */
const KEPT_BACK = `(debit in ('held', 'forfeited') or credit in ('held', 'forfeited'))`;

/** What is kept back of a business day in the books of these owners, all of one bucket; only what ever moved. */
export async function keptBackOn(
  q: Queryable,
  {
    bucket,
    day,
    ownerIds,
  }: { readonly bucket: number; readonly day: BusinessDay; readonly ownerIds: readonly string[] },
): Promise<PostedKeptBack[]> {
  const { rows } = await q.query<Omit<PostedKeptBack, 'heldNanos' | 'forfeitedNanos'> & Sums>(
    `select developer_id as "ownerId", app_id as "appId", business_date as "businessDay", currency, ${SUMS},
       ${lastVersion('hold')} as hold, ${lastVersion('forfeiture')} as forfeiture
     from transfers
     where bucket = $1 and developer_id = any ($2) and ledger_date = $3 and ${KEPT_BACK}
     group by developer_id, app_id, business_date, currency`,
    [bucket, ownerIds, day],
  );
  return rows.map(withSums);
}

/** What of a book is still held or forfeited, of one app or all, in the order (day, app, currency). */
export async function keptBackIn(
  q: Queryable,
  { bucket, ownerId, appId = null }: Book & { readonly appId?: string | null },
): Promise<KeptBackOfDay[]> {
  const { rows } = await q.query<Omit<KeptBackOfDay, 'heldNanos' | 'forfeitedNanos'> & Sums>(
    `select *
     from (
       select developer_id as "ownerId", app_id as "appId", business_date as "businessDay", currency, ${SUMS}
       from transfers
       where bucket = $1 and developer_id = $2 and ($3::text is null or app_id = $3) and ${KEPT_BACK}
       group by developer_id, app_id, business_date, currency
     ) as kept
     where held <> 0 or forfeited <> 0
     order by "businessDay", "appId" collate "C", currency collate "C"`,
    [bucket, ownerId, appId],
  );
  return rows.map(withSums);
}

/** What of a book's `payable` is of an (app, business day, currency), by what runs posted and holds took or gave back. */
export interface PayableOfDay {
  readonly appId: string;
  readonly businessDay: BusinessDay;
  readonly currency: string;
  readonly payableNanos: bigint;
}

/** Days from one on of which anything is payable, of one app or all. */
export async function payableByDay(
  q: Queryable,
  { bucket, ownerId, appId, fromDay }: Book & { readonly appId: string | null; readonly fromDay: BusinessDay },
): Promise<PayableOfDay[]> {
  const { rows } = await q.query<Omit<PayableOfDay, 'payableNanos'> & { payable: string }>(
    `select *
     from (
       select app_id as "appId", business_date as "businessDay", currency, ${movementOn('payable')} as payable
       from transfers
       where bucket = $1 and developer_id = $2 and ledger_date >= $4 and ($3::text is null or app_id = $3)
         and (version is not null or ${KEPT_BACK})
       group by app_id, business_date, currency
     ) as moved
     where payable > 0
     order by "businessDay" desc, "appId" collate "C", currency collate "C"`,
    [bucket, ownerId, appId, fromDay],
  );
  return rows.map(({ payable, ...row }) => ({ ...row, payableNanos: BigInt(payable) }));
}

/** What a book is owed by currency: the balance of `payable`, of all its transfers. */
export async function owedIn(q: Queryable, { bucket, ownerId }: Book): Promise<Map<string, bigint>> {
  const { rows } = await q.query<{ currency: string; owed: string }>(
    `select currency, ${movementOn('payable')} as owed
     from transfers
     where bucket = $1 and developer_id = $2 and (debit = 'payable' or credit = 'payable')
     group by currency
     order by currency collate "C"`,
    [bucket, ownerId],
  );
  return new Map(rows.map(({ currency, owed }) => [currency, BigInt(owed)]));
}

/** The sum on an account kind over transfers: credits − debits. */
export function movementOn(account: 'payable' | 'held' | 'forfeited'): string {
  return `sum(case when credit = '${account}' then amount_nanos when debit = '${account}' then -amount_nanos else 0 end)`;
}

const SUMS = `${movementOn('held')} as held, ${movementOn('forfeited')} as forfeited`;

interface Sums {
  readonly held: string;
  readonly forfeited: string;
}

function withSums<Row extends Sums>({ held, forfeited, ...row }: Row) {
  return { ...row, heldNanos: BigInt(held), forfeitedNanos: BigInt(forfeited) };
}

function lastVersion(reason: 'hold' | 'forfeiture'): string {
  return `(array_agg(json_build_object('version', version, 'transferId', transfer_id) order by version desc)
         filter (where reason = '${reason}' and version is not null))[1]`;
}

/** Those of a bucket in whose books money was ever kept back. */
export async function ownersKeptBack(q: Queryable, bucket: number): Promise<string[]> {
  const { rows } = await q.query<{ ownerId: string }>(
    `select distinct developer_id as "ownerId" from transfers where bucket = $1 and ${KEPT_BACK}`,
    [bucket],
  );
  return rows.map(row => row.ownerId);
}

/** A transfer by which a hold could follow another, or did. */
export interface HoldMovement extends Flow {
  readonly appId: string;
  readonly businessDay: BusinessDay;
  readonly currency: string;
  readonly runId: string | null;
  readonly decisionId: string | null;
  readonly reason: string;
}

/**
 * What runs posted to a book's `payable` and took from it, and all that was kept back; of each (app, day) in the order of versions or,
 * where funds awarded something too, of posting, for awards have versions of their own.
 */
export async function holdMovements(q: Queryable, { bucket, ownerId }: Book): Promise<HoldMovement[]> {
  const { rows } = await q.query<Omit<HoldMovement, 'amountNanos'> & { amount: string }>(
    `select app_id as "appId", business_date as "businessDay", currency, run_id as "runId", decision_id as "decisionId", reason,
       debit, credit, amount_nanos as amount
     from transfers
     where bucket = $1 and developer_id = $2
       and (${KEPT_BACK} or (version is not null and (debit = 'payable' or credit = 'payable')))
     order by ledger_date, app_id, currency,
       case when not bool_or(fund_id is not null) over (partition by ledger_date, app_id, currency) then version end, transfer_id`,
    [bucket, ownerId],
  );
  return rows.map(({ amount, ...row }) => ({ ...row, amountNanos: nanos(BigInt(amount)) }));
}
