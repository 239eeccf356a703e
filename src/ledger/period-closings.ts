import type pg from 'pg';
import type { Queryable } from '../db/database.ts';
import { type Lock, takeLock } from '../db/lock.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { nextPeriod, type Period } from '../domain/period.ts';
import type { AccountKind } from '../domain/transfer.ts';

export const PERIODS_LOCK: Lock = {
  name: "the periods' lock",
  holders: 'whoever posts transfers or closes a period',
  // Whoever closes waits for those that post, and they for it: sealing millions of transfers takes as long as this at most.
  waitMs: 300_000,
  key: { text: 'apportion.periods', number: 0 },
};

/**
 * Held until the transaction ends. Who posts shares it, who closes a period takes it exclusively: the open period stays the one that
 * a posting was told, and a closing sees every transfer of the period. Take it after the reference lock, the fund's and the turns,
 * and none of these after it.
 * @throws Refusal `database_busy` after five minutes, to be tried again
 */
export async function lockPeriods(tx: pg.ClientBase, mode: 'shared' | 'exclusive'): Promise<void> {
  await takeLock(tx, PERIODS_LOCK, mode);
}

/** What a period moved on one kind of account, over all books, in nanos. */
export interface PeriodTotal {
  readonly currency: string;
  readonly account: AccountKind;
  readonly debitNanos: Nanos;
  readonly creditNanos: Nanos;
}

/** A period as it was closed. */
export interface PeriodSeal {
  readonly period: Period;
  /** 1, 2, 3 …, in the order of the periods. */
  readonly sealNo: number;
  /** Hex; null for the first. */
  readonly previousDigest: string | null;
  /** Hex: what the period's seal is shown as. */
  readonly digest: string;
  readonly transfers: number;
  readonly books: number;
  /** By currency and account. */
  readonly totals: readonly PeriodTotal[];
  /** All that was accepted or recorded up to this instant is in it. */
  readonly cut: Date;
  readonly closedAt: Date;
  /** That closed it, or the standing order under which it was. */
  readonly decisionId: string;
}

/**
 * The earliest open period; null as long as none is closed, and then every transfer is in the half-month of its day. It holds until
 * the end of the transaction for who has taken `lockPeriods`.
 */
export async function firstOpenPeriod(q: Queryable): Promise<Period | null> {
  const { rows } = await q.query<{ last: Period | null }>('select max(period) as last from period_seals');
  const last = rows[0]?.last ?? null;
  return last === null ? null : nextPeriod(last);
}

/** The seal of the period closed last. */
export async function lastSeal(q: Queryable): Promise<PeriodSeal | null> {
  const { rows } = await q.query<StoredSeal>(`${SELECT} order by period desc limit 1`);
  return rows[0] === undefined ? null : sealOf(rows[0]);
}

/** The seal of a period; null while it is open. */
export async function periodSeal(q: Queryable, period: Period): Promise<PeriodSeal | null> {
  const { rows } = await q.query<StoredSeal>(`${SELECT} where period = $1`, [period]);
  return rows[0] === undefined ? null : sealOf(rows[0]);
}

/** All seals, the first closed first. */
export async function periodSeals(q: Queryable): Promise<PeriodSeal[]> {
  const { rows } = await q.query<StoredSeal>(`${SELECT} order by period`);
  return rows.map(sealOf);
}

/** What stands on one account of a book at the end of a closed period. */
export interface SealedBalance {
  readonly ownerId: string;
  readonly currency: string;
  /** In which the book last had transfers, at or before the one asked for. */
  readonly period: Period;
  readonly account: AccountKind;
  /** Credits − debits; never zero. */
  readonly balanceNanos: Nanos;
}

/**
 * The balances of books at the end of a period, from their latest seals at or before it, by owner, currency and account. They are
 * all that stood there only if the period is closed.
 */
export async function sealedBalances(
  q: Queryable,
  {
    bucket,
    ownerIds,
    period,
  }: {
    readonly bucket: number;
    readonly ownerIds: readonly string[];
    readonly period: Period;
  },
): Promise<SealedBalance[]> {
  const { rows } = await q.query<Omit<SealedBalance, 'balanceNanos'> & { readonly balance: string }>(
    `select owner_id as "ownerId", currency, period, account.key as account, account.value as balance
     from (
       select distinct on (owner_id, currency) owner_id, currency, period, balances
       from book_seals
       where bucket = $1 and owner_id = any ($2) and period <= $3
       order by owner_id, currency, period desc
     ) as latest
     cross join lateral jsonb_each_text(balances) as account
     order by owner_id, currency, account`,
    [bucket, ownerIds, period],
  );
  return rows.map(({ balance, ...row }) => ({ ...row, balanceNanos: nanos(BigInt(balance)) }));
}

/** As `totals` has them: decimal strings of nanos. */
export interface StoredTotal {
  readonly currency: string;
  readonly account: AccountKind;
  readonly debits: string;
  readonly credits: string;
}

type StoredSeal = Omit<PeriodSeal, 'totals'> & { readonly totals: readonly StoredTotal[] };

const SELECT = `select period, seal_no as "sealNo", encode(previous_digest, 'hex') as "previousDigest",
    encode(digest, 'hex') as digest, transfers, books, totals, cut, closed_at as "closedAt", decision_id as "decisionId"
  from period_seals`;

function sealOf({ totals, ...seal }: StoredSeal): PeriodSeal {
  return {
    ...seal,
    totals: totals.map(({ debits, credits, ...of }) => ({
      ...of,
      debitNanos: nanos(BigInt(debits)),
      creditNanos: nanos(BigInt(credits)),
    })),
  };
}
