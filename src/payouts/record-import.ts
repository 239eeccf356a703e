import { hash } from 'node:crypto';
import type pg from 'pg';
import type { Queryable } from '../db/database.ts';
import { type Lock, takeLock } from '../db/lock.ts';
import { digestNews, digestRecorded, insertNews, type PayoutRows, type RowCounts, stageNews } from './import-rows.ts';

export const PAYOUT_IMPORTS_LOCK: Lock = {
  name: 'the lock of payout imports',
  holders: 'another import of payout terms, payees or rates',
  waitMs: 60_000,
  key: { text: 'apportion.payout_imports', number: 0 },
};

export type PayoutImportKind = 'terms' | 'payees' | 'rates';

/** Who records something, and when. */
export interface Recording {
  readonly recordedAt: Date;
  /** A person's id. */
  readonly actor: string;
}

export interface PayoutImport extends RowCounts {
  /** The number under which this was recorded, or that of the last import if it changed nothing; 0 before the first. */
  readonly importNo: number;
}

/** An import whose rows are not what was recorded; without a kind where the record itself is missing. */
export interface DamagedImport {
  readonly importNo: number;
  readonly kind: PayoutImportKind | null;
}

/**
 * Records the rows that say something else than what holds, with a digest over them; none, and nothing is recorded. One import at a
 * time, so that numbers commit in their order: the lock is held until the transaction ends.
 */
export async function recordPayoutImport(
  tx: pg.ClientBase,
  { kind, tables }: { readonly kind: PayoutImportKind; readonly tables: readonly PayoutRows[] },
  { recordedAt, actor }: Recording,
): Promise<PayoutImport> {
  await takeLock(tx, PAYOUT_IMPORTS_LOCK);
  let counts: RowCounts = { added: 0, changed: 0, unchanged: 0 };
  for (const rows of tables) counts = sum(counts, await stageNews(tx, rows));
  const last = await lastImport(tx);
  const names = tables.map(({ table }) => table);
  const rows = await digestNews(tx, names);
  const importNo = rows.length === 0 ? last : last + 1;
  if (rows.length > 0) {
    const recordedAtMicros = String(recordedAt.getTime() * 1000);
    await tx.query(
      `insert into payout_imports (import_no, kind, recorded_at, actor, digest)
       values ($1, $2, $3, $4, decode($5, 'hex'))`,
      [importNo, kind, recordedAt, actor, digestOf({ importNo, kind, recordedAtMicros, actor, rows })],
    );
  }
  await insertNews(tx, names, importNo);
  return { importNo, ...counts };
}

/** Every import whose rows no longer have the digest that was recorded. Reads all terms, payees and rates. */
export async function checkPayoutImports(q: Queryable): Promise<DamagedImport[]> {
  const { rows: recorded } = await q.query<{
    importNo: number;
    kind: PayoutImportKind;
    recordedAtMicros: string;
    actor: string;
    digest: string;
  }>(
    `select import_no as "importNo", kind, (extract(epoch from recorded_at) * 1000000)::bigint::text as "recordedAtMicros",
       actor, encode(digest, 'hex') as digest
     from payout_imports`,
  );
  const rowsByImport = await digestRecorded(q);
  const byNo = new Map(recorded.map(each => [each.importNo, each]));
  const damaged: DamagedImport[] = [];
  let before = 0;
  for (const importNo of [...new Set([...byNo.keys(), ...rowsByImport.keys()])].sort((a, b) => a - b)) {
    const record = byNo.get(importNo);
    const rows = rowsByImport.get(importNo) ?? [];
    // They are numbered without gaps; of each gap the last number is told.
    if (importNo > before + 1) damaged.push({ importNo: importNo - 1, kind: null });
    if (record === undefined) damaged.push({ importNo, kind: null });
    else if (digestOf({ ...record, rows }) !== record.digest) damaged.push({ importNo, kind: record.kind });
    before = importNo;
  }
  return damaged;
}

/** Who recorded imports, and when, by number. */
export async function recordingsOf(q: Queryable, importNos: readonly number[]): Promise<Map<number, Recording>> {
  const { rows } = await q.query<Recording & { importNo: number }>(
    `select import_no as "importNo", recorded_at as "recordedAt", actor
     from payout_imports
     where import_no = any ($1)`,
    [[...new Set(importNos)]],
  );
  return new Map(rows.map(({ importNo, ...recording }) => [importNo, recording]));
}

async function lastImport(q: Queryable): Promise<number> {
  const { rows } = await q.query<{ last: number }>('select coalesce(max(import_no), 0) as last from payout_imports');
  return rows[0]?.last ?? 0;
}

function sum(one: RowCounts, other: RowCounts): RowCounts {
  return {
    added: one.added + other.added,
    changed: one.changed + other.changed,
    unchanged: one.unchanged + other.unchanged,
  };
}

function digestOf({
  importNo,
  kind,
  recordedAtMicros,
  actor,
  rows,
}: {
  readonly importNo: number;
  readonly kind: PayoutImportKind;
  readonly recordedAtMicros: string;
  readonly actor: string;
  readonly rows: readonly string[];
}): string {
  return hash('sha256', JSON.stringify([importNo, kind, recordedAtMicros, actor, rows]), 'hex');
}
