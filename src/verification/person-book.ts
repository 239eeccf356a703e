import type { Queryable } from '../db/database.ts';
import type { Person, Role } from '../decisions/person.ts';
import { allPersonVersions } from '../decisions/stored-persons.ts';
import { aboutInstant } from '../domain/about-instant.ts';

/** What persons were allowed when, by all that is on record of them. */
export class PersonBook {
  readonly #versions: ReadonlyMap<string, readonly (Person & { readonly recordedAt: Date })[]>;

  private constructor(versions: readonly (Person & { readonly recordedAt: Date })[]) {
    this.#versions = Map.groupBy(versions, person => person.personId.toLowerCase());
  }

  static async read(q: Queryable): Promise<PersonBook> {
    return new PersonBook(await allPersonVersions(q));
  }

  /** When the first person was recorded; null while there is none. */
  get since(): Date | null {
    const instants = [...this.#versions.values()].flat().map(person => person.recordedAt.getTime());
    return instants.length === 0 ? null : new Date(instants.reduce((first, each) => Math.min(first, each)));
  }

  /** Whether a person, by the id as it was recorded first, may have acted at an instant in one of the roles; none: in any. */
  couldAct(personId: string, { at, roles }: { readonly at: Date; readonly roles: readonly Role[] }): boolean {
    const { surely, perhaps } = aboutInstant(at);
    // What was recorded later took nothing from what had been done, from whatever instant on it is valid.
    const known = (this.#versions.get(personId.toLowerCase()) ?? []).filter(
      person => person.recordedAt <= perhaps && person.validFrom <= at,
    );
    const last = known.findIndex(person => person.recordedAt <= surely);
    const possible = last < 0 ? known : known.slice(0, last + 1);
    return possible.some(
      person =>
        person.personId === personId &&
        !person.disabled &&
        (roles.length === 0 || roles.some(role => person.roles.includes(role))),
    );
  }
}
