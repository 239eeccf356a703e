import pg from 'pg';
import { isServiceFailure, toServiceRefusal } from './errors.ts';

/** Where Postgres is: a URL, or the socket folder of a server of our own, `user` being the owner. */
export type DatabaseAddress =
  | { readonly url: string }
  | { readonly host: string; readonly port: number; readonly user: string; readonly database: string };

/** What a single statement needs: the pool, or the connection of a transaction. */
export interface Queryable {
  query<Row extends pg.QueryResultRow>(text: string, values?: unknown[]): Promise<pg.QueryResult<Row>>;
}

export const SCHEMA = 'apportion';
export const APPLICATION_ROLE = 'apportion_app';

/** Longer than most pauses of a worker: a new connection has its statements and all that it touches of Postgres' memory still before it. */
const IDLE_MS = 300_000;
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

/**
 * A machine that vanishes, by loss of power or of its network, must not keep its locks until Postgres' system gives its connection up
 * by itself, which is after two hours: silent for 10 s it is asked every 5 s, and given up when it has not answered for 25. A
 * connection by socket has none of this; there the kernel tells of the end of a process.
 */
const VANISHED = [
  'tcp_keepalives_idle=10',
  'tcp_keepalives_interval=5',
  'tcp_keepalives_count=3',
  'tcp_user_timeout=25000',
];

/**
 * A program that stands still in the middle of a transaction, a suspended machine's for one, must not keep its locks either. Between
 * two statements the longest there is to compute is a few batches of a worker, seconds; a migration waits for its own statements only.
 */
const STANDSTILL = 'idle_in_transaction_session_timeout=120s';

/** Who only reads holds nothing that anybody waits for, but keeps Postgres from tidying up: a reader of an export may take its time. */
const READERS_STANDSTILL = '1h';

/** What is waited for beside the locks that have limits of their own: rows, and tables that a migration changes. */
const LOCK_WAIT = { application: 'lock_timeout=60s', owner: 'lock_timeout=300s' };

export interface DatabaseOptions {
  readonly address: DatabaseAddress;
  /** `owner` migrates; everything else works as the application's role, which owns nothing. */
  readonly role: 'application' | 'owner';
  readonly connections: number;
}

/**
 * pg's settings for an address and role; also what BullMQ's Postgres backend connects with. On a server of our own the application logs in
 * as its role; by a URL it takes the role on, and can't get back to more only if the URL's login has no more.
 */
export function clientConfig({ address, role }: Pick<DatabaseOptions, 'address' | 'role'>): pg.ClientConfig {
  const takesRole = 'url' in address && role === 'application';
  const limits = [...VANISHED, STANDSTILL, LOCK_WAIT[role]].map(setting => `-c ${setting}`);
  const session = [`-c search_path=${SCHEMA}`, ...limits, ...(takesRole ? [`-c role=${APPLICATION_ROLE}`] : [])];
  const { options, ...place } = 'url' in address ? placeOf(address.url) : { options: null, ...socketOf(address, role) };
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

function socketOf(
  { host, port, user, database }: Exclude<DatabaseAddress, { readonly url: string }>,
  role: DatabaseOptions['role'],
): pg.ClientConfig {
  return { host, port, user: role === 'owner' ? user : APPLICATION_ROLE, database };
}

/** A pool of connections; every failure of the service comes out as one clear Refusal. */
export class Database implements Queryable {
  /** For whoever needs connections of its own. */
  readonly address: DatabaseAddress;
  readonly #pool: pg.Pool;

  constructor(options: DatabaseOptions) {
    this.address = options.address;
    this.#pool = new pg.Pool({ ...clientConfig(options), max: options.connections, idleTimeoutMillis: IDLE_MS });
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
   * @throws Refusal `database_unavailable` when the service fails, `database_busy` when somebody else is in the way; whatever `work`
   * throws otherwise
   */
  async transaction<Result>(work: (client: pg.PoolClient) => Promise<Result>, mode = ''): Promise<Result> {
    let client: pg.PoolClient | null = null;
    let broken = false;
    // What ends a connection between two statements says more than the next statement's failure.
    let ending: unknown = null;
    const onEnding = (error: unknown) => {
      ending ??= error;
    };
    try {
      client = await this.#pool.connect();
      client.on('error', onEnding);
      await client.query(`begin ${mode}`);
      const result = await work(client);
      await client.query('commit');
      return result;
    } catch (error) {
      // A connection that can't even roll back is thrown away, never handed out again.
      await client?.query('rollback').catch(() => {
        broken = true;
      });
      throw toServiceRefusal(isServiceFailure(error) ? (ending ?? error) : error);
    } finally {
      client?.off('error', onEnding);
      client?.release(broken);
    }
  }

  /** One snapshot for any number of reads. */
  async snapshot<Result>(work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
    return await this.transaction(
      work,
      `isolation level repeatable read read only; set local idle_in_transaction_session_timeout = '${READERS_STANDSTILL}'`,
    );
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}
