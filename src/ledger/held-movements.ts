import type { Queryable } from '../db/database.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { Period } from '../domain/period.ts';

/** What was kept back of a book in some periods, and given back, in one currency. */
export interface HeldMovement {
  readonly currency: string;
  /** Held before the periods. */
  readonly beforeNanos: Nanos;
  readonly heldNanos: Nanos;
  /** By decision. */
  readonly releasedNanos: Nanos;
  /** Taken by runs for negative differences, held money and forfeited money. */
  readonly clawedBackNanos: Nanos;
  readonly forfeitedNanos: Nanos;
  readonly forfeitedClawedBackNanos: Nanos;
}

/** By currency; only currencies in which anything was ever kept back. */
export async function heldMovements(
  q: Queryable,
  {
    bucket,
    developerId,
    periods,
  }: {
    readonly bucket: number;
    /** The book's owner. */
    readonly developerId: string;
    readonly periods: readonly Period[];
  },
): Promise<HeldMovement[]> {
  const within = (condition: string) => `coalesce(sum(amount_nanos) filter (where period >= $3 and ${condition}), 0)`;
  const { rows } = await q.query<{
    currency: string;
    before: string;
    held: string;
    released: string;
    clawedBack: string;
    forfeited: string;
    forfeitedClawedBack: string;
  }>(
    `select currency,
       coalesce(sum(case when credit = 'held' then amount_nanos when debit = 'held' then -amount_nanos else 0 end)
         filter (where period < $3), 0) as before,
       ${within(`credit = 'held'`)} as held,
       ${within(`debit = 'held' and credit = 'payable' and decision_id is not null`)} as released,
       ${within(`debit = 'held' and credit = 'payable' and decision_id is null`)} as "clawedBack",
       ${within(`debit = 'held' and credit = 'forfeited'`)} as forfeited,
       ${within(`debit = 'forfeited' and credit = 'payable'`)} as "forfeitedClawedBack"
     from transfers
     where bucket = $1 and developer_id = $2 and period <= $4
       and (debit in ('held', 'forfeited') or credit in ('held', 'forfeited'))
     group by currency
     order by currency collate "C"`,
    [bucket, developerId, periods[0], periods.at(-1)],
  );
  return rows.map(row => ({
    currency: row.currency,
    beforeNanos: nanos(BigInt(row.before)),
    heldNanos: nanos(BigInt(row.held)),
    releasedNanos: nanos(BigInt(row.released)),
    clawedBackNanos: nanos(BigInt(row.clawedBack)),
    forfeitedNanos: nanos(BigInt(row.forfeited)),
    forfeitedClawedBackNanos: nanos(BigInt(row.forfeitedClawedBack)),
  }));
}
