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

export type TransferReason = 'platform_share' | 'developer_share';

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
  readonly period: Period;
  readonly currency: string;
  readonly reason: TransferReason;
  readonly runId: string | null;
  /** 1 + the highest posted for its (app, day, currency, component), which keeps two runs from both posting. */
  readonly version: number | null;
  /** Shared by the two halves of a flow between books. */
  readonly linkId: string | null;
  /** The transfer that this one corrects. */
  readonly correctsId: string | null;
  readonly bookedAt: Date;
}

/** A part of a day's worth that settlement posts by itself. */
export type Component = 'platform' | 'developer';

const CREDITED: Record<Component, AccountKind> = { platform: 'platform_share', developer: 'payable' };

/** The flow that posts worth − posted of one component; null if there is nothing to post. */
export function settlementFlow(component: Component, differenceNanos: Nanos): Flow | null {
  if (differenceNanos === 0n) return null;
  const credited = CREDITED[component];
  return differenceNanos > 0n
    ? { debit: 'ad_revenue', credit: credited, amountNanos: differenceNanos }
    : { debit: credited, credit: 'ad_revenue', amountNanos: nanos(-differenceNanos) };
}

/** The reason that a component's transfers bear. */
export const COMPONENT_REASONS: Record<Component, TransferReason> = {
  platform: 'platform_share',
  developer: 'developer_share',
};
