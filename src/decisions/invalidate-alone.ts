import path from 'node:path';
import type pg from 'pg';
import type { Database } from '../db/database.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import { formatAmount, nanos } from '../domain/nanos.ts';
import type { SoleLimits } from '../domain/sole-limit.ts';
import { grossAtStake } from '../settlement/gross-at-stake.ts';
import {
  type InvalidateRequest,
  invalidateIn,
  type RecordedTraffic,
  type ReinstateRequest,
  reinstateIn,
} from '../settlement/invalidate-traffic.ts';
import { actingPerson } from './acting-person.ts';
import type { Person } from './person.ts';
import { PROPOSERS } from './propose.ts';
import { proposeInstead, type ReadyDecision, readyDecision } from './ready-decision.ts';
import { decidedAlone, insertSoleAct, type SoleAct } from './stored-sole-acts.ts';

export interface SoleDeps {
  readonly db: Database;
  readonly now: () => Date;
  readonly calendar: BusinessCalendar;
  readonly bucketCount: number;
  readonly soleLimits: SoleLimits;
}

/**
 * Invalidates single events as one person may: those whose apps earned, on the days concerned, no more than is left of the person's
 * limit of the day. A slice always takes two. The same again changes nothing.
 * @throws Refusal `needs_decision`, those of `actingPerson` and of `invalidateIn`
 */
export async function invalidateAlone(deps: SoleDeps, request: InvalidateRequest): Promise<RecordedTraffic> {
  return await deps.db.transaction(async tx => {
    const at = deps.now();
    const person = await actingPerson(tx, { ...request, at, roles: PROPOSERS, deed: 'invalidate traffic' });
    const recorded = await invalidateIn(tx, { ...deps, at }, { ...request, actor: person.personId });
    if (recorded.isNew) {
      await useLimit(tx, { ...deps, at }, { act: 'invalidate', person, recorded, instead: invalidation(request) });
    }
    return recorded;
  });
}

/**
 * Takes an invalidation back as one person may, within the same limit. A second time changes nothing.
 * @throws Refusal as `invalidateAlone`, and those of `reinstateIn`
 */
export async function reinstateAlone(deps: SoleDeps, request: ReinstateRequest): Promise<RecordedTraffic> {
  return await deps.db.transaction(async tx => {
    const at = deps.now();
    const person = await actingPerson(tx, { ...request, at, roles: PROPOSERS, deed: 'reinstate traffic' });
    const recorded = await reinstateIn(tx, { at }, { ...request, actor: person.personId });
    const { invalidationId, reason } = request;
    const instead = readyDecision('reinstate', { invalidation: invalidationId, ground: reason }, { reason });
    if (recorded.isNew) await useLimit(tx, { ...deps, at }, { act: 'reinstate', person, recorded, instead });
    return recorded;
  });
}

interface Act extends Pick<SoleAct, 'act'> {
  readonly person: Person;
  readonly recorded: RecordedTraffic;
  /** What to propose where it is too much for one. */
  readonly instead: ReadyDecision;
}

/** Under the reference lock, which recording has taken: two acts of a person at once can't both use what is left. */
async function useLimit(
  tx: pg.ClientBase,
  { at, soleLimits, ...deps }: Omit<SoleDeps, 'db' | 'now'> & { readonly at: Date },
  { act, person: { personId }, recorded: { invalidation }, instead }: Act,
): Promise<void> {
  const refuse = (message: string) =>
    new Refusal({
      code: 'needs_decision',
      message,
      remedy: proposeInstead(instead),
      details: { decision: instead },
    });
  if (soleLimits.size === 0) throw refuse(`to ${act} traffic takes two persons`);
  const atStake = await grossAtStake(tx, deps, invalidation);
  if (atStake === null) throw refuse(`a slice takes what comes later too, so to ${act} it takes two persons`);
  const businessDay = deps.calendar.dayOf(at.getTime());
  const before = await decidedAlone(tx, { personId, businessDay });
  for (const [currency, grossNanos] of atStake) {
    const limitNanos = soleLimits.get(currency) ?? nanos(0n);
    const beforeNanos = before.get(currency) ?? nanos(0n);
    if (beforeNanos + grossNanos > limitNanos) {
      const [gross, limit, used] = [grossNanos, limitNanos, beforeNanos].map(each => formatAmount(each, currency));
      throw refuse(
        `the apps of these events earned ${gross} ${currency} on the days concerned; one person may decide about ${limit} ${currency} a day, and ${used} of today's is used`,
      );
    }
    const { invalidationId } = invalidation;
    const spent = { currency, personId, businessDay, grossNanos, beforeNanos, limitNanos };
    await insertSoleAct(tx, { act, invalidationId, ...spent });
  }
}

function invalidation({ invalidationId, appId, of, reason, note }: InvalidateRequest): ReadyDecision {
  const traffic =
    'lines' in of
      ? { file: path.basename(of.source) }
      : {
          slice: {
            from: of.fromDay,
            to: of.toDay,
            ...(of.adUnitId === null ? {} : { ad_unit: of.adUnitId }),
            ...(of.eventType === null ? {} : { type: of.eventType }),
          },
        };
  return readyDecision('invalidate', { app: appId, code: reason, ...traffic }, { id: invalidationId, reason: note });
}
