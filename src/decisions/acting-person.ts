import type { Queryable } from '../db/database.ts';
import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';
import type { Person, Role } from './person.ts';
import { personAt } from './stored-persons.ts';

/**
 * The person who acts, if that one may.
 * @throws Refusal `unknown_person`, `person_disabled`, `wrong_role`
 */
export async function actingPerson(
  q: Queryable,
  {
    actor,
    at,
    roles,
    deed,
  }: {
    readonly actor: string;
    readonly at: Date;
    /** One of them is enough; none: any role will do. */
    readonly roles: readonly Role[];
    /** As in "may not propose a decision". */
    readonly deed: string;
  },
): Promise<Person> {
  const person = await personAt(q, { personId: actor, at });
  if (person === null) {
    throw new Refusal({
      code: 'unknown_person',
      message: `${shown(actor)} is no person known at ${at.toISOString()}`,
      remedy: 'give an id that "apportion persons list" shows, or import that person',
      details: { actor: shown(actor) },
    });
  }
  const details = { actor: person.personId };
  if (person.disabled) {
    throw new Refusal({
      code: 'person_disabled',
      message: `${shown(person.personId)} is disabled`,
      remedy: 'somebody else has to act',
      details,
    });
  }
  if (roles.length > 0 && !roles.some(role => person.roles.includes(role))) {
    throw new Refusal({
      code: 'wrong_role',
      message: `${shown(person.personId)} may not ${deed}: that takes the role ${roles.join(' or ')}`,
      remedy: 'somebody who has it must act',
      details: { ...details, roles: person.roles, needed: roles },
    });
  }
  return person;
}
