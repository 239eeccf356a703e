import type { Queryable } from '../db/database.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { Recorded } from './payout-terms.ts';

/** How the owner of a book wants to be paid. */
export interface Payee {
  readonly ownerId: string;
  /** The operator's own reference of an account, never a secret; null: none is known, so nothing can be paid. */
  readonly destination: string | null;
  /** Null: in the currency of the book. */
  readonly currency: string | null;
  /** Less than that is not paid, in the currency of the book, of each book where there are several; above 0. */
  readonly minimumNanos: Nanos | null;
  /** They ask for nothing to be paid for now. */
  readonly onHold: boolean;
}

const COLUMNS = `owner_id as "ownerId", destination, currency, minimum_nanos as minimum, on_hold as "onHold", import_no as "importNo"`;

type Row = Omit<Recorded<Payee>, 'minimumNanos'> & { readonly minimum: string | null };

/** As they were recorded last, by owner; those of whom nothing was are missing. */
export async function payeesOf(q: Queryable, ownerIds: readonly string[]): Promise<Map<string, Recorded<Payee>>> {
  const { rows } = await q.query<Row>(
    `select distinct on (owner_id) ${COLUMNS}
     from payees
     where owner_id = any ($1)
     order by owner_id, import_no desc`,
    [ownerIds],
  );
  return new Map(rows.map(row => [row.ownerId, payeeOf(row)]));
}

/** All that was recorded of them, in the order of the imports. */
export async function payeesRecorded(q: Queryable, ownerIds: readonly string[]): Promise<Recorded<Payee>[]> {
  const { rows } = await q.query<Row>(
    `select ${COLUMNS}
     from payees
     where owner_id = any ($1)
     order by import_no`,
    [ownerIds],
  );
  return rows.map(payeeOf);
}

/** The payees that hold, by owner after `after`. */
export async function payeesInOrder(
  q: Queryable,
  { after, limit }: { readonly after: string; readonly limit: number },
): Promise<Recorded<Payee>[]> {
  const { rows } = await q.query<Row>(
    `select distinct on (owner_id) ${COLUMNS}
     from payees
     where owner_id > $1
     order by owner_id, import_no desc
     limit $2`,
    [after, limit],
  );
  return rows.map(payeeOf);
}

function payeeOf({ minimum, ...row }: Row): Recorded<Payee> {
  return { ...row, minimumNanos: minimum === null ? null : nanos(BigInt(minimum)) };
}
