import type { BusinessCalendar } from '../domain/business-day.ts';
import type { Period } from '../domain/period.ts';

/** A closing that somebody asks for. */
export interface Closing {
  readonly period: Period;
  /** All that was accepted or recorded up to this instant has to be in the period; what came after may stay due. */
  readonly cut: Date;
}

/** What a closing may know besides. */
export interface ClosingContext {
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly at: Date;
}

/** What has to be done before a period can be closed. */
export interface Block {
  readonly code: 'batches_waiting' | 'days_due' | 'no_plan' | 'grants_waiting';
  readonly message: string;
  readonly remedy: string;
}
