import type pg from 'pg';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import type { Nanos } from '../domain/nanos.ts';
import { earnedOnDays } from '../earnings/gross-of-apps.ts';
import { findAccepted } from '../events/find-accepted.ts';
import { eventNamed } from '../traffic/invalidation.ts';
import { invalidatedEvents, type RecordedInvalidation } from '../traffic/stored-invalidations.ts';

/**
 * What may at most be moved by shares if an invalidation is recorded or taken back, by currency: all that the apps of its events earned
 * on those days, for one event can put a whole day into another tier. Null of a slice, which takes what comes later too.
 */
export async function grossAtStake(
  tx: pg.ClientBase,
  { calendar, bucketCount }: { readonly calendar: BusinessCalendar; readonly bucketCount: number },
  { invalidationId, developerId }: RecordedInvalidation,
): Promise<Map<string, Nanos> | null> {
  const keys = await invalidatedEvents(tx, invalidationId);
  if (keys === null) return null;
  const bucket = bucketOf(developerId, bucketCount);
  const places = await findAccepted(tx, { bucket, developerId, calendar, names: keys.map(eventNamed) });
  const appDays = new Map(places.flatMap(place => (place === null ? [] : [[Object.values(place).join(' '), place]])));
  return await earnedOnDays(tx, { bucket, developerId, appDays: [...appDays.values()] });
}
