import type { Queryable } from '../db/database.ts';
import { money } from '../domain/money.ts';
import { formatAmount, nanos } from '../domain/nanos.ts';
import { ACCOUNT_KINDS, type AccountKind } from '../domain/transfer.ts';
import type { AccountMovement } from '../ledger/moved-by-runs.ts';
import { CANCEL_REASONS, type CancelReason } from './approve-batch.ts';
import type { Payout, PayoutFlow } from './payout.ts';
import type { NewStep } from './post-steps.ts';

/** What flows move by currency and account, over all books. */
export function movedBy(flows: Iterable<PayoutFlow>): AccountMovement[] {
  const sums = new Map<string, { account: AccountKind; currency: string; debits: bigint; credits: bigint }>();
  const sumOf = (account: AccountKind, currency: string) => {
    const key = `${currency} ${account}`;
    const sum = sums.get(key) ?? { account, currency, debits: 0n, credits: 0n };
    sums.set(key, sum);
    return sum;
  };
  for (const { debit, credit, currency, amountNanos } of flows) {
    sumOf(debit, currency).debits += amountNanos;
    sumOf(credit, currency).credits += amountNanos;
  }
  return [...sums.values()]
    .sort((a, b) =>
      a.currency === b.currency ? placeOf(a.account) - placeOf(b.account) : a.currency < b.currency ? -1 : 1,
    )
    .map(({ account, currency, debits, credits }) => ({
      account,
      debits: money(nanos(debits), currency),
      credits: money(nanos(credits), currency),
    }));
}

function placeOf(account: AccountKind): number {
  return ACCOUNT_KINDS.indexOf(account);
}

/** How many payouts an approval approves or cancels, and why. */
export interface StepCount {
  readonly status: string;
  readonly reason: string | null;
  readonly currency: string;
  readonly payouts: number;
  readonly amountNanos: bigint;
}

export function countSteps(steps: readonly NewStep[]): StepCount[] {
  const groups = Map.groupBy(steps, ({ status, reason }) => `${status} ${reason}`);
  return [...groups.values()].flatMap(group => {
    const [first] = group;
    if (first === undefined) return [];
    const { status, reason = null, payout } = first;
    const amountNanos = group.reduce((sum, step) => sum + step.payout.amountNanos, 0n);
    return { status, reason, currency: payout.currency, payouts: group.length, amountNanos };
  });
}

/** The steps that a decision made payouts take. */
export async function stepsOfDecision(
  q: Queryable,
  { decisionId, batchId }: { readonly decisionId: string; readonly batchId: string },
): Promise<StepCount[]> {
  const { rows } = await q.query<Omit<StepCount, 'amountNanos'> & { readonly amount: string }>(
    `select status, reason, currency, count(*) as payouts, sum(amount_nanos) as amount
     from payouts
     join payout_steps using (bucket, payout_id)
     where batch_id = $2 and decision_id = $1
     group by status, reason, currency
     order by status, reason`,
    [decisionId, batchId],
  );
  return rows.map(({ amount, ...row }) => ({ ...row, amountNanos: BigInt(amount) }));
}

/** The rates at which payouts are exchanged, a sentence each. */
export function tellRates(payouts: readonly Payout[]): string[] {
  const exchanged = payouts.flatMap(({ currency, sentCurrency, netNanos, sentNanos, exchange }) =>
    exchange === null ? [] : { currency, sentCurrency, netNanos, sentNanos, ...exchange },
  );
  const byRate = Map.groupBy(
    exchanged,
    ({ currency, sentCurrency, rate, day, source }) =>
      `from ${currency} into ${sentCurrency} at ${rate}, the rate of ${day} by ${source}`,
  );
  return [...byRate]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([rate, those]) => {
      const net = formatAmount(nanos(those.reduce((sum, each) => sum + each.netNanos, 0n)), those[0]?.currency ?? '');
      return `of these, ${those.length} with ${net} net ${rate}`;
    });
}

/** A sentence for each, in the conditional before it is done. */
export function tellSteps(counts: readonly StepCount[], { isDone }: { readonly isDone: boolean }): string[] {
  return counts.map(({ status, reason, currency, payouts, amountNanos }) => {
    const what = `${payouts} ${payouts === 1 ? 'payout' : 'payouts'} of ${formatAmount(nanos(amountNanos), currency)} ${currency}`;
    const verb = isDone ? (payouts === 1 ? 'was' : 'were') : 'would be';
    return `${what} ${verb} ${status}${reason === null ? '' : `: ${CANCEL_REASONS[reason as CancelReason] ?? reason}`}`;
  });
}
