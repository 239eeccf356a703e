import { APPLICATION_ROLE, type Queryable, SCHEMA } from './database.ts';

/** What is wrong with the login behind a session of the application: null, or in words, with the remedy. */
export async function excessiveLogin(q: Queryable): Promise<string | null> {
  const { rows } = await q.query<{ login: string; isOwner: boolean }>(
    `select session_user::text as login, pg_has_role(session_user, nspowner, 'member') as "isOwner"
     from pg_namespace
     where nspname = $1`,
    [SCHEMA],
  );
  if (rows[0]?.isOwner !== true) return null;
  return `the login ${rows[0].login} of DATABASE_URL has the owner's rights, so only the program keeps to ${APPLICATION_ROLE}'s: give it a login of its own (docs/operations.md, "Logins")`;
}
