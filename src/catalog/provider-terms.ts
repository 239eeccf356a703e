import type { BusinessDay } from '../domain/business-day.ts';

/** What stands in `app_id` of the terms that hold for no app in particular: a provider's default ratio. */
export const DEFAULT_TERMS = '';

/** Days of a provider's terms as they are stored. Both days are inclusive; no day is in two of them. */
export interface StoredTerm {
  readonly effective_from: BusinessDay;
  /** Null while there is no last day. */
  readonly effective_to: BusinessDay | null;
  /** The provider's part of the developer's total, "0.00" to "1.00" with at most 6 decimals; of an app, null leaves it to the default ratio. */
  readonly ratio: string | null;
}

/** A provider's terms for one app, or its default ratio; by first day. */
export interface ProviderTerms {
  readonly providerId: string;
  /** `DEFAULT_TERMS` for the default ratio. */
  readonly appId: string;
  readonly terms: readonly StoredTerm[];
}

/** The terms with their fields in the order in which files write them, which jsonb does not keep. */
export function written(terms: readonly StoredTerm[]): StoredTerm[] {
  return terms.map(({ effective_from, effective_to, ratio }) => ({ effective_from, effective_to, ratio }));
}

/** The term that covers the day; null if none does. */
export function termOn<Term extends Pick<StoredTerm, 'effective_from' | 'effective_to'>>(
  terms: readonly Term[],
  day: BusinessDay,
): Term | null {
  for (const term of terms) {
    if (term.effective_from <= day && (term.effective_to === null || day <= term.effective_to)) return term;
  }
  return null;
}
