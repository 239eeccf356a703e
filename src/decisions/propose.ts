import type { ReferenceFile } from '../catalog/reference-file.ts';
import type { Database } from '../db/database.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';
import { actingPerson } from './acting-person.ts';
import { type Decision, isSameProposal, statusAt } from './decision.ts';
import { completeProposal, parseProposal } from './decision-file.ts';
import type { DecisionKind, Effects } from './kind.ts';
import { kindNamed } from './kinds.ts';
import type { Role } from './person.ts';
import { findDecision, insertDecision } from './stored-decisions.ts';

export interface DecisionDeps {
  readonly db: Database;
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly now: () => Date;
}

/** Unless the kind names others. */
export const PROPOSERS: readonly Role[] = ['finance', 'operator'];

/**
 * Records a proposal and tells what its approval would do; the same one again changes nothing.
 * @throws Refusal `bad_decision`, `bad_csv`, `evidence_differs`, `decision_differs`, `decision_expired`, those of `actingPerson`, and
 * the kind's reason where it can't be done
 */
export async function propose(
  { db, bucketCount, calendar, now }: DecisionDeps,
  { file, actor }: { readonly file: ReferenceFile; readonly actor: string },
): Promise<{ decision: Decision; effects: Effects | null; fresh: boolean }> {
  const parsed = await parseProposal(file);
  return await db.transaction(async tx => {
    const at = now();
    const kind = kindOf(parsed.kind);
    const roles = kind.proposers ?? PROPOSERS;
    const person = await actingPerson(tx, { actor, at, roles, deed: `propose "${kind.name}"` });
    const proposal = await completeProposal(tx, parsed, { at, calendar });
    const decision: Decision = { ...proposal, proposedBy: person.personId, proposedAt: at, outcome: null };
    const before = await findDecision(tx, decision.decisionId);
    if (before !== null) return again(before, decision);
    if (statusAt(decision, at) === 'expired') throw alreadyPast(decision, at);
    const effects = await kind.preview(tx, decision.parameters, { bucketCount, calendar, at, proposedAt: at });
    if (await insertDecision(tx, decision)) return { decision, effects, fresh: true };
    // Somebody else has just recorded the id.
    const first = await findDecision(tx, decision.decisionId);
    if (first === null) throw new Error(`decision ${decision.decisionId} is taken and not there`);
    return again(first, decision);
  });
}

export function kindOf(name: string): DecisionKind {
  const kind = kindNamed(name);
  if (kind !== null) return kind;
  throw new Refusal({
    code: 'unknown_kind',
    message: `this program knows no decisions of the kind ${shown(name)}`,
    remedy: 'update it',
    details: { kind: shown(name) },
  });
}

function again(before: Decision, decision: Decision): { decision: Decision; effects: null; fresh: false } {
  const { decisionId, proposedBy } = before;
  const isSame = isSameProposal(before, decision);
  if (isSame && proposedBy === decision.proposedBy) return { decision: before, effects: null, fresh: false };
  throw new Refusal({
    code: 'decision_differs',
    message: `${proposedBy} has proposed ${isSame ? 'the same' : 'something else'} as decision ${shown(decisionId)}`,
    remedy: isSame ? 'it needs no second proposal, but somebody who approves it' : 'give this one an id of its own',
    details: { id: decisionId, proposed_by: proposedBy },
  });
}

function alreadyPast({ expiresAt }: Decision, at: Date): Refusal {
  return new Refusal({
    code: 'decision_expired',
    message: `expires_at is ${expiresAt?.toISOString()}, and it is ${at.toISOString()} already`,
    remedy: 'give a later instant, or none',
  });
}
