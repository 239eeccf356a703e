import pg from 'pg';
import { Refusal } from '../domain/errors.ts';

export const LOCK_TIMEOUT = '55P03';
const DEADLOCK = '40P01';
const SERIALIZATION_FAILURE = '40001';
const IDLE_IN_TRANSACTION = '25P03';

/** Of somebody else who was in the way, and what it means. */
const CONFLICTS: ReadonlyMap<string, string> = new Map([
  [LOCK_TIMEOUT, 'somebody else held for too long what this was waiting for'],
  [DEADLOCK, 'this and somebody else were waiting for each other, so Postgres ended this'],
  [SERIALIZATION_FAILURE, 'somebody else changed the same meanwhile'],
  [IDLE_IN_TRANSACTION, 'this program stood still for too long while others waited for it, so Postgres ended its work'],
]);

/** SQLSTATE classes and codes that say "not now", whatever the data: the same work may succeed later. */
const SERVICE_CLASSES = ['08', '53', '57', '58'];
const SERVICE_CODES = [...CONFLICTS.keys(), '25006', '3D000', '28000', '28P01'];
/** Of a Refusal that such a failure comes out as. */
const SERVICE_REFUSALS = ['database_unavailable', 'database_busy'];
const NETWORK_CODES = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOENT',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EACCES',
];
/** pg reports a lost connection without any code. */
const LOST_CONNECTION =
  /connection terminated|connection error|client has encountered|timeout|not queryable|client was closed|socket/i;

/** SQLSTATE classes that the data itself brings about: a value out of range, a broken constraint, a raised exception. */
const DATA_CLASSES = ['21', '22', '23', 'P0'];

function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** True when Postgres is away, overloaded or in conflict, so that the same work should be tried again. */
export function isServiceFailure(error: unknown): boolean {
  if (error instanceof Refusal) return SERVICE_REFUSALS.includes(error.code);
  const code = codeOf(error);
  if (error instanceof pg.DatabaseError) {
    return code !== null && (SERVICE_CLASSES.includes(code.slice(0, 2)) || SERVICE_CODES.includes(code));
  }
  if (code !== null) return NETWORK_CODES.includes(code);
  return error instanceof Error && LOST_CONNECTION.test(error.message);
}

/** True when the rows handed over are at fault, so that a batch should be bisected. */
export function isDataFailure(error: unknown): boolean {
  if (error instanceof Refusal || isServiceFailure(error)) return false;
  const code = error instanceof pg.DatabaseError ? codeOf(error) : null;
  return code === null || DATA_CLASSES.includes(code.slice(0, 2));
}

/** A failure of the service as a Refusal with a remedy (exit code 3); anything else as it is. */
export function toServiceRefusal(error: unknown): unknown {
  if (error instanceof Refusal || !isServiceFailure(error)) return error;
  const code = codeOf(error);
  const said = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
  const conflict = code === null ? undefined : CONFLICTS.get(code);
  if (conflict !== undefined) return busyRefusal({ sqlstate: code, message: `${conflict} (${said})` });
  return new Refusal({
    code: 'database_unavailable',
    message: `Postgres can't be used: ${said}`,
    remedy: remedyFor(code),
    details: { sqlstate: code },
    exitCode: 3,
  });
}

/** The server is there, and somebody else is in the way: nothing of the transaction was done. */
export function busyRefusal({
  sqlstate,
  message,
}: {
  readonly sqlstate: string | null;
  readonly message: string;
}): Refusal {
  return new Refusal({
    code: 'database_busy',
    message,
    remedy: 'try again, for nothing was done by halves; who waits for whom is told by: npx apportion status',
    details: { sqlstate },
    exitCode: 3,
  });
}

function remedyFor(code: string | null): string {
  if (code === '28P01' || code === '28000') return 'check the user and password in DATABASE_URL';
  if (code === '3D000') return 'create the database, or correct its name in DATABASE_URL';
  if (code === '53100') return 'free space on the disk of the database; what was accepted is kept';
  return 'check that the server runs and can be reached; what was accepted is kept';
}
