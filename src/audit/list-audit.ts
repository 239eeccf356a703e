import type pg from 'pg';
import type { Queryable } from '../db/database.ts';
import { streamRows } from '../db/stream-rows.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import type { AuditResult } from './audit-entry.ts';

export interface AuditFilters {
  /** In any case. */
  readonly actor?: string | undefined;
  /** As it was given, such as `plans import`; `plans` names all that begin so. */
  readonly command?: string | undefined;
  /** Instants at which it began: from the first, before the second. */
  readonly from?: Date | undefined;
  readonly to?: Date | undefined;
}

export interface AuditRow {
  readonly id: string;
  readonly began_at: string;
  readonly ended_at: string | null;
  readonly actor: string;
  readonly command: string;
  /** Null: it still runs, or was interrupted. */
  readonly result: AuditResult['result'] | null;
  readonly exit_code: number | null;
  readonly refusal_code: string | null;
  readonly host: string;
  readonly os_user: string;
  readonly program: string;
  readonly parameters: object;
}

type SelectedRow = Omit<AuditRow, 'began_at' | 'ended_at'> & {
  readonly began_at: Date;
  readonly ended_at: Date | null;
};

const CURSOR = [/^\d{4}-\d\d-\d\dT[\d:.]+Z$/, /^[0-9a-f-]{36}$/];

const SELECT = `select entry_id as id, began_at, ended_at, actor, command, result, exit_code, refusal_code, host, os_user, program,
    parameters
  from audit_entries
  left join audit_results using (entry_id)
  where ($1::text is null or lower(actor collate "C") = lower($1 collate "C"))
    and ($2::text is null or command = $2 or starts_with(command, $2 || ' '))
    and ($3::timestamptz is null or began_at >= $3) and ($4::timestamptz is null or began_at < $4)
    and ($5::timestamptz is null or (began_at, entry_id) < ($5, $6::uuid))
  order by began_at desc, entry_id desc`;

/** Commands that changed anything, or tried, the last first. Refuses (`bad_limit`, `bad_cursor`) a page that can't be given. */
export async function listAudit(
  q: Queryable,
  { limit = DEFAULT_LIMIT, ...asked }: AuditFilters & After & { readonly limit?: number },
): Promise<{ items: AuditRow[]; next: string | null }> {
  const most = checkLimit(limit);
  const { rows } = await q.query<SelectedRow>(`${SELECT} limit $7`, [...valuesOf(asked), most + 1]);
  const items = rows.slice(0, most).map(auditRow);
  const last = items.at(-1);
  return { items, next: rows.length > most && last !== undefined ? writeCursor([last.began_at, last.id]) : null };
}

/**
 * All of them behind `after`, for an export; `tx` is a snapshot that runs nothing else until the last row is read. Refuses `bad_cursor`.
 */
export async function* streamAudit(tx: pg.ClientBase, asked: AuditFilters & After): AsyncGenerator<AuditRow> {
  for await (const row of streamRows<SelectedRow>(tx, SELECT, valuesOf(asked))) yield auditRow(row);
}

interface After {
  readonly after?: string | undefined;
}

function valuesOf({ actor, command, from, to, after }: AuditFilters & After): unknown[] {
  const key = after === undefined ? [null, null] : readCursor(after, CURSOR);
  return [actor ?? null, command ?? null, from ?? null, to ?? null, ...key];
}

function auditRow(row: SelectedRow): AuditRow {
  return { ...row, began_at: row.began_at.toISOString(), ended_at: row.ended_at?.toISOString() ?? null };
}
