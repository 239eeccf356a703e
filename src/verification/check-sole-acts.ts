import type pg from 'pg';
import { recordedInstants } from '../catalog/reference-version.ts';
import type { Decision } from '../decisions/decision.ts';
import { invalidate } from '../decisions/kinds/invalidate.ts';
import { reinstate } from '../decisions/kinds/reinstate.ts';
import { PROPOSERS } from '../decisions/propose.ts';
import { appliedOfKinds, findDecision, findDecisions } from '../decisions/stored-decisions.ts';
import { type SoleAct, soleActs } from '../decisions/stored-sole-acts.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { formatDecimal } from '../domain/nanos.ts';
import { eventKey } from '../traffic/invalidation.ts';
import { type InvalidationVersions, invalidatedEvents, invalidationVersions } from '../traffic/stored-invalidations.ts';
import { type Difference, NOTHING } from './difference.ts';
import { PersonBook } from './person-book.ts';
import { stakeAbout } from './stake-about.ts';

const INVALIDATIONS_AT_A_TIME = 500;

interface SoleActsCheck {
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly report: (difference: Difference) => void;
}

/** An invalidation, or that it was taken back. */
interface Deed {
  readonly act: SoleAct['act'];
  readonly invalidation: InvalidationVersions;
  readonly referenceVersion: number;
  readonly at: Date;
  readonly actor: string;
}

/**
 * Whether everything that was decided about traffic since there are persons was decided by two of them, as it stands, or by one within
 * the limit on record: by somebody who could, about no more than the apps concerned had earned by then, beside what the person had decided alone
 * that day.
 */
export async function checkSoleActs(client: pg.ClientBase, check: SoleActsCheck): Promise<void> {
  const persons = await PersonBook.read(client);
  const acts = await soleActs(client);
  const actsOf = Map.groupBy(acts, ({ act, invalidationId }) => `${act} ${invalidationId}`);
  const decisions = await decisionsByDeed(client);
  const deeds: Deed[] = [];
  const unknown = new Set([...actsOf.keys(), ...decisions.keys()]);
  for await (const deed of recordedDeeds(client)) {
    const key = keyOf(deed);
    unknown.delete(key);
    const alone = actsOf.get(key) ?? [];
    if (alone.length > 0) deeds.push(deed);
    const decisionId = decisions.get(key);
    // One at a time, for a decision may name very many events.
    const decided = decisionId === undefined ? null : await findDecision(client, decisionId);
    await checkDeed(client, deed, { ...check, persons, alone, decided });
  }
  for (const key of [...unknown].sort()) {
    check.report({ table: 'sole_acts', where: key, expected: 'what was decided, on record', found: NOTHING });
  }
  checkSums(deeds, { actsOf, report: check.report });
}

/** Those of versions that are missing are left to whoever tells of these. */
async function* recordedDeeds(client: pg.ClientBase): AsyncGenerator<Deed> {
  let beforeVersion: number | undefined;
  for (;;) {
    const some = await invalidationVersions(client, { beforeVersion, limit: INVALIDATIONS_AT_A_TIME });
    const deeds = some.flatMap(invalidation => {
      const { referenceVersion, actor, reinstatedVersion, reinstatedBy } = invalidation;
      const made = { act: 'invalidate', invalidation, referenceVersion, actor } as const;
      if (reinstatedVersion === null) return [made];
      return [made, { ...made, act: 'reinstate' as const, referenceVersion: reinstatedVersion, actor: reinstatedBy }];
    });
    const instants = await recordedInstants(client, [...new Set(deeds.map(deed => deed.referenceVersion))]);
    for (const deed of deeds) {
      const at = instants.get(deed.referenceVersion);
      if (at !== undefined) yield { ...deed, at };
    }
    beforeVersion = some.at(-1)?.referenceVersion;
    if (some.length < INVALIDATIONS_AT_A_TIME) return;
  }
}

/** Ids of the applied decisions, by what they decided. */
async function decisionsByDeed(client: pg.ClientBase): Promise<Map<string, string>> {
  const made = await appliedOfKinds(client, [invalidate.name]);
  const takenBack = await findDecisions(client, await appliedOfKinds(client, [reinstate.name]));
  return new Map([
    ...made.map(decisionId => [`invalidate ${decisionId}`, decisionId] as const),
    ...takenBack.map(({ decisionId, parameters }) => {
      const { invalidation } = reinstate.parameters.parse(parameters);
      return [`reinstate ${invalidation}`, decisionId] as const;
    }),
  ]);
}

