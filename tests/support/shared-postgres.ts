import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { readConfig } from '../../src/config.ts';
import { startPostgres } from '../../src/embedded/postgres.ts';
import { migrateAll } from '../../src/migrate-all.ts';

declare module 'vitest' {
  interface ProvidedContext {
    postgres: { host: string; port: number; user: string };
  }
}

export const TEMPLATE_DATABASE = 'apportion_template';

/** One Postgres for the whole run, with a migrated database that each test file copies. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(path.join(tmpdir(), 'apportion-test-'));
  const server = await startPostgres({
    dataDir: path.join(folder, 'postgres'),
    database: TEMPLATE_DATABASE,
    settings: { max_connections: '400' },
  });
  const { host, port, user } = server;
  await migrateAll(readConfig({}, folder), { host, port, user, database: TEMPLATE_DATABASE });
  project.provide('postgres', { host, port, user });
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}
