import path from 'node:path';
import type pg from 'pg';
import { FileProblems } from '../catalog/file-problems.ts';
import { knownBooks } from '../catalog/known-books.ts';
import type { ReferenceFile } from '../catalog/reference-file.ts';
import { lockReference } from '../catalog/reference-version.ts';
import type { Database } from '../db/database.ts';
import { type Lock, takeLock } from '../db/lock.ts';
import type { Person } from './person.ts';
import { BAD_PERSONS, type PersonFile, type PersonInput, parsePersons } from './person-file.ts';
import { needsDecision } from './ready-decision.ts';
import { canDecideByTwo, insertPersonVersions, lastVersions } from './stored-persons.ts';

export const PERSONS_LOCK: Lock = {
  name: 'the lock of persons',
  holders: 'another import of persons',
  waitMs: 60_000,
  key: { text: 'apportion.persons', number: 0 },
};

export interface PersonsImport {
  readonly added: number;
  readonly changed: number;
  readonly unchanged: number;
}

/**
 * Imports persons in one transaction, as one person may: once two are on record of whom one may propose and the other approve, none that
 * are new or changed.
 * @throws Refusal `bad_persons`, `needs_decision`: nothing of the file was taken
 */
export async function importPersonsFile(
  { db, now }: { readonly db: Database; readonly now: () => Date },
  { text, source }: ReferenceFile,
): Promise<PersonsImport> {
  const file = parsePersons(text, source);
  return await db.transaction(async tx => {
    const at = now();
    // What one person imports alone, which nobody may any more once there are persons, has committed then or sees them.
    await lockReference(tx, 'shared');
    await lockPersons(tx);
    const twoMayDecide = await canDecideByTwo(tx, at);
    const { added, changed } = await recordPersons(tx, file, at);
    const counts = { added: added.length, changed: changed.length };
    if (twoMayDecide && counts.added + counts.changed > 0) {
      const parameters = { file: path.basename(source) };
      throw needsDecision({ ...counts, what: 'persons', kind: 'persons', source, parameters });
    }
    return { ...counts, unchanged: file.persons.length - counts.added - counts.changed };
  });
}

/** One recording at a time, so that versions are numbered in the order in which they commit. */
export async function lockPersons(tx: pg.ClientBase): Promise<void> {
  await takeLock(tx, PERSONS_LOCK);
}

export interface RecordedPersons {
  readonly added: readonly Person[];
  readonly changed: readonly Person[];
}

/**
 * Records persons who are new or described otherwise, as a new version. An id that differs from a recorded one only in case is that
 * person's. Take `lockPersons` before.
 * @throws Refusal `bad_persons`
 */
export async function recordPersons(tx: pg.ClientBase, file: PersonFile, at: Date): Promise<RecordedPersons> {
  await checkBooks(tx, file);
  const known = await lastVersions(
    tx,
    file.persons.map(person => person.id),
  );
  const fresh: Person[] = [];
  for (const input of file.persons) {
    const before = known.get(input.id.toLowerCase());
    if (before === undefined || differs(before, input)) fresh.push(versionAfter(before, input, at));
  }
  await insertPersonVersions(tx, fresh, at);
  return { added: fresh.filter(person => person.version === 1), changed: fresh.filter(person => person.version > 1) };
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
