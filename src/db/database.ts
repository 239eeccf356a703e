import pg from 'pg';
import { toServiceRefusal } from './errors.ts';

/** Where Postgres is: a URL, or the socket folder of the embedded server. */
export type DatabaseAddress =
  | { readonly url: string }
  | { readonly host: string; readonly port: number; readonly user: string; readonly database: string };

/** What a single statement needs: the pool, or the connection of a transaction. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<Row>>;
}

export const SCHEMA = 'apportion';
export const APPLICATION_ROLE = 'apportion_app';

const INT8_OID = 20;
const DATE_OID = 1082;

const types: pg.CustomTypesConfig = {
  getTypeParser(oid, format) {
    if (oid === INT8_OID) return safeInteger;
    if (oid === DATE_OID) return (text: string) => text;
    return pg.types.getTypeParser(oid, format as 'text');
  },
};

/** Counts and sequence numbers; money never comes this way, it is `numeric` and arrives as text. */
function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`the integer ${text} is beyond what a count can be`);
  return value;
}

export interface DatabaseOptions {
  readonly address: DatabaseAddress;
  /** `owner` migrates; everything else works as the application's role, which owns nothing. */
  readonly role: 'application' | 'owner';
  readonly connections: number;
}

/** pg's settings for an address and role; also what BullMQ's Postgres backend connects with. */
export function clientConfig({ address, role }: Pick<DatabaseOptions, 'address' | 'role'>): pg.ClientConfig {
  const session = [`-c search_path=${SCHEMA}`, ...(role === 'application' ? [`-c role=${APPLICATION_ROLE}`] : [])];
  const { options, ...place } = 'url' in address ? placeOf(address.url) : { options: null, ...socketOf(address) };
  return {
    ...place,
    // Ours come last, for the last one counts.
    options: [...(options === null ? [] : [options]), ...session].join(' '),
    application_name: 'apportion',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    types,
  };
}

/** The URL without its `options`, which pg would let replace ours. */
function placeOf(url: string): { connectionString: string; options: string | null } {
  const parsed = new URL(url);
  const options = parsed.searchParams.get('options');
  if (options === null) return { connectionString: url, options };
  parsed.searchParams.delete('options');
  return { connectionString: parsed.href, options };
}

function socketOf({ host, port, user, database }: Exclude<DatabaseAddress, { readonly url: string }>): pg.ClientConfig {
  return { host, port, user, database };
}

/** A pool of connections; every failure of the service comes out as one clear Refusal. */
export class Database implements Queryable {
  /** For whoever needs connections of its own. */
  readonly address: DatabaseAddress;
  readonly #pool: pg.Pool;

  constructor(options: DatabaseOptions) {
    this.address = options.address;
    this.#pool = new pg.Pool({ ...clientConfig(options), max: options.connections, idleTimeoutMillis: 10_000 });
    // Without a listener, a server that goes away ends the process: on the pool for idle clients, on each client for those in use.
    this.#pool.on('error', () => {});
    this.#pool.on('connect', client => client.on('error', () => {}));
  }

  async query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<pg.QueryResult<Row>> {
    try {
      return await this.#pool.query<Row>(text, values);
    } catch (error) {
      throw toServiceRefusal(error);
    }
  }

  /**
   * Runs `work` in one transaction on one connection: commits when it returns, rolls back when it throws.
   * @throws Refusal `database_unavailable` when the service fails; whatever `work` throws otherwise
   */
  async transaction<Result>(work: (client: pg.PoolClient) => Promise<Result>, mode = ''): Promise<Result> {
    let client: pg.PoolClient | null = null;
    let broken = false;
    try {
      client = await this.#pool.connect();
      await client.query(`begin ${mode}`);
      const result = await work(client);
      await client.query('commit');
      return result;
    } catch (error) {
      // A connection that can't even roll back is thrown away, never handed out again.
      await client?.query('rollback').catch(() => {
        broken = true;
      });
      throw toServiceRefusal(error);
    } finally {
      client?.release(broken);
    }
  }

  /** One snapshot for any number of reads. */
  async snapshot<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    return await this.transaction(work, 'isolation level repeatable read read only');
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
