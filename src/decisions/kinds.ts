import type { DecisionKind } from './kind.ts';
import { adjust } from './kinds/adjust.ts';
import { cancelPayoutKind } from './kinds/cancel-payout.ts';
import { category } from './kinds/category.ts';
import { closePeriodKind } from './kinds/close-period.ts';
import { closingSchedule } from './kinds/closing-schedule.ts';
import { forfeit } from './kinds/forfeit.ts';
import { fund } from './kinds/fund.ts';
import { fundClose } from './kinds/fund-close.ts';
import { fundTopUp } from './kinds/fund-top-up.ts';
import { hold } from './kinds/hold.ts';
import { invalidate } from './kinds/invalidate.ts';
import { keepForfeited } from './kinds/keep-forfeited.ts';
import { payouts } from './kinds/payouts.ts';
import { persons } from './kinds/persons.ts';
import { plan } from './kinds/plan.ts';
import { providerRatio } from './kinds/provider-ratio.ts';
import { rateCards } from './kinds/rate-cards.ts';
import { reinstate } from './kinds/reinstate.ts';
import { release } from './kinds/release.ts';
import { remitTaxKind } from './kinds/remit-tax.ts';
import { trafficPolicy } from './kinds/traffic-policy.ts';
import { writeOff } from './kinds/write-off.ts';

/** Every kind of decision there is: one line each. */
export const KINDS: readonly DecisionKind[] = [
  adjust,
  writeOff,
  plan,
  providerRatio,
  category,
  rateCards,
  trafficPolicy,
  persons,
  invalidate,
  reinstate,
  hold,
  release,
  forfeit,
  keepForfeited,
  fund,
  fundTopUp,
  fundClose,
  closePeriodKind,
  closingSchedule,
  payouts,
  cancelPayoutKind,
  remitTaxKind,
];

export function kindNamed(name: string): DecisionKind | null {
  return KINDS.find(kind => kind.name === name) ?? null;
}
