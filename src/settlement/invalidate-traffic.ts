import type pg from 'pg';
import { FileProblems } from '../catalog/file-problems.ts';
import { appsOfAdUnits, developersOfApps } from '../catalog/known-ids.ts';
import { lockReference } from '../catalog/reference-version.ts';
import { bucketOf } from '../domain/bucket.ts';
import { type BusinessCalendar, type BusinessDay, daysBetween } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';
import { type DueExtent, markDueWhere } from '../earnings/due-days.ts';
import { findAccepted } from '../events/find-accepted.ts';
import { ALONE_REASONS, DERIVED_REASONS } from '../traffic/checks.ts';
import { BAD_EVENT_LIST, type EventList } from '../traffic/event-list-file.ts';
import { eventNamed } from '../traffic/invalidation.ts';
import {
  invalidatedEvents,
  type NewInvalidation,
  type RecordedInvalidation,
  recordInvalidation,
  recordReinstatement,
  selectInvalidations,
} from '../traffic/stored-invalidations.ts';

export interface TrafficSlice {
  readonly adUnitId: string | null;
  readonly eventType: 'impression' | 'click' | null;
  readonly fromDay: BusinessDay;
  readonly toDay: BusinessDay;
}

export interface InvalidateRequest {
  /** The caller's name for it: the same decision handed in again changes nothing. */
  readonly invalidationId: string;
  readonly appId: string;
  readonly of: TrafficSlice | EventList;
  readonly reason: string;
  readonly actor: string;
  readonly note: string | null;
}

export interface ReinstateRequest {
  readonly invalidationId: string;
  readonly reason: string;
  readonly actor: string;
}

/** What recording needs; `at` is the instant that is recorded. */
export interface RecordContext {
  readonly calendar: BusinessCalendar;
  readonly bucketCount: number;
  readonly at: Date;
}

export interface RecordedTraffic {
  readonly invalidation: RecordedInvalidation;
  /** False: it was recorded before. */
  readonly isNew: boolean;
  /** What it marked due. */
  readonly due: readonly DueExtent[];
}

const MOST_DAYS = 366;
const REASON = /^[a-z][a-z0-9_]{0,63}$/;

/**
 * Records that traffic of an app does not count: a slice of it, events that come later included, or single accepted events of the
 * app's developer. Days that it concerns become due; the next run takes back what they are worth less.
 * @throws Refusal `unknown_app`, `unknown_ad_unit`, `bad_range`, `bad_reason`, `bad_event_list` for events that were not accepted,
 * `invalidation_differs` when another decision has that id
 */
export async function invalidateIn(
  tx: pg.ClientBase,
  deps: RecordContext,
  request: InvalidateRequest,
): Promise<RecordedTraffic> {
  checkReason(request.reason);
  const developerId = await developerOf(tx, request.appId);
  // Before the lock, for nothing that was accepted is ever taken back, and reading takes long.
  const { invalidation, extents } = await invalidationOf(tx, deps, { ...request, developerId });
  await lockReference(tx, 'exclusive');
  const before = await recordedWith(tx, request.invalidationId);
  if (before !== null) {
    await refuseOther(tx, before, invalidation);
    return { invalidation: before, isNew: false, due: [] };
  }
  await recordInvalidation(tx, invalidation, deps.at);
  await markDueWhere(tx, extents);
  return { invalidation: await mustHave(tx, request.invalidationId), isNew: true, due: extents };
}

/**
 * Takes an invalidation back: its days become due, and the next run gives back what it took. A second time changes nothing.
 * @throws Refusal `unknown_invalidation`
 */
export async function reinstateIn(
  tx: pg.ClientBase,
  { at }: Pick<RecordContext, 'at'>,
  request: ReinstateRequest,
): Promise<RecordedTraffic> {
  await lockReference(tx, 'exclusive');
  const invalidation = await recordedWith(tx, request.invalidationId);
  if (invalidation === null) {
    throw new Refusal({
      code: 'unknown_invalidation',
      message: `there is no invalidation ${shown(request.invalidationId)}`,
      remedy: 'see which there are with: npx apportion invalidations list',
      details: { invalidation: shown(request.invalidationId) },
    });
  }
  if (invalidation.reinstatement !== null) return { invalidation, isNew: false, due: [] };
  await recordReinstatement(tx, request, at);
  const { developerId, appId, fromDay, toDay, eventCount } = invalidation;
  const due = [{ developerId, currency: null, fromDay, toDay, appId: eventCount === null ? appId : null }];
  await markDueWhere(tx, due);
  return { invalidation: await mustHave(tx, request.invalidationId), isNew: true, due };
}

function checkReason(reason: string): void {
  const isCheck = [...ALONE_REASONS, ...DERIVED_REASONS].some(check => check === reason);
  if (REASON.test(reason) && !isCheck) return;
  throw new Refusal({
    code: 'bad_reason',
    message: `${shown(reason)} ${isCheck ? 'is the name of an automatic check' : 'is not a reason'}`,
    remedy: 'write a short code of lower-case letters, digits and underscores of your own, such as click_farm',
    details: { reason: shown(reason) },
    exitCode: 2,
  });
}

