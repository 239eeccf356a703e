import { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { dryRun } from '../../db/dry-run.ts';
import { lockPersons, recordPersons } from '../import-persons.ts';
import type { DecisionKind } from '../kind.ts';
import type { Person } from '../person.ts';
import { parsePersons } from '../person-file.ts';
import { fileNamed } from '../reference-kind.ts';

const MOST_PERSONS = 1_000;
const PERSONS = `write a list of 1 to ${MOST_PERSONS} persons, or {"file": "a file beside this one"}, as "persons import" takes it`;

const parameters = strictEntry({ persons: z.array(z.unknown(), PERSONS).min(1, PERSONS).max(MOST_PERSONS, PERSONS) });

/** Persons, new or with other roles: whoever may make persons could make both sides of every other decision. */
export const persons: DecisionKind<z.output<typeof parameters>> = {
  name: 'persons',
  parameters,

  complete: async (_tx, given, beside) => {
    const name = fileNamed(given);
    if (name === null) return { parameters: given, evidence: [] };
    const { text, source, evidence } = await beside(name);
    parsePersons(text, source);
    return { parameters: JSON.parse(text), evidence: [evidence] };
  },

  locks: () => ({ reference: 'shared', buckets: [] }),

  preview: async (tx, given, { at }) => {
    const { added, changed } = await dryRun(tx, async () => {
      await lockPersons(tx);
      return await recordPersons(tx, fileOf(given), at);
    });
    const notes = [
      ...added.map(person => `new: ${told(person)}`),
      ...changed.map(person => `changed: ${told(person)}`),
    ];
    return { transfers: [], due: [], summary: { moved: [], notes } };
  },

  apply: async (tx, { parameters: given }, { at }) => {
    await lockPersons(tx);
    await recordPersons(tx, fileOf(given), at);
  },

  summary: async (_tx, { parameters: given }) => ({
    moved: [],
    notes: fileOf(given).persons.map(person => told({ ...person, personId: person.id })),
  }),
};

function fileOf(given: z.output<typeof parameters>) {
  return parsePersons(JSON.stringify(given), 'parameters');
}

function told({
  personId,
  name,
  roles,
  book,
  disabled,
}: Pick<Person, 'personId' | 'name' | 'roles' | 'book' | 'disabled'>): string {
  const does = disabled ? 'disabled' : roles.length === 0 ? 'no role' : roles.join(', ');
  return `${personId} (${name}): ${does}${book === null ? '' : ` of ${book}`}`;
}
