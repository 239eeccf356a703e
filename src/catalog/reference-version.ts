import { hash } from 'node:crypto';
import type pg from 'pg';
import type { Queryable } from '../db/database.ts';
import { isDryRun } from '../db/dry-run.ts';
import { type Lock, takeLock } from '../db/lock.ts';
import { digestAllRows, digestNewRows, insertNewRows, type NewRows, type RowsDigest } from './reference-rows.ts';

export type ReferenceKind =
  | 'catalog'
  | 'plans'
  | 'acceptance'
  | 'confirmation'
  | 'traffic'
  | 'invalidation'
  | 'reinstatement'
  | 'hold'
  | 'fund';

/** A version whose rows are not what was recorded; without a kind where the record itself is missing. */
export interface DamagedVersion {
  readonly referenceVersion: number;
  readonly kind: ReferenceKind | null;
}

export const REFERENCE_LOCK: Lock = {
  name: 'the reference lock',
  holders: 'an import, an approval, a settlement or a closing',
  // Sealing millions of transfers, or marking years of days due, takes minutes.
  waitMs: 300_000,
  key: { text: 'apportion.reference', number: 0 },
};

/**
 * Held until the transaction ends. Imports take it exclusively, so that versions commit in the order of their numbers; settlement
 * shares it, so that no plan arrives between its reading and its commit and goes without a due mark. Take it before the first
 * statement whose snapshot matters. A dry run shares it, for it changes nothing that a settlement could read.
 * @throws Refusal `database_busy` after five minutes
 */
export async function lockReference(tx: pg.ClientBase, mode: 'shared' | 'exclusive'): Promise<void> {
  await takeLock(tx, REFERENCE_LOCK, isDryRun(tx) ? 'shared' : mode);
}

/** The last version of catalog and plans; 0 before the first import. */
export async function currentReferenceVersion(q: Queryable): Promise<number> {
  const { rows } = await q.query<{ current: number }>(
    'select coalesce(max(reference_version), 0) as current from reference_versions',
  );
  return rows[0]?.current ?? 0;
}

/** When versions were recorded. */
export async function recordedInstants(q: Queryable, versions: readonly number[]): Promise<Map<number, Date>> {
  const { rows } = await q.query<{ version: number; recordedAt: Date }>(
    `select reference_version as version, recorded_at as "recordedAt"
     from reference_versions
     where reference_version = any ($1)`,
    [versions],
  );
  return new Map(rows.map(row => [row.version, row.recordedAt]));
}

export interface RecordedVersion {
  /** The version recorded, or the one that holds if there was nothing to record. */
  readonly referenceVersion: number;
  readonly rows: readonly RowsDigest[];
}

/** Inserts rows under the next version, with their digest; none, and nothing is recorded. Needs `lockReference` exclusively. */
export async function recordReferenceVersion(
  tx: pg.ClientBase,
  {
    kind,
    recordedAt,
    news,
  }: { readonly kind: ReferenceKind; readonly recordedAt: Date; readonly news: readonly NewRows[] },
): Promise<RecordedVersion> {
  const current = await currentReferenceVersion(tx);
  const rows = await digestNewRows(tx, news);
  if (rows.length === 0) return { referenceVersion: current, rows };
  const referenceVersion = current + 1;
  const recordedAtMicros = String(recordedAt.getTime() * 1000);
  await tx.query(
    `insert into reference_versions (reference_version, kind, recorded_at, digest)
     values ($1, $2, $3, decode($4, 'hex'))`,
    [referenceVersion, kind, recordedAt, digestOf({ referenceVersion, kind, recordedAtMicros, rows })],
  );
  await insertNewRows(tx, news, referenceVersion);
  return { referenceVersion, rows };
}

/** Every version whose rows, base rows among them, no longer have the digest that was recorded. Reads all of the reference data. */
export async function checkReferenceDigests(q: Queryable): Promise<DamagedVersion[]> {
  const recorded = await q.query<{
    referenceVersion: number;
    kind: ReferenceKind;
    recordedAtMicros: string;
    digest: string;
  }>(
    `select reference_version as "referenceVersion", kind, encode(digest, 'hex') as digest,
       (extract(epoch from recorded_at) * 1000000)::bigint::text as "recordedAtMicros"
     from reference_versions`,
  );
  const byVersion = new Map(recorded.rows.map(version => [version.referenceVersion, version]));
  const rowsByVersion = await digestAllRows(q);
  const versions = new Set([...missingNumbers([...byVersion.keys()]), ...byVersion.keys(), ...rowsByVersion.keys()]);
  const damaged: DamagedVersion[] = [];
  for (const referenceVersion of [...versions].sort((a, b) => a - b)) {
    const version = byVersion.get(referenceVersion);
    const rows = rowsByVersion.get(referenceVersion) ?? [];
    if (version === undefined) damaged.push({ referenceVersion, kind: null });
    else if (digestOf({ ...version, rows }) !== version.digest) damaged.push({ referenceVersion, kind: version.kind });
  }
  return damaged;
}

/** Versions are numbered without gaps; of each gap the last number. */
function missingNumbers(recorded: readonly number[]): number[] {
  const present = new Set([0, ...recorded]);
  return recorded.map(number => number - 1).filter(before => !present.has(before));
}

function digestOf(version: {
  readonly referenceVersion: number;
  readonly kind: ReferenceKind;
  readonly recordedAtMicros: string;
  readonly rows: readonly RowsDigest[];
}): string {
  const rows = version.rows.map(({ table, digest }) => `${table} ${digest}`).sort();
  return hash(
    'sha256',
    JSON.stringify([version.referenceVersion, version.kind, version.recordedAtMicros, rows]),
    'hex',
  );
}
