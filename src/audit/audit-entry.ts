import type { Queryable } from '../db/database.ts';

/** The most that is kept of a command's parameters, in bytes of JSON. */
export const MAX_PARAMETERS_BYTES = 4096;

export interface AuditEntry {
  readonly entryId: string;
  readonly actor: string;
  readonly command: string;
  readonly parameters: object;
  readonly host: string;
  readonly osUser: string;
  readonly program: string;
  readonly beganAt: Date;
}

/** How a command ended: `refused` with nothing done, `failed` for want of a service or through a fault of the program. */
export interface AuditResult {
  readonly result: 'done' | 'refused' | 'failed';
  readonly exitCode: number;
  readonly refusalCode: string | null;
  readonly endedAt: Date;
}

/** Records that a command begins; what it does may follow only once this is committed. */
export async function insertEntry(q: Queryable, entry: AuditEntry): Promise<void> {
  await q.query(
    `insert into audit_entries (entry_id, actor, command, parameters, host, os_user, program, began_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      entry.entryId,
      entry.actor,
      entry.command,
      boundedJson(entry.parameters),
      entry.host,
      entry.osUser,
      entry.program,
      entry.beganAt,
    ],
  );
}

/** Records how it ended; of a command that never tells, the entry stays without a result. */
export async function insertResult(q: Queryable, entryId: string, result: AuditResult): Promise<void> {
  await q.query(
    'insert into audit_results (entry_id, result, exit_code, refusal_code, ended_at) values ($1, $2, $3, $4, $5)',
    [entryId, result.result, result.exitCode, result.refusalCode, result.endedAt],
  );
}

const SECRET_NAME = /password|passwd|secret|token|credential|key/i;
const USER_INFO = /\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi;
const LONG_TEXT = 200;
const LONG_LIST = 20;

/** JSON of at most 4 KiB: without secrets and the passwords of URLs; what is long is cut, and says how long it was. */
export function boundedJson(parameters: object): string {
  const json = JSON.stringify(shortened(parameters, ''));
  const bytes = Buffer.byteLength(json);
  return bytes <= MAX_PARAMETERS_BYTES ? json : JSON.stringify({ cut: `${bytes} bytes` });
}

function shortened(value: unknown, name: string): unknown {
  if (SECRET_NAME.test(name)) return '***';
  if (typeof value === 'string') {
    const text = value.toWellFormed().replaceAll('\0', '').replaceAll(USER_INFO, '$1***@');
    return text.length > LONG_TEXT ? `${text.slice(0, LONG_TEXT).toWellFormed()}… (${text.length} characters)` : text;
  }
  if (Array.isArray(value)) {
    const first = value.slice(0, LONG_LIST).map(each => shortened(each, name));
    return value.length > LONG_LIST ? [...first, `… (${value.length} in all)`] : first;
  }
  if (typeof value === 'object' && value !== null && !(value instanceof Date)) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shortened(inner, key)]));
  }
  return value;
}
