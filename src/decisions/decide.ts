import type pg from 'pg';
import { lockReference } from '../catalog/reference-version.ts';
import { takeTurn } from '../db/turn.ts';
import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';
import { prepareLedger } from '../ledger/posting.ts';
import { actingPerson } from './acting-person.ts';
import { type Decision, type Outcome, statusAt } from './decision.ts';
import type { DecisionKind, KindContext } from './kind.ts';
import type { Person, Role } from './person.ts';
import { type DecisionDeps, kindOf } from './propose.ts';
import { findDecision, insertOutcome } from './stored-decisions.ts';

export interface Deciding {
  readonly decisionId: string;
  readonly actor: string;
  readonly note: string | null;
}

/** A decision after somebody has decided; not `fresh` where it had ended that way before and nothing was changed. */
export interface Decided {
  readonly decision: Decision;
  readonly fresh: boolean;
}

/** Unless the kind names others. */
export const APPROVERS: readonly Role[] = ['approver'];
/** Besides those that the kind names to approve. */
export const REJECTERS: readonly Role[] = ['approver', 'finance'];

/**
 * Applies a decision, whole or not at all: what it does and the record of it commit together. Approving an applied one again, as
 * somebody who may, changes nothing.
 * @throws Refusal `unknown_decision`, `decision_ended`, `decision_expired`, `own_decision`, those of `actingPerson`; the kind's reason
 * where it can't be applied any more, and then it stays proposed
 */
export async function approve(deps: DecisionDeps, deciding: Deciding): Promise<Decided> {
  const { db, bucketCount, calendar, now } = deps;
  const at = now();
  // Nobody's locks are taken, and no room made, for somebody who may not.
  const proposed = await db.snapshot(async tx => {
    const decision = await mustFind(tx, deciding.decisionId);
    await approverOf(tx, decision, { ...deciding, at });
    return decision;
  });
  if (proposed.outcome !== null) return ended(proposed, 'applied');
  refuseExpired(proposed, at);
  const kind = kindOf(proposed.kind);
  const parameters = kind.parameters.parse(proposed.parameters);
  const context = { bucketCount, calendar, at };
  await makeRoom(deps, kind, { parameters, context });
  return await db.transaction(async tx => {
    await takeLocks(tx, kind, { parameters, context });
    // Once more under the locks: somebody may have decided, or persons may have changed, while they were awaited.
    const decision = await mustFind(tx, deciding.decisionId);
    const person = await approverOf(tx, decision, { ...deciding, at });
    if (decision.outcome !== null) return ended(decision, 'applied');
    const decided = await record(tx, decision, { ...deciding, outcome: 'applied', person, at });
    if (!decided.fresh) return decided;
    const { decisionId, proposedBy, proposedAt, reason } = decision;
    const approved = { decisionId, parameters, proposedBy, proposedAt, approvedBy: person.personId, reason };
    await kind.apply(tx, approved, { ...context, helper: db });
    return decided;
  });
}

/**
 * Ends a proposal for good, without a trace on money.
 * @throws Refusal as `approve`
 */
export async function reject({ db, now }: DecisionDeps, deciding: Deciding): Promise<Decided> {
  return await db.transaction(async tx => {
    const at = now();
    const decision = await mustFind(tx, deciding.decisionId);
    const kind = kindOf(decision.kind);
    const roles = [...REJECTERS, ...(kind.approvers ?? [])];
    const person = await actingPerson(tx, { ...deciding, at, roles, deed: `reject "${kind.name}"` });
    if (decision.outcome !== null) return ended(decision, 'rejected');
    refuseExpired(decision, at);
    return await record(tx, decision, { ...deciding, outcome: 'rejected', person, at });
  });
}

/**
 * Takes one's own proposal back.
 * @throws Refusal `not_proposer`, and as `approve`
 */
export async function withdraw({ db, now }: DecisionDeps, deciding: Deciding): Promise<Decided> {
  return await db.transaction(async tx => {
    const at = now();
    const decision = await mustFind(tx, deciding.decisionId);
    const person = await actingPerson(tx, { ...deciding, at, roles: [], deed: 'withdraw it' });
    if (person.personId !== decision.proposedBy) {
      throw new Refusal({
        code: 'not_proposer',
        message: `decision ${shown(decision.decisionId)} was proposed by ${decision.proposedBy}`,
        remedy: 'who proposed it withdraws it; an approver or finance may reject it',
        details: { id: decision.decisionId, proposed_by: decision.proposedBy },
      });
    }
    if (decision.outcome !== null) return ended(decision, 'withdrawn');
    refuseExpired(decision, at);
    return await record(tx, decision, { ...deciding, outcome: 'withdrawn', person, at });
  });
}

