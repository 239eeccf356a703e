import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { inject } from 'vitest';
import { clientConfig, Database, type DatabaseAddress } from '../../src/db/database.ts';
import { TEMPLATE_DATABASE } from './template-database.ts';

export type TestAddress = Exclude<DatabaseAddress, { url: string }>;

export interface TestDatabase {
  /** As the application's role. */
  readonly db: Database;
  readonly address: TestAddress;
  /** A client with the owner's rights. */
  owner(): Promise<pg.Client>;
  drop(): Promise<void>;
}

/** A migrated database of the test's own. */
export async function createTestDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const server = inject('postgres');
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  await onServer(async client => {
    await client.query(`create database ${name} template ${options.empty === true ? 'template0' : TEMPLATE_DATABASE}`);
  });
  const address = { ...server, database: name };
  const db = new Database({ address, role: 'application', connections: 8 });
  const owners: pg.Client[] = [];
  return {
    db,
    address,
    owner: async () => {
      const client = new pg.Client(clientConfig({ address, role: 'owner' }));
      client.on('error', () => {});
      await client.connect();
      owners.push(client);
      return client;
    },
    drop: async () => {
      await db.close();
      await Promise.all(owners.map(client => client.end()));
      await onServer(async client => {
        await client.query(`drop database ${name} with (force)`);
      });
    },
  };
}

async function onServer(work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ ...inject('postgres'), database: 'postgres' });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
