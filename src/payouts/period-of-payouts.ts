import type { Queryable } from '../db/database.ts';
import { Refusal } from '../domain/errors.ts';
import type { Period } from '../domain/period.ts';
import { lastSeal } from '../ledger/period-closings.ts';

/** The period that payouts are drawn up of: the one closed last. @throws Refusal `no_closed_period` */
export async function periodOfPayouts(q: Queryable): Promise<Period> {
  const seal = await lastSeal(q);
  if (seal !== null) return seal.period;
  throw new Refusal({
    code: 'no_closed_period',
    message: 'no period is closed yet, and payouts are of closed periods',
    remedy: 'close one by a decision "close_period", or "closing_schedule" and: npx apportion periods close --due',
  });
}
