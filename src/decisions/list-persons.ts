import type { Queryable } from '../db/database.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import type { Role } from './person.ts';
import { personsInOrder } from './stored-persons.ts';

export interface PersonRow {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly Role[];
  readonly book: string | null;
  /** `not_yet`: the first version is not valid yet. */
  readonly status: 'active' | 'disabled' | 'not_yet';
  readonly valid_from: string;
  readonly version: number;
}

const CURSOR = [/^[ -~]{1,64}$/];

/** Persons as they are at an instant, by id. Refuses (`bad_limit`, `bad_cursor`) a page that can't be given. */
export async function listPersons(
  q: Queryable,
  {
    at,
    limit = DEFAULT_LIMIT,
    after,
  }: { readonly at: Date; readonly limit?: number; readonly after?: string | undefined },
): Promise<{ items: PersonRow[]; next: string | null }> {
  const [afterId = ''] = after === undefined ? [] : readCursor(after, CURSOR);
  const most = checkLimit(limit);
  const persons = await personsInOrder(q, { at, after: afterId, limit: most + 1 });
  const items = persons.slice(0, most).map(({ personId, name, roles, book, disabled, validFrom, version }) => ({
    id: personId,
    name,
    roles,
    book,
    status: validFrom > at ? ('not_yet' as const) : disabled ? ('disabled' as const) : ('active' as const),
    valid_from: validFrom.toISOString(),
    version,
  }));
  const last = items.at(-1);
  return { items, next: persons.length > most && last !== undefined ? writeCursor([last.id]) : null };
}
