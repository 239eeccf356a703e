import type { Queryable } from '../db/database.ts';
import { formatAmount, nanos } from '../domain/nanos.ts';
import type { Payout } from './payout.ts';

/**
 * How much of the payouts goes to destinations at which their payees were never paid before, and who recorded these: a sentence for each
 * currency of books, for whoever approves.
 */
export async function tellNewDestinations(q: Queryable, payouts: readonly Payout[]): Promise<string[]> {
  const paid = await paidDestinations(q, payouts);
  const fresh = payouts.filter(payout => !paid.has(placeOf(payout)));
  const actors = await recordedBy(q, fresh);
  return [...Map.groupBy(fresh, payout => payout.currency)].sort(byKey).map(([currency, those]) => {
    const amount = formatAmount(nanos(those.reduce((sum, each) => sum + each.amountNanos, 0n)), currency);
    const names = [...new Set(those.map(each => actors.get(each.payeeImport) ?? ''))].sort();
    return `of these, ${those.length} with ${amount} ${currency} to destinations at which the payee was never paid before, recorded by ${names.join(', ')}`;
  });
}

async function paidDestinations(q: Queryable, payouts: readonly Payout[]): Promise<Set<string>> {
  const { rows } = await q.query<Pick<Payout, 'bucket' | 'ownerId' | 'destination'>>(
    `select distinct bucket, owner_id as "ownerId", destination
     from payouts
     join payout_steps using (bucket, payout_id)
     where (bucket, owner_id) in (select * from unnest($1::smallint[], $2::text[])) and status = 'paid'`,
    [payouts.map(payout => payout.bucket), payouts.map(payout => payout.ownerId)],
  );
  return new Set(rows.map(placeOf));
}

async function recordedBy(q: Queryable, payouts: readonly Payout[]): Promise<Map<number, string>> {
  const { rows } = await q.query<{ importNo: number; actor: string }>(
    'select import_no as "importNo", actor from payout_imports where import_no = any ($1)',
    [[...new Set(payouts.map(payout => payout.payeeImport))]],
  );
  return new Map(rows.map(row => [row.importNo, row.actor]));
}

function placeOf({ bucket, ownerId, destination }: Pick<Payout, 'bucket' | 'ownerId' | 'destination'>): string {
  return JSON.stringify([bucket, ownerId, destination]);
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
