import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { importCatalogFile, importPlansFile } from '../../src/decisions/import-alone.ts';
import type { RedisBinary } from '../../src/embedded/redis.ts';
import { acceptAllPlans } from '../support/accept-plans.ts';
import { findRedis } from '../support/queue-servers.ts';
import { Machine } from './machine.ts';

/** What a command may take on a machine however busy. */
export const COMMAND_LIMIT_MS = 100_000;

/** Both backends of the queue, as cases of `test.each`; without a redis-server on this machine only one, told by its name. */
export async function queueCases(): Promise<{ queue: string; redis: RedisBinary | null }[]> {
  const redis = await findRedis();
  const postgres = { queue: 'Postgres', redis: null };
  return redis === null
    ? [{ ...postgres, queue: 'Postgres (no redis-server was found)' }]
    : [{ queue: 'Redis', redis }, postgres];
}

/** A machine with this catalog and these plans, removed after the test. */
export async function openSite(
  redis: RedisBinary | null,
  {
    catalog,
    plans,
    env = {},
  }: { readonly catalog: string; readonly plans: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Machine> {
  const machine = await Machine.start(redis, env);
  onTestFinished(() => machine.close());
  const app = await machine.app();
  await importCatalogFile(app, { text: catalog, source: 'catalog.json' });
  await importPlansFile(app, { text: plans, source: 'plans.json' });
  // Before every day of the traffic.
  await acceptAllPlans({ ...app, now: () => new Date('2018-01-01T00:00:00+08:00') });
  return machine;
}

export function writeLines(machine: Machine, name: string, lines: readonly string[]): string {
  const file = path.join(machine.folder, name);
  writeFileSync(file, lines.map(line => `${line}\n`).join(''));
  return file;
}

/** Runs a command that must succeed; returns what it printed with `--json`. */
export async function succeed(machine: Machine, args: readonly string[]): Promise<Record<string, unknown>> {
  const { process } = machine.command([...args, '--json']);
  expect(await process.end(COMMAND_LIMIT_MS), process.stderr).toEqual({ code: 0, signal: null });
  return JSON.parse(process.stdout);
}

export async function pendingBatches(machine: Machine): Promise<number> {
  const { rows } = await machine.look(client =>
    client.query<{ pending: number }>('select count(*)::int as pending from inbox_batches where seq is null'),
  );
  return rows[0]?.pending ?? -1;
}
