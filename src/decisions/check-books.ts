import { knownBooks } from '../catalog/known-books.ts';
import { developersOfApps, knownDevelopers } from '../catalog/known-ids.ts';
import type { Queryable } from '../db/database.ts';
import { Refusal } from '../domain/errors.ts';
import { shown } from '../domain/shown.ts';

/** A book, and the app that an amount in it refers to. */
export interface BookEntry {
  readonly book: string;
  readonly app: string | null;
}

/**
 * Whether every book is there and every app is one of its developer's; of a provider's book, any app of the catalog. Of several
 * entries the refusal names the row.
 * @throws Refusal `unknown_book`, `unknown_app`, `app_of_another`
 */
export async function checkBooks(q: Queryable, entries: readonly BookEntry[]): Promise<void> {
  const books = [...new Set(entries.map(entry => entry.book))];
  const apps = [...new Set(entries.flatMap(entry => entry.app ?? []))];
  const known = await knownBooks(q, books);
  const developers = await knownDevelopers(q, books);
  const developerOf = await developersOfApps(q, apps);
  for (const [index, { book, app }] of entries.entries()) {
    const row = rowOf(entries, index);
    if (!known.has(book)) {
      const message = `${row}${shown(book)} is neither a developer nor a provider of the catalog`;
      throw refusal('unknown_book', message, { book });
    }
    if (app === null) continue;
    const developer = developerOf.get(app);
    if (developer === undefined) {
      throw refusal('unknown_app', `${row}${shown(app)} is not an app of the catalog`, { book, app });
    }
    if (developers.has(book) && developer !== book) {
      throw refusal('app_of_another', `${row}${shown(app)} is an app of ${shown(developer)}, not of ${shown(book)}`, {
        book,
        app,
      });
    }
  }
}

/** Which of several rows a message is about, counted as people count: "row 3: "; nothing where there is only one. */
export function rowOf(rows: readonly unknown[], index: number): string {
  return rows.length > 1 ? `row ${index + 1}: ` : '';
}

function refusal(code: string, message: string, details: Record<string, string>): Refusal {
  return new Refusal({ code, message, remedy: 'correct the id, or import the catalog first', details });
}