/** @throws Refusal `unknown_decision` */
export async function knownDecision({ db }: Pick<DecisionDeps, 'db'>, decisionId: string): Promise<Decision> {
  return await db.snapshot(tx => mustFind(tx, decisionId));
}

async function mustFind(tx: pg.ClientBase, decisionId: string): Promise<Decision> {
  const decision = await findDecision(tx, decisionId);
  if (decision !== null) return decision;
  throw new Refusal({
    code: 'unknown_decision',
    message: `there is no decision ${shown(decisionId)}`,
    remedy: 'give an id that "apportion decisions list" shows',
    details: { id: shown(decisionId) },
  });
}

interface Prepared {
  readonly parameters: unknown;
  readonly context: KindContext;
}

/** Before the transaction, for making a partition waits for nobody only where nothing else is held. */
async function makeRoom({ db }: DecisionDeps, kind: DecisionKind, { parameters, context }: Prepared): Promise<void> {
  for (const day of kind.ledgerDays?.(parameters, context) ?? []) await prepareLedger(db, day);
}

/** Reference, then turns in the order of the buckets, as everybody takes them. */
async function takeLocks(tx: pg.ClientBase, kind: DecisionKind, { parameters, context }: Prepared): Promise<void> {
  const { reference, buckets } = kind.locks(parameters, context);
  await lockReference(tx, reference);
  for (const bucket of [...new Set(buckets)].sort((a, b) => a - b)) await takeTurn(tx, bucket);
}

async function record(
  tx: pg.ClientBase,
  decision: Decision,
  { outcome, person, note, at }: Pick<Outcome, 'outcome' | 'note'> & { readonly person: Person; readonly at: Date },
): Promise<Decided> {
  const end: Outcome = { outcome, actor: person.personId, note, decidedAt: at };
  if (await insertOutcome(tx, decision, end)) return { decision: { ...decision, outcome: end }, fresh: true };
  // Somebody else was quicker and has committed.
  return ended(await mustFind(tx, decision.decisionId), outcome);
}

/** A decision that has ended: told where it ended as is asked for again, refused otherwise. */
function ended(decision: Decision, asked: Outcome['outcome']): Decided {
  const { decisionId, outcome } = decision;
  if (outcome?.outcome === asked) return { decision, fresh: false };
  const what = `${outcome?.outcome} by ${outcome?.actor} at ${outcome?.decidedAt.toISOString()}`;
  throw new Refusal({
    code: 'decision_ended',
    message: `decision ${shown(decisionId)} was ${what}`,
    remedy: 'propose anew what is still wanted',
    details: { id: decisionId, status: outcome?.outcome, actor: outcome?.actor },
  });
}

/** Who approves, if that one may and has not proposed it. */
async function approverOf(
  tx: pg.ClientBase,
  decision: Decision,
  { actor, at }: Pick<Deciding, 'actor'> & { readonly at: Date },
): Promise<Person> {
  const kind = kindOf(decision.kind);
  const roles = kind.approvers ?? APPROVERS;
  const person = await actingPerson(tx, { actor, at, roles, deed: `approve "${kind.name}"` });
  refuseOwn(decision, person);
  return person;
}

function refuseExpired(decision: Decision, at: Date): void {
  if (statusAt(decision, at) !== 'expired') return;
  throw new Refusal({
    code: 'decision_expired',
    message: `decision ${shown(decision.decisionId)} expired at ${decision.expiresAt?.toISOString()}`,
    remedy: 'propose anew what is still wanted',
    details: { id: decision.decisionId, expires_at: decision.expiresAt?.toISOString() },
  });
}

function refuseOwn({ decisionId, proposedBy }: Decision, { personId }: Person): void {
  if (personId.toLowerCase() !== proposedBy.toLowerCase()) return;
  throw new Refusal({
    code: 'own_decision',
    message: `${shown(personId)} has proposed decision ${shown(decisionId)} and can't approve it`,
    remedy: 'another approver has to',
    details: { id: decisionId, proposed_by: proposedBy },
  });
}
