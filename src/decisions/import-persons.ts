import type pg from 'pg';
import { FileProblems } from '../catalog/file-problems.ts';
import { knownBooks } from '../catalog/known-books.ts';
import type { ReferenceFile } from '../catalog/reference-file.ts';
import { lockReference } from '../catalog/reference-version.ts';
import type { Database } from '../db/database.ts';
import type { Person } from './person.ts';
import { BAD_PERSONS, type PersonFile, type PersonInput, parsePersons } from './person-file.ts';
import { insertPersonVersions, lastVersions } from './stored-persons.ts';

export interface PersonsImport {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
}

/**
 * Records persons who are new or described otherwise as a new version, in one transaction; a second import of the same file changes
 * nothing. An id that differs from a recorded one only in case is that person's.
 * @throws Refusal `bad_persons`: nothing of the file was taken
 */
export async function importPersonsFile(
  { db, now }: { readonly db: Database; readonly now: () => Date },
  { text, source }: ReferenceFile,
): Promise<PersonsImport> {
  const file = parsePersons(text, source);
  return await db.transaction(async tx => {
    // What one person imports alone, which nobody may any more once there are persons, has committed then or sees them.
    await lockReference(tx, 'shared');
    // One import at a time, so that versions are numbered in the order in which they commit.
    await tx.query(`select pg_advisory_xact_lock(hashtextextended('apportion.persons', 0))`);
    await checkBooks(tx, file);
    const recordedAt = now();
    const known = await lastVersions(
      tx,
      file.persons.map(person => person.id),
    );
    const fresh: Person[] = [];
    for (const input of file.persons) {
      const before = known.get(input.id.toLowerCase());
      if (before === undefined || differs(before, input)) fresh.push(versionAfter(before, input, recordedAt));
    }
    await insertPersonVersions(tx, fresh, recordedAt);
    const added = fresh.filter(person => person.version === 1).length;
    return { added, changed: fresh.length - added, unchanged: file.persons.length - fresh.length };
  });
}

async function checkBooks(tx: pg.ClientBase, { source, persons }: PersonFile): Promise<void> {
  const problems = new FileProblems({ source, code: BAD_PERSONS });
  const named = persons.filter(person => person.book !== null);
  const known = await knownBooks(
    tx,
    named.map(person => person.book as string),
  );
  for (const { place, book } of named) {
    if (known.has(book as string)) continue;
    const remedy = 'import the catalog with that developer or provider first, or correct the id';
    problems.add({ place: `${place}.book`, value: book, fault: 'which the catalog does not have', remedy });
  }
  problems.refuseIfAny();
}

function differs(before: Person, input: PersonInput): boolean {
  return (
    before.name !== input.name ||
    before.book !== input.book ||
    before.disabled !== input.disabled ||
    before.roles.join() !== input.roles.join() ||
    (input.validFrom !== null && input.validFrom.getTime() !== before.validFrom.getTime())
  );
}

function versionAfter(before: Person | undefined, input: PersonInput, recordedAt: Date): Person {
  const { name, roles, book, disabled } = input;
  const personId = before?.personId ?? input.id;
  const version = 1 + (before?.version ?? 0);
  return { personId, version, name, roles, book, disabled, validFrom: input.validFrom ?? recordedAt };
}