async function checkDeed(
  client: pg.ClientBase,
  deed: Deed,
  {
    persons,
    alone,
    decided,
    report,
    ...check
  }: SoleActsCheck & {
    readonly persons: PersonBook;
    readonly alone: readonly SoleAct[];
    readonly decided: Decision | null;
  },
): Promise<void> {
  const { invalidation, at, actor } = deed;
  const where = keyOf(deed);
  const differs = (table: string, expected: string, found: string) => {
    if (expected !== found) report({ table, where, expected, found });
  };
  if (decided !== null) {
    differs('invalidations', toldBy(decided), await toldOf(client, deed));
    if (alone.length === 0) return;
  }
  const since = persons.since;
  // One decided while there were no persons is nobody's.
  if (alone.length === 0 && (since === null || at <= since)) return;
  const stakes = await stakeAbout(client, { ...check, at }, invalidation);
  if (stakes === null) {
    differs('sole_acts', 'a slice decided by two persons', `decided by ${actor} alone`);
    return;
  }
  if (!persons.couldAct(actor, { at, roles: PROPOSERS })) {
    differs('person_versions', 'a person who may propose', actor);
  }
  const day = check.calendar.dayOf(at.getTime());
  for (const currency of new Set([...alone.map(each => each.currency), ...stakes.keys()])) {
    const act = alone.find(each => each.currency === currency);
    const { leastNanos, mostNanos } = stakes.get(currency) ?? { leastNanos: 0n, mostNanos: 0n };
    if (act === undefined) {
      if (leastNanos > 0n) differs('sole_acts', `${decimal(leastNanos)} ${currency} decided alone`, NOTHING);
      continue;
    }
    differs('sole_acts', `by ${actor} on ${day}`, `by ${act.personId} on ${act.businessDay}`);
    if (act.grossNanos < leastNanos || act.grossNanos > mostNanos) {
      const range = leastNanos === mostNanos ? decimal(mostNanos) : `${decimal(leastNanos)} to ${decimal(mostNanos)}`;
      differs('sole_acts', `about ${range} ${currency}`, `about ${decimal(act.grossNanos)} ${currency}`);
    }
  }
}

/** What a person had decided alone before on a day is on record with each act, and all of it is within the limit. */
function checkSums(
  deeds: readonly Deed[],
  { actsOf, report }: Pick<SoleActsCheck, 'report'> & { readonly actsOf: ReadonlyMap<string, readonly SoleAct[]> },
): void {
  const decided = new Map<string, bigint>();
  for (const deed of deeds.toSorted((a, b) => a.referenceVersion - b.referenceVersion)) {
    for (const { personId, businessDay, currency, grossNanos, beforeNanos, limitNanos } of actsOf.get(keyOf(deed)) ??
      []) {
      const key = `${personId} ${businessDay} ${currency}`;
      const before = decided.get(key) ?? 0n;
      decided.set(key, before + grossNanos);
      const differs = (expected: string, found: string) =>
        report({ table: 'sole_acts', where: `${keyOf(deed)} ${currency}`, expected, found });
      if (beforeNanos !== before) differs(`${decimal(before)} before`, `${decimal(beforeNanos)} before`);
      const allNanos = before + grossNanos;
      if (allNanos > limitNanos) differs(`at most ${decimal(limitNanos)} in all`, `${decimal(allNanos)} in all`);
    }
  }
}

function keyOf({ act, invalidation }: Pick<Deed, 'act' | 'invalidation'>): string {
  return `${act} ${invalidation.invalidationId}`;
}

async function toldOf(client: pg.ClientBase, { act, invalidation, actor }: Deed): Promise<string> {
  if (act === 'reinstate') return JSON.stringify([actor, invalidation.reinstatedReason]);
  const { appId, reason, adUnitId, eventType, fromDay, toDay, note } = invalidation;
  const events = await invalidatedEvents(client, invalidation.invalidationId);
  const slice = events === null ? [fromDay, toDay, adUnitId, eventType] : null;
  return JSON.stringify([actor, appId, reason, note, slice, events]);
}

function toldBy({ kind, parameters: given, proposedBy }: Decision): string {
  if (kind === reinstate.name) return JSON.stringify([proposedBy, reinstate.parameters.parse(given).ground]);
  const parameters = invalidate.parameters.parse(given);
  const { app, code } = parameters;
  const slice =
    'slice' in parameters
      ? [parameters.slice.from, parameters.slice.to, parameters.slice.ad_unit ?? null, parameters.slice.type ?? null]
      : null;
  const events = 'events' in parameters ? [...new Set(parameters.events.map(eventKey))].sort() : null;
  return JSON.stringify([proposedBy, app, code, null, slice, events]);
}

function decimal(amount: bigint): string {
  return formatDecimal(amount, 2);
}
