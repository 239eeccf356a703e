import type { Queryable } from '../db/database.ts';
import { Refusal } from '../domain/errors.ts';
import type { OwnerId } from '../domain/ids.ts';
import { parseAmount } from '../domain/nanos.ts';
import { shown } from '../domain/shown.ts';
import type { Fund } from '../funds/fund.ts';
import { findFund } from '../funds/stored-funds.ts';
import { standingOf } from '../funds/stored-grants.ts';
import type { PlannedTransfer } from '../ledger/decision-transfers.ts';

/** What puts money into a fund; the decision's reason explains it. */
export function endowment({
  fundId,
  currency,
  amount,
}: Record<'fundId' | 'currency' | 'amount', string>): PlannedTransfer {
  return {
    ownerId: fundId as OwnerId,
    appId: null,
    businessDay: null,
    currency,
    debit: 'fund_source',
    credit: 'fund_available',
    amountNanos: parseAmount(amount),
    reason: 'endowment',
    why: '',
  };
}

/**
 * A fund that still awards.
 * @throws Refusal `unknown_fund`, `fund_ended`
 */
export async function openFund(q: Queryable, fundId: string): Promise<Fund> {
  const fund = await findFund(q, fundId);
  if (fund === null) {
    throw new Refusal({
      code: 'unknown_fund',
      message: `${shown(fundId)} is no incentive fund`,
      remedy: 'give an id that "npx apportion funds list" shows',
      details: { fund: shown(fundId) },
    });
  }
  if (!fund.isClosed && !(await standingOf(q, fundId)).hasEnded) return fund;
  throw new Refusal({
    code: 'fund_ended',
    message: `fund ${shown(fundId)} has ${fund.isClosed ? 'been closed' : 'expired'}, and what it had left went back`,
    remedy: 'propose another fund',
    details: { fund: fundId },
  });
}
