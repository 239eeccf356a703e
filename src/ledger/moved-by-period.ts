import type pg from 'pg';
import { textRows } from '../db/prepared.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { Period } from '../domain/period.ts';

/** What a book's transfers of a period moved in one currency. */
export interface MovedInPeriod {
  readonly ownerId: string;
  readonly currency: string;
  readonly period: Period;
  readonly payableNanos: Nanos;
  /** −`ad_revenue`. */
  readonly grossNanos: Nanos;
}

/** Of every book of a bucket, from its transfers alone; by owner, currency and period. */
export async function movedByPeriod(client: pg.ClientBase, bucket: number): Promise<MovedInPeriod[]> {
  const moved = (account: 'payable' | 'ad_revenue') =>
    `sum(case when credit = '${account}' then amount_nanos when debit = '${account}' then -amount_nanos else 0 end)`;
  const rows = await textRows(
    client,
    `select developer_id, currency, period, ${moved('payable')}, -${moved('ad_revenue')}
     from transfers
     where bucket = $1
     group by developer_id, currency, period
     order by developer_id collate "C", currency collate "C", period`,
    [bucket],
  );
  return rows.map(([ownerId, currency, period, payable, gross]) => ({
    ownerId: ownerId as string,
    currency: currency as string,
    period: period as Period,
    payableNanos: nanos(BigInt(payable as string)),
    grossNanos: nanos(BigInt(gross as string)),
  }));
}
