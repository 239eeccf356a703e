import { z } from 'zod';
import { parseEntries, parseLists, strictEntry } from '../catalog/file-entries.ts';
import { idField, parsedField, textField } from '../catalog/file-fields.ts';
import { FileProblems } from '../catalog/file-problems.ts';
import { isActor, RESERVED_PREFIXES } from '../domain/ids.ts';
import { parseInstant } from '../domain/instant.ts';
import { ROLES, type Role } from './person.ts';

/** A person of a file, with the place for messages. */
export interface PersonInput {
  readonly place: string;
  readonly id: string;
  readonly name: string;
  /** In the order of `ROLES`. */
  readonly roles: readonly Role[];
  readonly book: string | null;
  readonly disabled: boolean;
  /** Null: from the import on. */
  readonly validFrom: Date | null;
}

export interface PersonFile {
  /** The file's name, for messages. */
  readonly source: string;
  readonly persons: readonly PersonInput[];
}

export const BAD_PERSONS = 'bad_persons';

const ID = `write an id without spaces around it that does not begin with ${RESERVED_PREFIXES.map(each => `"${each}"`).join(' or ')}`;
const ROLE = `write some of ${ROLES.map(role => `"${role}"`).join(', ')}`;
const INSTANT = 'write an instant with its offset, such as "2018-04-15T00:00:00+08:00"';

const personEntry = strictEntry({
  id: idField.refine(id => id.trim() === id && isActor(id), ID),
  name: textField(200),
  roles: z.array(z.enum(ROLES, ROLE), ROLE).max(ROLES.length, ROLE),
  book: idField.nullable().default(null),
  disabled: z.boolean('write true or false').default(false),
  valid_from: parsedField(INSTANT, text => (Number.isNaN(parseInstant(text)) ? null : text))
    .nullable()
    .default(null),
});

/**
 * Persons from the text of a JSON file; `source` names the file in messages.
 * @throws Refusal `bad_persons` naming place, value and remedy of the first problem; its details list the first 20
 */
export function parsePersons(text: string, source: string): PersonFile {
  const { persons = [] } = parseLists(text, { source, code: BAD_PERSONS, lists: ['persons'] });
  const problems = new FileProblems({ source, code: BAD_PERSONS });
  const inputs: PersonInput[] = [];
  const seen = new Set<string>();
  for (const { place, value } of parseEntries(persons, { list: 'persons', schema: personEntry, problems })) {
    const person = inputOf(place, value);
    if (seen.has(person.id.toLowerCase())) {
      const fault = 'the id of an earlier entry too, for case makes no difference';
      problems.add({ place: `${place}.id`, value: person.id, fault, remedy: 'keep one of them' });
    }
    seen.add(person.id.toLowerCase());
    if (person.book !== null && !person.roles.some(role => role === 'developer' || role === 'producer')) {
      const fault = 'but neither a developer nor a producer has one';
      problems.add({ place: `${place}.book`, value: person.book, fault, remedy: 'remove it, or add the role' });
    }
    inputs.push(person);
  }
  problems.refuseIfAny();
  return { source, persons: inputs };
}

function inputOf(place: string, entry: z.output<typeof personEntry>): PersonInput {
  return {
    place,
    id: entry.id,
    name: entry.name,
    roles: ROLES.filter(role => entry.roles.includes(role)),
    book: entry.book,
    disabled: entry.disabled,
    validFrom: entry.valid_from === null ? null : new Date(parseInstant(entry.valid_from)),
  };
}
