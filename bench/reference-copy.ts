import { createReadStream, createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { SCHEMA } from '../src/db/database.ts';
import { cloneTable } from './clone-table.ts';
import type { BenchHome } from './home.ts';

// COPY of the very rows that a piece of work reads and writes, over one connection: those that are read to a file, those that are
// written from a file into identical tables, with the indexes, constraints and triggers that they have.

const CLONE_SCHEMA = 'copied';

/** Rows of one of our tables: a condition on them. */
export interface RowsOf {
  readonly table: string;
  readonly where: string;
}

/** Seconds of COPY alone, and how many rows it moved. */
export interface Copied {
  readonly seconds: number;
  readonly rows: number;
}

export async function copyRowsRead(home: BenchHome, { table, where }: RowsOf): Promise<Copied> {
  const file = path.join(home.folder, `${table}.read`);
  const startedAt = performance.now();
  const stream = home.owner.query(copyTo(`copy (select * from ${SCHEMA}.${table} where ${where}) to stdout`));
  await pipeline(stream, createWriteStream(file));
  const seconds = (performance.now() - startedAt) / 1000;
  await rm(file);
  return { seconds, rows: stream.rowCount ?? 0 };
}

export async function copyRowsWritten(home: BenchHome, { table, where }: RowsOf): Promise<Copied> {
  const { owner, folder } = home;
  const file = path.join(folder, `${table}.copy`);
  await owner.query(`create schema if not exists ${CLONE_SCHEMA}`);
  const { rows } = await owner.query(`select to_regclass('${CLONE_SCHEMA}.${table}') is null as missing`);
  if (rows[0]?.missing === true) await cloneTable(owner, { schema: SCHEMA, table }, { schema: CLONE_SCHEMA, table });
  const exported = owner.query(copyTo(`copy (select * from ${SCHEMA}.${table} where ${where}) to stdout`));
  await pipeline(exported, createWriteStream(file));
  await home.checkpoint();
  const startedAt = performance.now();
  const stream = owner.query(copyFrom(`copy ${CLONE_SCHEMA}.${table} from stdin`));
  await pipeline(createReadStream(file, { highWaterMark: 1 << 18 }), stream);
  const seconds = (performance.now() - startedAt) / 1000;
  await rm(file);
  return { seconds, rows: stream.rowCount ?? 0 };
}

export function together(all: readonly Copied[]): Copied {
  return {
    seconds: all.reduce((sum, each) => sum + each.seconds, 0),
    rows: all.reduce((sum, each) => sum + each.rows, 0),
  };
}
