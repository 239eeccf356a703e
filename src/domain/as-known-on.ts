import { Refusal } from './errors.ts';

/** Refuses (`instant_in_future`) an instant after "now": nobody knows yet what will be known then. */
export function checkAsKnownOn(instant: Date, now: Date): Date {
  if (instant <= now) return instant;
  throw new Refusal({
    code: 'instant_in_future',
    message: `${instant.toISOString()} lies in the future, now is ${now.toISOString()}`,
    remedy: 'give an instant that is past, or leave --as-known-on out for what is known now',
    details: { as_known_on: instant.toISOString(), now: now.toISOString() },
  });
}
