import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { formatDecimal, type Nanos, nanos } from '../domain/nanos.ts';
import { type PayoutTransfer, payoutTransfers } from '../ledger/payout-transfers.ts';
import { type Payout, type PayoutFlow, type PayoutStep, remittanceFlow, stepFlows } from './payout.ts';
import { standingPayouts } from './stored-payouts.ts';

/** Where the ledger and the payouts' own records differ. */
export interface PayoutDifference {
  /** The payout; its id where no payout has it. */
  readonly where: string;
  readonly expected: string;
  readonly found: string;
}

const MOST_DIFFERENCES = 1_000;
const NOTHING = 'nothing';
const PAYOUTS_AT_A_TIME = 20_000;

/**
 * Compares what payouts moved in a bucket, by the ledger, with what their own records say that they moved, transfer by transfer: of what
 * was booked on `fromDay` or later, or of all. At most 1,000 differences are told.
 */
export async function checkPayouts(
  q: Queryable,
  { bucket, fromDay = null }: { readonly bucket: number; readonly fromDay?: BusinessDay | null },
): Promise<PayoutDifference[]> {
  const transfers = Map.groupBy(await payoutTransfers(q, { bucket, fromDay }), transfer => transfer.payoutId);
  const recorded = await recordedMoves(q, { bucket, fromDay });
  const payouts = await payoutsNamed(q, bucket, new Set([...transfers.keys(), ...recorded.keys()]));
  const differences: PayoutDifference[] = [];
  for (const [payoutId, payout] of payouts) {
    const found = (transfers.get(payoutId) ?? []).map(ofTransfer);
    const expected = payout === null ? [] : (recorded.get(payoutId) ?? []).flatMap(move => ofMove(payout, move));
    for (const difference of compared(expected, found)) {
      if (differences.length === MOST_DIFFERENCES) return differences;
      differences.push({ where: `bucket ${bucket} payout ${payout?.reference ?? payoutId}`, ...difference });
    }
  }
  return differences;
}

/** A step or remittance on record. */
interface Move {
  readonly payoutId: string;
  readonly step: Pick<PayoutStep, 'status' | 'stepNo' | 'taxReturnedNanos'> | null;
  readonly remittedNanos: Nanos | null;
  readonly cause: string;
  readonly at: Date;
  readonly ledgerDay: BusinessDay;
}

async function recordedMoves(
  q: Queryable,
  { bucket, fromDay }: { readonly bucket: number; readonly fromDay: BusinessDay | null },
): Promise<Map<string, Move[]>> {
  const { rows } = await q.query<
    Omit<Move, 'step' | 'remittedNanos'> & {
      readonly stepNo: number | null;
      readonly status: PayoutStep['status'] | null;
      readonly taxReturned: string;
      readonly remitted: string | null;
    }
  >(
    `select payout_id as "payoutId", step_no as "stepNo", status, tax_returned_nanos as "taxReturned", null::numeric as remitted,
       coalesce(decision_id, payment_file_id::text, answer_file_id::text) as cause, at, ledger_date as "ledgerDay"
     from payout_steps
     where bucket = $1 and ($2::date is null or ledger_date >= $2)
     union all
     select payout_id, null, null, 0, amount_nanos, decision_id, remitted_at, ledger_date
     from tax_remittances
     where bucket = $1 and ($2::date is null or ledger_date >= $2)`,
    [bucket, fromDay],
  );
  const moves = rows.map(({ stepNo, status, taxReturned, remitted, ...row }): Move => {
    const step =
      stepNo === null || status === null ? null : { stepNo, status, taxReturnedNanos: nanos(BigInt(taxReturned)) };
    return { ...row, step, remittedNanos: remitted === null ? null : nanos(BigInt(remitted)) };
  });
  return Map.groupBy(moves, move => move.payoutId);
}

function flowsOf(payout: Payout, { step, remittedNanos }: Pick<Move, 'step' | 'remittedNanos'>): PayoutFlow[] {
  if (step !== null) return stepFlows(payout, step);
  return remittedNanos === null ? [] : [{ ...remittanceFlow(payout), amountNanos: remittedNanos }];
}

/** Null for an id that no payout of the bucket has. */
async function payoutsNamed(
  q: Queryable,
  bucket: number,
  payoutIds: ReadonlySet<string>,
): Promise<Map<string, Payout | null>> {
  const named = new Map<string, Payout | null>([...payoutIds].map(payoutId => [payoutId, null]));
  const ids = [...payoutIds];
  for (let from = 0; from < ids.length; from += PAYOUTS_AT_A_TIME) {
    const some = ids.slice(from, from + PAYOUTS_AT_A_TIME);
    for (const payout of await standingPayouts(q, { bucket, payoutIds: some })) named.set(payout.payoutId, payout);
  }
  return named;
}

/** A transfer, as it is or as it should be. */
interface Booked {
  readonly ownerId: string;
  readonly flow: Omit<PayoutFlow, 'reason'> & { readonly reason: string };
  readonly cause: string | null;
  readonly at: Date;
  readonly ledgerDay: BusinessDay;
}

function ofMove(payout: Payout, { cause, at, ledgerDay, ...move }: Move): Booked[] {
  const { ownerId } = payout;
  return flowsOf(payout, move).map(flow => ({ ownerId, flow, cause, at, ledgerDay }));
}

function ofTransfer({ ownerId, runId, decisionId, bookedAt: at, ledgerDay, ...flow }: PayoutTransfer): Booked {
  return { ownerId, flow, cause: decisionId ?? runId, at, ledgerDay };
}

/** What only one side has, put side by side. */
function compared(expected: readonly Booked[], found: readonly Booked[]): Omit<PayoutDifference, 'where'>[] {
  const missing = without(expected, found);
  const strange = without(found, expected);
  return Array.from({ length: Math.max(missing.length, strange.length) }, (_, place) => ({
    expected: tell(missing[place]),
    found: tell(strange[place]),
  }));
}

/** The entries of one list that another one lacks, as often as it does. */
function without(list: readonly Booked[], other: readonly Booked[]): Booked[] {
  const left = [...other];
  return list.filter(entry => {
    const place = left.findIndex(each => isSame(entry, each));
    if (place >= 0) left.splice(place, 1);
    return place < 0;
  });
}

function isSame(one: Booked, other: Booked): boolean {
  const [a, b] = [one.flow, other.flow];
  return (
    a.amountNanos === b.amountNanos &&
    a.debit === b.debit &&
    a.credit === b.credit &&
    a.currency === b.currency &&
    a.reason === b.reason &&
    one.ownerId === other.ownerId &&
    one.cause === other.cause &&
    one.ledgerDay === other.ledgerDay &&
    one.at.getTime() === other.at.getTime()
  );
}

function tell(booked: Booked | undefined): string {
  if (booked === undefined) return NOTHING;
  const { ownerId, flow, cause, at, ledgerDay } = booked;
  const what = `${flow.debit} > ${flow.credit} ${formatDecimal(flow.amountNanos)} ${flow.currency}`;
  return `${ownerId} ${flow.reason}: ${what} on ${ledgerDay} at ${at.toISOString()} by ${cause ?? NOTHING}`;
}
