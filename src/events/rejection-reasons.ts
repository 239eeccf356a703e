import { FORM_REASONS } from '../domain/ad-event.ts';

/** Judged when a line is processed, not when it is accepted. */
export const JUDGED_AT_PROCESSING = ['currency_mismatch', 'no_price', 'internal_error'] as const;

/** Why lines are rejected, in the order in which it is looked for: a line has the first reason that applies. */
export const REJECTION_REASONS = [
  ...FORM_REASONS,
  'too_late',
  'in_future',
  'unknown_app',
  'unknown_ad_unit',
  ...JUDGED_AT_PROCESSING,
] as const;

export type RejectionReason = (typeof REJECTION_REASONS)[number];
