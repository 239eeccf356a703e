import type pg from 'pg';
import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';
import { type StoredTransfer, TRANSFER_COLUMNS, type TransferRow, transferRow } from './transfer-row.ts';

/** A transfer with those that it belongs together with. */
export interface FoundTransfer {
  readonly transfer: TransferRow;
  readonly corrects: TransferRow | null;
  readonly correctedBy: TransferRow | null;
  /** The other half of a flow between two books. */
  readonly linked: TransferRow | null;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/**
 * Finds a transfer by its id alone, by a probe of the primary key for each ledger day and bucket, the latest day first.
 * @throws Refusal `unknown_transfer`
 */
export async function findTransfer(
  tx: pg.ClientBase,
  { transferId, bucketCount }: { readonly transferId: string; readonly bucketCount: number },
): Promise<FoundTransfer> {
  const { rows } = UUID.test(transferId)
    ? await tx.query<StoredTransfer>(
        `select found.*
         from (
           select min(edges.first_day) as first_day, max(edges.last_day) as last_day
           from generate_series(0, $1::integer - 1) as bucket (number)
           cross join lateral (
             select
               (select ledger_date from transfers where bucket = bucket.number order by ledger_date limit 1) as first_day,
               (select ledger_date from transfers where bucket = bucket.number order by ledger_date desc limit 1) as last_day
           ) as edges
         ) as ledger
         cross join lateral generate_series(ledger.last_day::timestamp, ledger.first_day, interval '-1 day') as day (at)
         cross join generate_series(0, $1::integer - 1) as bucket (number)
         cross join lateral (
           select ${TRANSFER_COLUMNS}
           from transfers
           where bucket = bucket.number and ledger_date = day.at::date and transfer_id = $2::uuid
         ) as found
         limit 1`,
        [bucketCount, transferId],
      )
    : { rows: [] };
  const [stored] = rows;
  if (stored === undefined) throw unknownTransfer(transferId);
  const related = await relatedTo(tx, stored, bucketCount);
  return {
    transfer: transferRow(stored),
    corrects: related.find(({ id }) => id === stored.corrects) ?? null,
    correctedBy: related.find(({ corrects }) => corrects === stored.id) ?? null,
    linked: related.find(({ link, id }) => link !== null && link === stored.link && id !== stored.id) ?? null,
  };
}

/** They refer to the same day; only halves lie in other buckets. */
async function relatedTo(
  tx: pg.ClientBase,
  { bucket, ledger_date, app_id, id, corrects, link }: StoredTransfer,
  bucketCount: number,
): Promise<TransferRow[]> {
  const { rows } = await tx.query<StoredTransfer>(
    `select ${TRANSFER_COLUMNS}
     from transfers
     where bucket = $1 and ledger_date = $2 and (transfer_id = $3 or corrects_id = $4) and app_id is not distinct from $5
     union all
     select half.*
     from generate_series(0, $6::integer - 1) as other (number)
     cross join lateral (
       select ${TRANSFER_COLUMNS}
       from transfers
       where bucket = other.number and ledger_date = $2 and link_id = $7 and transfer_id <> $4
     ) as half`,
    [bucket, ledger_date, corrects, id, app_id, bucketCount, link],
  );
  return rows.map(transferRow);
}

function unknownTransfer(transferId: string): Refusal {
  return new Refusal({
    code: 'unknown_transfer',
    message: `there is no transfer ${shown(transferId)}`,
    remedy: 'take an id that "apportion ledger transfers --csv" or "apportion explain --json" lists',
    details: { transfer: shown(transferId) },
  });
}
