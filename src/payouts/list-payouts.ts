import type pg from 'pg';
import { namedOwner, type OwnerFilter } from '../catalog/book-owners.ts';
import { bucketOf } from '../domain/bucket.ts';
import { type Money, money } from '../domain/money.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import type { Period } from '../domain/period.ts';
import type { PayoutStatus } from './payout.ts';
import { knownBatch } from './stored-batches.ts';
import { type PayoutsAsked, type StandingPayout, standingPayouts } from './stored-payouts.ts';

/** A payout as finance sees it: a row of JSON and, with the amounts' currencies apart, of CSV. */
export interface PayoutRow {
  /** Ours, as the bank gives it back. */
  readonly reference: string;
  readonly batch: string;
  /** The book that is paid. */
  readonly book: string;
  readonly period: Period;
  readonly status: PayoutStatus;
  readonly status_at: string | null;
  /** Why it was cancelled or came back. */
  readonly status_reason: string | null;
  /** What leaves `payable`. */
  readonly amount: Money;
  readonly tax: Money;
  readonly net: Money;
  /** What the payee gets. */
  readonly sent: Money;
  readonly rate: string | null;
  readonly rate_day: string | null;
  readonly rate_source: string | null;
  readonly destination: string;
  readonly country: string;
  readonly payee: 'individual' | 'company';
  readonly withholding: string | null;
  readonly invoice_required: boolean;
}

export interface PayoutFilters extends OwnerFilter {
  readonly bucketCount: number;
  readonly batch?: string | undefined;
  readonly periods?: readonly Period[] | undefined;
  readonly currency?: string | undefined;
  readonly status?: PayoutStatus | undefined;
  /** Batches that an open decision names. */
  readonly proposed: ReadonlySet<string>;
}

export interface PayoutPage {
  readonly items: readonly PayoutRow[];
  /** Give it as `after` for the next page; null on the last one. */
  readonly next: string | null;
}

interface After {
  readonly after?: string | undefined;
}

const CURSOR = [/^\d{1,5}$/, /^[A-Z0-9-]{1,35}$/];
const ROWS_AT_A_TIME = 5_000;

/**
 * A page of payouts, in the order (bucket, reference). `tx` is a snapshot.
 * @throws Refusal `unknown_batch`, `unknown_developer`, `unknown_provider`, `two_owners`, `bad_limit`, `bad_cursor`
 */
export async function listPayouts(
  tx: pg.ClientBase,
  { limit = DEFAULT_LIMIT, after, ...filters }: PayoutFilters & After & { readonly limit?: number },
): Promise<PayoutPage> {
  checkLimit(limit);
  const found: StandingPayout[] = [];
  for await (const payout of selectPayouts(tx, filters, { after, atATime: limit + 1 })) {
    found.push(payout);
    if (found.length > limit) break;
  }
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return {
    items: page.map(payout => payoutRow(payout, filters.proposed)),
    next: last === undefined ? null : writeCursor([String(last.bucket), last.reference]),
  };
}

/**
 * All payouts behind `after` that pass the filters, in the order of the list, for an export: memory stays the same however many there are.
 * @throws Refusal as `listPayouts`
 */
export async function* streamPayouts(
  tx: pg.ClientBase,
  { after, ...filters }: PayoutFilters & After,
): AsyncGenerator<PayoutRow> {
  for await (const payout of selectPayouts(tx, filters, { after, atATime: ROWS_AT_A_TIME })) {
    yield payoutRow(payout, filters.proposed);
  }
}

async function* selectPayouts(
  tx: pg.ClientBase,
  { bucketCount, batch, periods, currency, status, proposed, ...owner }: PayoutFilters,
  { after, atATime }: After & { readonly atATime: number },
): AsyncGenerator<StandingPayout> {
  const [firstBucket = '0', firstReference = ''] = after === undefined ? [] : readCursor(after, CURSOR);
  if (batch !== undefined) await knownBatch(tx, batch);
  const ownerId = await namedOwner(tx, owner);
  const asked = {
    ...{ batchId: batch ?? null, periods: periods ?? null, currency: currency ?? null },
    ownerIds: ownerId === null ? null : [ownerId],
    ...statusesOf(status, proposed),
  };
  const only = ownerId === null ? null : bucketOf(ownerId, bucketCount);
  for (let bucket = Number(firstBucket); bucket < bucketCount; bucket += 1) {
    if (only !== null && bucket !== only) continue;
    let behind = bucket === Number(firstBucket) ? firstReference : '';
    for (;;) {
      const some = await standingPayouts(tx, { ...asked, bucket, after: behind, limit: atATime });
      yield* some;
      if (some.length < atATime) break;
      behind = some.at(-1)?.reference ?? '';
    }
  }
}

/** A due payout is told as proposed where an open decision names its batch. */
function statusesOf(
  status: PayoutStatus | undefined,
  proposed: ReadonlySet<string>,
): Pick<PayoutsAsked, 'statuses' | 'batchIds' | 'notBatchIds'> {
  if (status === undefined) return {};
  if (status === 'due') return { statuses: ['due'], notBatchIds: [...proposed] };
  if (status === 'proposed') return { statuses: ['due'], batchIds: [...proposed] };
  return { statuses: [status] };
}

export function payoutRow(payout: StandingPayout, proposed: ReadonlySet<string>): PayoutRow {
  const { currency, exchange } = payout;
  return {
    reference: payout.reference,
    batch: payout.batchId,
    book: payout.ownerId,
    period: payout.period,
    status: payout.status ?? (proposed.has(payout.batchId) ? 'proposed' : 'due'),
    status_at: payout.statusAt?.toISOString() ?? null,
    status_reason: payout.statusReason,
    amount: money(payout.amountNanos, currency),
    tax: money(payout.taxNanos, currency),
    net: money(payout.netNanos, currency),
    sent: money(payout.sentNanos, payout.sentCurrency),
    rate: exchange?.rate ?? null,
    rate_day: exchange?.day ?? null,
    rate_source: exchange?.source ?? null,
    destination: payout.destination,
    country: payout.country,
    payee: payout.payee,
    withholding: payout.withholding?.withholdingId ?? null,
    invoice_required: payout.invoiceRequired,
  };
}
