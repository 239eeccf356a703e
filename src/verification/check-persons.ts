import type pg from 'pg';
import { APPROVERS, REJECTERS } from '../decisions/decide.ts';
import type { Decision } from '../decisions/decision.ts';
import { kindNamed } from '../decisions/kinds.ts';
import type { Role } from '../decisions/person.ts';
import { PROPOSERS } from '../decisions/propose.ts';
import { checkedDecisions } from '../decisions/stored-decisions.ts';
import type { Difference } from './difference.ts';
import { PersonBook } from './person-book.ts';

/** Whether everybody who proposed or decided could do so then, by the roles on record. */
export async function checkPersons(
  client: pg.ClientBase,
  { report }: { readonly report: (difference: Difference) => void },
): Promise<void> {
  const persons = await PersonBook.read(client);
  for (const { decision } of await checkedDecisions(client)) {
    for (const { personId, did, at, roles } of actsOf(decision)) {
      if (persons.couldAct(personId, { at, roles })) continue;
      const expected = `a person who could have ${did} at ${at.toISOString()}`;
      report({ table: 'person_versions', where: `decision ${decision.decisionId}`, expected, found: personId });
    }
  }
}

interface Act {
  readonly personId: string;
  readonly did: string;
  readonly at: Date;
  /** None: any will do. */
  readonly roles: readonly Role[];
}

function actsOf({ kind: name, proposedBy, proposedAt, outcome }: Decision): Act[] {
  const kind = kindNamed(name);
  const proposal = { personId: proposedBy, did: 'proposed it', at: proposedAt, roles: kind?.proposers ?? PROPOSERS };
  if (outcome === null) return [proposal];
  const approvers = kind?.approvers ?? APPROVERS;
  const roles = {
    applied: approvers,
    rejected: [...REJECTERS, ...approvers],
    withdrawn: [],
  }[outcome.outcome];
  return [proposal, { personId: outcome.actor, did: `${outcome.outcome} it`, at: outcome.decidedAt, roles }];
}
