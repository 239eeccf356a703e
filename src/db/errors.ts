import pg from 'pg';
import { Refusal } from '../domain/errors.ts';

/** SQLSTATE classes and codes that say "not now", whatever the data: the same work may succeed later. */
const SERVICE_CLASSES = ['08', '53', '57', '58'];
const SERVICE_CODES = ['40001', '40P01', '25006', '55P03', '3D000', '28000', '28P01'];
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
  if (error instanceof Refusal) return error.code === 'database_unavailable';
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
  return new Refusal({
    code: 'database_unavailable',
    message: `Postgres can't be used: ${said}`,
    remedy: remedyFor(code),
    details: { sqlstate: code },
    exitCode: 3,
  });
}

function remedyFor(code: string | null): string {
  if (code === '28P01' || code === '28000') return 'check the user and password in DATABASE_URL';
  if (code === '3D000') return 'create the database, or correct its name in DATABASE_URL';
  if (code === '53100') return 'free space on the disk of the database; what was accepted is kept';
  return 'check that the server runs and can be reached; what was accepted is kept';
}
