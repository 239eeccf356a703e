import { randomUUIDv7 } from 'node:crypto';
import type pg from 'pg';
import { copyRows } from '../db/copy.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { nanos } from '../domain/nanos.ts';
import type { UnpostedTransfer } from '../domain/transfer.ts';
import { uuidSequence } from '../domain/uuid-sequence.ts';
import { postDecisionTransfers, postTransfers } from '../ledger/posting.ts';
import { type Payout, type PayoutFlow, type StepStatus, stepFlows } from './payout.ts';

/** What makes payouts take a step: a decision, a file of payouts, or a file of the bank's answers. */
export type StepCause =
  | { readonly decisionId: string }
  | { readonly paymentFileId: string }
  | { readonly answerFileId: string };

export interface Booking {
  readonly cause: StepCause;
  readonly actor: string;
  readonly at: Date;
  /** The business day of `at`. */
  readonly ledgerDay: BusinessDay;
}

/** A step that a payout is to take. */
export interface NewStep {
  readonly payout: Payout;
  readonly stepNo: number;
  readonly status: StepStatus;
  readonly reason?: string | null;
  readonly bankReference?: string | null;
  /** Of the tax withheld, what goes back to `payable`; nothing unless given. */
  readonly taxReturnedNanos?: bigint;
}

const STEP_COLUMNS = [
  ...['bucket', 'payout_id', 'step_no', 'status', 'at', 'ledger_date', 'actor', 'decision_id', 'payment_file_id'],
  ...['answer_file_id', 'bank_reference', 'reason', 'tax_returned_nanos'],
] as const;

/**
 * Records steps of a bucket's payouts and posts what they move, of a decision or answer file all of the bucket at once. The caller
 * holds the bucket's turn, has made room in the ledger for the day, and takes no turn afterwards.
 */
export async function postSteps(
  tx: pg.ClientBase,
  { bucket, ...booking }: Booking & { readonly bucket: number },
  steps: readonly NewStep[],
): Promise<void> {
  if (steps.length === 0) return;
  const { cause, actor, at, ledgerDay } = booking;
  await copyRows(
    tx,
    { table: 'payout_steps', columns: STEP_COLUMNS },
    steps.map(({ payout, stepNo, status, reason, bankReference, taxReturnedNanos }) => [
      ...[bucket, payout.payoutId, stepNo, status, at.toISOString(), ledgerDay, actor],
      'decisionId' in cause ? cause.decisionId : null,
      'paymentFileId' in cause ? cause.paymentFileId : null,
      'answerFileId' in cause ? cause.answerFileId : null,
      ...[bankReference ?? null, reason ?? null, taxReturnedNanos ?? 0n],
    ]),
  );
  await postFlows(
    tx,
    { bucket, ...booking },
    steps.map(({ payout, ...step }) => ({
      payout,
      flows: stepFlows(payout, { ...step, taxReturnedNanos: nanos(step.taxReturnedNanos ?? 0n) }),
    })),
  );
}

/** Posts what payouts of a bucket move, under the conditions of `postSteps`. */
export async function postFlows(
  tx: pg.ClientBase,
  { bucket, ...booking }: Omit<Booking, 'actor'> & { readonly bucket: number },
  moves: readonly { readonly payout: Payout; readonly flows: readonly PayoutFlow[] }[],
): Promise<void> {
  const { cause } = booking;
  const transferOf = transfersOf(booking);
  const transfers = moves.flatMap(({ payout, flows }) => transferOf(payout, flows));
  if (transfers.length === 0) return;
  if ('decisionId' in cause) await postDecisionTransfers(tx, cause.decisionId, transfers);
  else await postTransfers(tx, { bucket, runId: runIdOf(cause) }, transfers);
}

function transfersOf({ cause, at, ledgerDay }: Omit<Booking, 'actor'>) {
  const nextId = uuidSequence(randomUUIDv7);
  const caused =
    'decisionId' in cause ? { runId: null, decisionId: cause.decisionId } : { runId: runIdOf(cause), decisionId: null };
  const fixed = { appId: null, businessDay: null, version: null, providerId: null, fundId: null, correctsId: null };
  return ({ bucket, payoutId, ownerId }: Payout, flows: readonly PayoutFlow[]): UnpostedTransfer[] => {
    const ids = flows.map(() => nextId());
    // The link is the id of the half that receives.
    const linkId = ids[flows.findIndex(flow => flow.debit === 'fx')] ?? null;
    return flows.map((flow, place) => ({
      ...{ ...fixed, ...caused, ...flow, bucket, payoutId, ledgerDay, bookedAt: at, developerId: ownerId },
      id: ids[place] as string,
      linkId: flow.reason === 'exchange' ? linkId : null,
    }));
  };
}

function runIdOf(cause: Exclude<StepCause, { decisionId: string }>): string {
  return 'paymentFileId' in cause ? cause.paymentFileId : cause.answerFileId;
}
