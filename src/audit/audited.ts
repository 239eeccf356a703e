import { randomUUIDv7 } from 'node:crypto';
import { hostname, userInfo } from 'node:os';
import type { Queryable } from '../db/database.ts';
import { isRefusal } from '../domain/errors.ts';
import { uuidSequence } from '../domain/uuid-sequence.ts';
import { type AuditResult, insertEntry, insertResult } from './audit-entry.ts';

/** What is about to be done, and by whom. */
export interface Deed {
  /** Null: the login under which the program runs. */
  readonly actor: string | null;
  readonly command: string;
  readonly parameters: object;
  /** Which part of the program does it, as in `apportion command`. */
  readonly program: string;
}

const UNPRINTABLE = /[^ -~]/g;
const MAX_NAME = 64;

/** Deeds begun in the same millisecond keep their order in the log. */
const nextEntryId = uuidSequence(randomUUIDv7);

/** The actor of what the schedules start. */
export const NIGHTLY_ACTOR = 'system:nightly';

/** Records that a deed begins; returns what records its end. */
export async function beginDeed(
  q: Queryable,
  { actor, ...deed }: Deed,
  now: () => Date,
): Promise<(end: Omit<AuditResult, 'endedAt'>) => Promise<void>> {
  const entryId = nextEntryId();
  const osUser = systemUser();
  await insertEntry(q, {
    entryId,
    ...deed,
    actor: actor ?? `os:${osUser}`.slice(0, MAX_NAME),
    host: printable(hostname()),
    osUser,
    beganAt: now(),
  });
  return async end => await insertResult(q, entryId, { ...end, endedAt: now() });
}

/** Does something on record; what it throws is recorded and thrown on. */
export async function onRecord<Value>(
  { db, now }: { readonly db: Queryable; readonly now: () => Date },
  deed: Deed,
  work: () => Promise<Value>,
): Promise<Value> {
  const end = await beginDeed(db, deed, now);
  try {
    const value = await work();
    await end({ result: 'done', exitCode: 0, refusalCode: null });
    return value;
  } catch (error) {
    // What went wrong is worth more to the caller than that it can't be recorded.
    await end(endOf(error)).catch(() => {});
    throw error;
  }
}

/** How a deed ends that throws this. */
export function endOf(error: unknown): Omit<AuditResult, 'endedAt'> {
  if (!isRefusal(error)) return { result: 'failed', exitCode: 1, refusalCode: 'internal_error' };
  const { code, exitCode } = error;
  return { result: exitCode === 3 ? 'failed' : 'refused', exitCode, refusalCode: code };
}

function systemUser(): string {
  try {
    return printable(userInfo().username);
  } catch {
    // A user id that the system has no name for, as in a container.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, '?').slice(0, MAX_NAME);
}
