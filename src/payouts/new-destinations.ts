import type { Queryable } from '../db/database.ts';
import { formatAmount, nanos } from '../domain/nanos.ts';

/** Payouts of a batch, in one currency of books, to destinations at which their payees were never paid before. */
export interface NewDestinations {
  readonly currency: string;
  readonly payouts: number;
  readonly amountNanos: bigint;
  /** Who recorded the destinations, by name. */
  readonly recordedBy: readonly string[];
}

export async function newDestinations(q: Queryable, batchId: string): Promise<NewDestinations[]> {
  const { rows } = await q.query<Omit<NewDestinations, 'amountNanos'> & { readonly amount: string }>(
    `select payout.currency, count(*) as payouts, sum(payout.amount_nanos) as amount, array_agg(distinct actor) as "recordedBy"
     from payouts as payout
     join payout_imports on import_no = payout.payee_import
     where payout.batch_id = $1
       and not exists (
         select
         from payouts as earlier
         join payout_steps using (bucket, payout_id)
         where earlier.bucket = payout.bucket and earlier.owner_id = payout.owner_id
           and earlier.destination = payout.destination and status = 'paid'
       )
     group by payout.currency
     order by payout.currency`,
    [batchId],
  );
  return rows.map(({ amount, ...row }) => ({ ...row, amountNanos: BigInt(amount) }));
}

/** A sentence for each, for whoever approves. */
export function tellNewDestinations(found: readonly NewDestinations[]): string[] {
  return found.map(({ currency, payouts, amountNanos, recordedBy }) => {
    const amount = formatAmount(nanos(amountNanos), currency);
    return `of these, ${payouts} with ${amount} ${currency} to destinations at which the payee was never paid before, recorded by ${recordedBy.join(', ')}`;
  });
}
