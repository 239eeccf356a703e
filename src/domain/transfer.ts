import type { BusinessDay } from './business-day.ts';
import type { AppId, OwnerId } from './ids.ts';
import { type Nanos, nanos } from './nanos.ts';
import type { Period } from './period.ts';

/** Every kind of account; an account is (owner, kind, currency) and its balance is credits − debits. */
export const ACCOUNT_KINDS = [
  'ad_revenue',
  'platform_share',
  'payable',
  'provider_share',
  'fund_source',
  'fund_available',
  'incentive',
  'held',
  'forfeited',
  'adjustment',
  'write_off',
  'payout_due',
  'withheld_tax',
  'tax_remitted',
  'payout_sent',
  'paid',
  'fx',
  'fx_rounding',
] as const;

export type AccountKind = (typeof ACCOUNT_KINDS)[number];

/**
 * `award` is what leaves a fund's book for a developer's, `incentive` what arrives there, `endowment` what goes into a fund or back.
 * `provider_share` is what leaves the developer's book for the provider's, `provider_income` what arrives there. `hold` and
 * `forfeiture` move money that is kept back, by runs and by decisions. Those from `payout` on are the steps of a payout; the others from `adjustment` on are reasons of decisions.
 */
export const TRANSFER_REASONS = [
  'platform_share',
  'developer_share',
  'provider_share',
  'provider_income',
  'adjustment',
  'write_off',
  'hold',
  'release',
  'forfeiture',
  'forfeiture_kept',
  'endowment',
  'award',
  'incentive',
  'payout',
  'withholding',
  'tax_remitted',
  'payout_sent',
  'payout_paid',
  'payout_cancelled',
  'payout_returned',
  'exchange',
  'exchange_rounding',
] as const;

export type TransferReason = (typeof TRANSFER_REASONS)[number];

/** What moves: a positive amount from the account debited to the account credited, in one owner's book. */
export interface Flow {
  readonly debit: AccountKind;
  readonly credit: AccountKind;
  /** Above 0; a negative difference swaps the sides instead. */
  readonly amountNanos: Nanos;
}

/** A row of the ledger: written once, never changed. */
export interface Transfer extends Flow {
  /** UUIDv7, given by the application. */
  readonly id: string;
  readonly bucket: number;
  /** The book's owner. */
  readonly developerId: OwnerId;
  readonly appId: AppId | null;
  /** The day it refers to, which may lie long before `bookedAt`. */
  readonly businessDay: BusinessDay | null;
  /** What the ledger is filed by: the business day, or the day of booking where there is none. */
  readonly ledgerDay: BusinessDay;
  /** The half-month of the ledger day, or the earliest open one where that was closed when this was posted. */
  readonly period: Period;
  readonly currency: string;
  readonly reason: TransferReason;
  /** What caused it: a run, the step of a fund that followed one, or a decision. */
  readonly runId: string | null;
  readonly decisionId: string | null;
  /** 1 + the highest posted for its (app, day, currency, component), which keeps two runs from both posting. */
  readonly version: number | null;
  /** Shared by the two halves of a flow between books; it is the id of the half that receives. */
  readonly linkId: string | null;
  /** The service provider whose part it moves, in both books. */
  readonly providerId: OwnerId | null;
  /** The fund whose award it moves, in both books. */
  readonly fundId: OwnerId | null;
  /** The payout of which it is a step. */
  readonly payoutId: string | null;
  /** The transfer that this one corrects. */
  readonly correctsId: string | null;
  readonly bookedAt: Date;
}

/** A transfer before it is posted, which gives it its period. */
export type UnpostedTransfer = Omit<Transfer, 'period'>;

/** A part of a day's worth that settlement posts by itself. */
export type Component = 'platform' | 'developer' | 'provider';

const CREDITED: Record<Component, AccountKind> = {
  platform: 'platform_share',
  developer: 'payable',
  provider: 'provider_share',
};

/** The flow in the developer's book that posts worth − posted of one component; null if there is nothing to post. */
export function settlementFlow(component: Component, differenceNanos: Nanos): Flow | null {
  return flowOf({ debit: 'ad_revenue', credit: CREDITED[component] }, differenceNanos);
}

/** The other half of a provider's part, in the provider's book; null if there is nothing to post. */
export function providerIncomeFlow(differenceNanos: Nanos): Flow | null {
  return flowOf({ debit: 'provider_share', credit: 'payable' }, differenceNanos);
}

/** What an award moves in the fund's book; null if there is nothing to post. */
export function awardFlow(differenceNanos: Nanos): Flow | null {
  return flowOf({ debit: 'fund_available', credit: 'incentive' }, differenceNanos);
}

/** The other half of an award, in the developer's book; null if there is nothing to post. */
export function incentiveFlow(differenceNanos: Nanos): Flow | null {
  return flowOf({ debit: 'incentive', credit: 'payable' }, differenceNanos);
}

function flowOf({ debit, credit }: Pick<Flow, 'debit' | 'credit'>, differenceNanos: Nanos): Flow | null {
  if (differenceNanos === 0n) return null;
  return differenceNanos > 0n
    ? { debit, credit, amountNanos: differenceNanos }
    : { debit: credit, credit: debit, amountNanos: nanos(-differenceNanos) };
}

/** The reason that a component's transfers in the developer's book bear. */
export const COMPONENT_REASONS: Record<Component, TransferReason> = {
  platform: 'platform_share',
  developer: 'developer_share',
  provider: 'provider_share',
};