async function developerOf(tx: pg.ClientBase, appId: string): Promise<string> {
  const developerId = (await developersOfApps(tx, [appId])).get(appId);
  if (developerId !== undefined) return developerId;
  throw new Refusal({
    code: 'unknown_app',
    message: `there is no app ${shown(appId)}`,
    remedy: 'give the id of an app in the catalog',
    details: { app: shown(appId) },
  });
}

interface Prepared {
  readonly invalidation: NewInvalidation;
  readonly extents: readonly DueExtent[];
}

async function invalidationOf(
  tx: pg.ClientBase,
  deps: RecordContext,
  { of, developerId, ...request }: InvalidateRequest & { readonly developerId: string },
): Promise<Prepared> {
  const decision = { ...request, developerId };
  const extent = { developerId, currency: null };
  if ('fromDay' in of) {
    await checkSlice(tx, of, request.appId);
    const { adUnitId, eventType, fromDay, toDay } = of;
    const slice = { adUnitId, eventType, fromDay, toDay };
    return {
      invalidation: { ...decision, ...slice, events: null },
      extents: [{ ...extent, appId: request.appId, fromDay, toDay }],
    };
  }
  const days = await daysOf(tx, deps, { developerId, of });
  const all = { adUnitId: null, eventType: null, fromDay: days[0] as BusinessDay, toDay: days.at(-1) as BusinessDay };
  return {
    invalidation: { ...decision, ...all, events: [...of.lines.keys()].sort() },
    extents: days.map(day => ({ ...extent, appId: null, fromDay: day, toDay: day })),
  };
}

async function checkSlice(tx: pg.ClientBase, { adUnitId, fromDay, toDay }: TrafficSlice, appId: string): Promise<void> {
  if (toDay < fromDay || daysBetween({ from: fromDay, to: toDay }) >= MOST_DAYS) {
    throw new Refusal({
      code: 'bad_range',
      message: `the days from ${fromDay} to ${toDay} can't be a slice`,
      remedy: toDay < fromDay ? 'put the earlier day first' : `name at most ${MOST_DAYS} days at a time`,
      details: { from: fromDay, to: toDay },
      exitCode: 2,
    });
  }
  if (adUnitId === null || (await appsOfAdUnits(tx, [adUnitId])).get(adUnitId) === appId) return;
  throw new Refusal({
    code: 'unknown_ad_unit',
    message: `app ${shown(appId)} has no ad unit ${shown(adUnitId)}`,
    remedy: 'give the id of one of its ad units in the catalog',
    details: { app: appId, ad_unit: shown(adUnitId) },
  });
}

/** The business days of the events, each once, in order. */
async function daysOf(
  tx: pg.ClientBase,
  { calendar, bucketCount }: RecordContext,
  { developerId, of }: { readonly developerId: string; readonly of: EventList },
): Promise<BusinessDay[]> {
  const keys = [...of.lines.keys()];
  const bucket = bucketOf(developerId, bucketCount);
  const found = await findAccepted(tx, { bucket, developerId, calendar, names: keys.map(eventNamed) });
  const problems = new FileProblems({ source: of.source, code: BAD_EVENT_LIST });
  for (const [place, key] of keys.entries()) {
    if (found[place] !== null) continue;
    const fault = `no accepted event of developer "${developerId}"`;
    const remedy = 'correct it, or wait until its batch is processed; nothing of the file was taken';
    problems.add({ place: `line ${of.lines.get(key)}`, value: key, fault, remedy });
  }
  problems.refuseIfAny();
  return [...new Set(found.flatMap(each => each?.businessDay ?? []))].sort();
}

async function recordedWith(tx: pg.ClientBase, invalidationId: string): Promise<RecordedInvalidation | null> {
  const [found] = await selectInvalidations(tx, { invalidationIds: [invalidationId], limit: 1 });
  return found ?? null;
}

async function mustHave(tx: pg.ClientBase, invalidationId: string): Promise<RecordedInvalidation> {
  const found = await recordedWith(tx, invalidationId);
  if (found === null) throw new Error(`invalidation ${invalidationId} was not recorded`);
  return found;
}

async function refuseOther(tx: pg.ClientBase, before: RecordedInvalidation, asked: NewInvalidation): Promise<void> {
  const events = await invalidatedEvents(tx, before.invalidationId);
  if (contentOf({ ...before, events }) === contentOf(asked)) return;
  throw new Refusal({
    code: 'invalidation_differs',
    message: `${shown(before.invalidationId)} is the id of another invalidation, of app ${shown(before.appId)} for ${before.reason}`,
    remedy: 'give this one an id of its own',
    details: { invalidation: before.invalidationId },
  });
}

function contentOf(invalidation: NewInvalidation): string {
  const { developerId, appId, adUnitId, eventType, fromDay, toDay, events, reason, actor, note } = invalidation;
  return JSON.stringify([developerId, appId, adUnitId, eventType, fromDay, toDay, events, reason, actor, note]);
}
