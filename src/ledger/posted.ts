import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { TransferReason } from '../domain/transfer.ts';

/** What the ledger says of one part of an (app, day, currency). */
export interface Posted {
  readonly developerId: string;
  readonly appId: string;
  readonly currency: string;
  readonly reason: TransferReason;
  /** Whose part it is, where it is a provider's. */
  readonly providerId: string | null;
  readonly amountNanos: Nanos;
  /** The highest version posted, and its transfer. */
  readonly version: number;
  readonly transferId: string;
}

/**
 * Everything posted by settlement to developers' books for a bucket's business day, of all developers or of the given ones; of the
 * given transfers alone, for what was posted by some earlier time.
 */
export async function postedOn(
  db: Queryable,
  {
    bucket,
    day,
    developerIds,
    transferIds,
  }: {
    readonly bucket: number;
    readonly day: BusinessDay;
    readonly developerIds?: readonly string[];
    readonly transferIds?: readonly string[];
  },
): Promise<Posted[]> {
  const { rows } = await db.query<{
    developer_id: string;
    app_id: string;
    currency: string;
    reason: TransferReason;
    provider_id: string | null;
    amount_nanos: string;
    version: number;
    transfer_id: string;
  }>(
    `select developer_id, app_id, currency, reason, provider_id,
       sum(case when debit = 'ad_revenue' then amount_nanos else -amount_nanos end) as amount_nanos,
       max(version) as version,
       (array_agg(transfer_id order by version desc))[1] as transfer_id
     from transfers
     where bucket = $1 and ledger_date = $2 and version is not null and reason not in ('provider_income', 'hold', 'forfeiture', 'award', 'incentive')
       and ($3::text[] is null or developer_id = any ($3)) and ($4::uuid[] is null or transfer_id = any ($4))
     group by developer_id, app_id, currency, reason, provider_id`,
    [bucket, day, developerIds ?? null, transferIds ?? null],
  );
  return rows.map(row => ({
    developerId: row.developer_id,
    appId: row.app_id,
    currency: row.currency,
    reason: row.reason,
    providerId: row.provider_id,
    amountNanos: nanos(BigInt(row.amount_nanos)),
    version: row.version,
    transferId: row.transfer_id,
  }));
}

/** The links of transfers that have one. */
export async function linksOf(
  db: Queryable,
  {
    bucket,
    day,
    transferIds,
  }: { readonly bucket: number; readonly day: BusinessDay; readonly transferIds: readonly string[] },
): Promise<Map<string, string>> {
  if (transferIds.length === 0) return new Map();
  const { rows } = await db.query<{ transferId: string; linkId: string }>(
    `select transfer_id as "transferId", link_id as "linkId"
     from transfers
     where bucket = $1 and ledger_date = $2 and transfer_id = any ($3::uuid[]) and link_id is not null`,
    [bucket, day, transferIds],
  );
  return new Map(rows.map(row => [row.transferId, row.linkId]));
}
