import type pg from 'pg';

/**
 * SQL of SHA-256 over rows in an order: over the digests, one after the other, of each row as `rowText` has it, so that no book is too
 * large for one text. Of no rows it is null.
 */
export function digestOfRows({ columns, order }: { readonly columns: string; readonly order: string }): string {
  return `sha256(string_agg(sha256(convert_to(${rowText(columns)}, 'UTF8')), ''::bytea order by ${order}))`;
}

/**
 * SQL of a row's one text: the fields in parentheses with commas between, a null as nothing, and a field in double quotes, with those
 * in it and backslashes doubled, where it is empty or holds a comma, a parenthesis, a double quote, a backslash or white space. No two
 * rows have the same one.
 */
function rowText(columns: string): string {
  return `row(${columns})::text`;
}

/** Days and instants in texts as ISO 8601 has them, in UTC, until the transaction ends, whatever the session was told. */
export async function writeTimesAlike(tx: pg.ClientBase): Promise<void> {
  await tx.query(`set local datestyle = 'ISO'`);
  await tx.query(`set local timezone = 'UTC'`);
}
