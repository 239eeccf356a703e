import type { CatalogLookup } from '../catalog/lookup.ts';
import type { AdEvent } from '../domain/ad-event.ts';
import { addDays, type BusinessCalendar, type BusinessDay } from '../domain/business-day.ts';
import { UNASSIGNED } from '../domain/ids.ts';
import { formatInstant } from '../domain/instant.ts';
import type { RejectionReason } from './rejection-reasons.ts';

/** Business days back from the clock's own on which an event is still taken. */
export const WINDOW_DAYS = 35;
const CLOCK_SKEW_MS = 5 * 60_000;

/** What a batch's clock allows: from the oldest business day to the newest instant in epoch milliseconds, both inclusive. */
export interface AcceptanceWindow {
  readonly calendar: BusinessCalendar;
  readonly oldestDay: BusinessDay;
  readonly newestMs: number;
}

export function acceptanceWindow(calendar: BusinessCalendar, clock: Date): AcceptanceWindow {
  const oldestDay = addDays(calendar.dayOf(clock.getTime()), -WINDOW_DAYS);
  return { calendar, oldestDay, newestMs: clock.getTime() + CLOCK_SKEW_MS };
}

export type Judgement =
  | { readonly developerId: string; readonly businessDay: BusinessDay; readonly refusal: null }
  | {
      readonly ownerId: string;
      readonly refusal: { readonly reason: RejectionReason; readonly field: string; readonly detail: string };
    };

/** Whose an event of good form is, or the first reason why it can't be taken; the catalog's answers are at hand in `lookup`. */
export function judgeEvent(
  event: AdEvent,
  { window, lookup }: { window: AcceptanceWindow; lookup: Pick<CatalogLookup, 'developerOf' | 'appOfAdUnit'> },
): Judgement {
  const developerId = lookup.developerOf(event.appId);
  const ownerId = developerId ?? UNASSIGNED;
  const businessDay = window.calendar.dayOf(event.occurredAtMs);
  if (businessDay < window.oldestDay) {
    const detail = `occurred_at ${formatInstant(event.occurredAtMs)} is more than ${WINDOW_DAYS} business days back; for an old log give --as-of`;
    return { ownerId, refusal: { reason: 'too_late', field: 'occurred_at', detail } };
  }
  if (event.occurredAtMs > window.newestMs) {
    const detail = `occurred_at ${formatInstant(event.occurredAtMs)} lies in the future; correct the sender's clock`;
    return { ownerId, refusal: { reason: 'in_future', field: 'occurred_at', detail } };
  }
  if (developerId === null) {
    const detail = `app_id "${event.appId}" is not in the catalog; import it, then try the line again`;
    return { ownerId, refusal: { reason: 'unknown_app', field: 'app_id', detail } };
  }
  const appOfUnit = lookup.appOfAdUnit(event.adUnitId);
  if (appOfUnit === event.appId) return { developerId, businessDay, refusal: null };
  const detail =
    appOfUnit === null
      ? `ad_unit_id "${event.adUnitId}" is not in the catalog; import it, then try the line again`
      : `ad_unit_id "${event.adUnitId}" belongs to app "${appOfUnit}", not to "${event.appId}"; correct one of them`;
  return { ownerId, refusal: { reason: 'unknown_ad_unit', field: 'ad_unit_id', detail } };
}
