import { Refusal } from './errors.ts';
import { shown } from './shown.ts';

export const DEFAULT_LIMIT = 1000;
export const MAX_LIMIT = 100_000;

/** Refuses (`bad_limit`) what is not a whole number from 1 to 100,000. */
export function checkLimit(limit: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new Refusal({
    code: 'bad_limit',
    message: `${shown(limit)} is not a limit`,
    remedy: `give a whole number from 1 to ${MAX_LIMIT}, and go on with the page's "next"`,
    details: { limit: shown(limit) },
    exitCode: 2,
  });
}

/** The key of a page's last row, for the next page to go on after it. */
export function writeCursor(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

/** Refuses (`bad_cursor`) what `writeCursor` did not make of a key that matches the patterns. */
export function readCursor(cursor: string, patterns: readonly RegExp[]): string[] {
  const key = parsed(Buffer.from(cursor, 'base64url').toString());
  const matches = key?.length === patterns.length && patterns.every((pattern, index) => pattern.test(key[index] ?? ''));
  if (key !== null && matches) return key;
  throw new Refusal({
    code: 'bad_cursor',
    message: `${shown(cursor)} does not continue this list`,
    remedy: 'give the "next" of the page before, with the same filters',
    details: { after: shown(cursor) },
    exitCode: 2,
  });
}

function parsed(text: string): string[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every(part => typeof part === 'string') ? value : null;
  } catch {
    return null;
  }
}
