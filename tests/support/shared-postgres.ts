import { rm } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { readConfig } from '../../src/config.ts';
import { type PostgresServer, startPostgres } from '../../src/embedded/postgres.ts';
import { migrateAll } from '../../src/migrate-all.ts';
import { copyFolder } from './copy-folder.ts';
import { makeRunFolder } from './run-folder.ts';
import { TEMPLATE_DATABASE } from './template-database.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** See `scratchFolder`. */
    folder: string;
    postgres: { host: string; port: number; user: string };
    /** The data folder of a Postgres that is not running; see `copyCluster`. */
    cluster: string;
  }
}

/** Nothing here outlives the run, so nothing has to be on the disk. */
const SETTINGS = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '400' };

/** One Postgres for the whole run, with a migrated database that each test file copies; and a cluster for tests with a server of their own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = makeRunFolder();
  const cluster = path.join(folder, 'cluster');
  const dataDir = path.join(folder, 'postgres');
  await makeCluster(cluster, folder);
  copyFolder(cluster, dataDir);
  const server = await startPostgres({ dataDir, settings: SETTINGS });
  const { host, port, user } = server;
  await makeTemplate(server, folder);
  project.provide('folder', folder);
  project.provide('postgres', { host, port, user });
  project.provide('cluster', cluster);
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}

/** Its database is migrated, but for the record of what is fixed at the first migration: that is left to whoever uses the copy. */
async function makeCluster(dataDir: string, folder: string): Promise<void> {
  const server = await startPostgres({ dataDir, settings: { ...SETTINGS, min_wal_size: '32MB' } });
  try {
    await migrateAll(readConfig({}, folder), addressOf(server));
    await asOwner(server, server.database, 'delete from apportion.installation');
  } finally {
    await server.stop();
  }
}

async function makeTemplate(server: PostgresServer, folder: string): Promise<void> {
  await asOwner(server, 'postgres', `alter database ${server.database} rename to ${TEMPLATE_DATABASE}`);
  await migrateAll(readConfig({}, folder), { ...addressOf(server), database: TEMPLATE_DATABASE });
}

function addressOf({ host, port, user, database }: PostgresServer) {
  return { host, port, user, database };
}

async function asOwner(server: PostgresServer, database: string, statement: string): Promise<void> {
  const client = new pg.Client({ ...addressOf(server), database });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
