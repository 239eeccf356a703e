import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  assertSchemaCompatibility,
  PostgresConnection,
  PostgresQueueBackend,
  SchemaMigrationRequiredError,
} from 'bullmq';
import { isServiceFailure } from '../db/errors.ts';
import { Refusal } from '../domain/errors.ts';
import { describeBackend, type Link, type LinkOptions, type QueueBackend, queueUnavailable } from './backend.ts';
import { ListeningClient } from './listening-client.ts';
import { patient } from './patient.ts';
import { type QueueTiming, settlesWithin } from './timing.ts';

export const QUEUE_SCHEMA = 'queue';

type PostgresBackend = Extract<QueueBackend, { kind: 'postgres' }>;
type ConnectionOptions = ConstructorParameters<typeof PostgresConnection>[0];
type ListenClient = Awaited<ReturnType<PostgresConnection['getListenClient']>>;

const POOL_SIZE = { produce: 2, work: 4 };
const POLL_SECONDS = 5;
const PROBE_MS = 100;

/** One pool, and for workers one LISTEN connection, for all queues or workers of the process; BullMQ would open them for each. */
export async function openPostgresLink(backend: PostgresBackend, { use, timing, onError }: LinkOptions): Promise<Link> {
  const connection = new SharedConnection({
    ...backend.connection,
    // A job is only a hint: losing the last moments of the queue in a crash costs a repeat or a sweep, waiting for the disk costs more.
    options: `${backend.connection.options ?? ''} -c synchronous_commit=off -c enable_seqscan=off -c jit=off`.trim(),
    connectionTimeoutMillis: timing.answerMs,
    ...(use === 'produce' ? { query_timeout: timing.answerMs } : {}),
    keepAlive: true,
    max: POOL_SIZE[use],
    schema: QUEUE_SCHEMA,
  } as ConnectionOptions);
  connection.on('error', onError);
  try {
    await probe(connection, backend, timing);
  } catch (error) {
    await connection.close();
    throw error;
  }
  return {
    connection: {},
    factory: (name, options) => patient(new SharedBackend(connection, name, { ...options, connection: {} })),
    async close() {
      await settlesWithin(connection.close(), timing.answerMs);
    },
  };
}

/** Waits through a restart of the server, but not through a wrong password. */
async function probe(
  connection: PostgresConnection,
  backend: PostgresBackend,
  { answerMs }: QueueTiming,
): Promise<void> {
  const deadline = Date.now() + answerMs;
  for (;;) {
    try {
      await assertSchemaCompatibility(connection.pool, QUEUE_SCHEMA);
      return;
    } catch (error) {
      if (error instanceof SchemaMigrationRequiredError) {
        throw new Refusal({
          code: 'queue_not_migrated',
          message: `The queue (${describeBackend(backend)}) has no schema "${QUEUE_SCHEMA}". Run: npx apportion migrate`,
          exitCode: 3,
        });
      }
      if (!isServiceFailure(error) || Date.now() + PROBE_MS > deadline) throw queueUnavailable(backend, error);
    }
    await sleep(PROBE_MS);
  }
}

/** Survives what BullMQ's own connection does not: it would remember for ever that its first attempt to connect had failed. */
class SharedConnection extends PostgresConnection {
  #listening: ListenClient | undefined;

  constructor(options: ConnectionOptions) {
    super(options);
    this.setMaxListeners(0);
    // A client in use has no other listener, and a server that goes away would end the process.
    this.pool.on('connect', client => client.on('error', () => {}));
    Object.assign(this, { pgModule: { Client: ListeningClient } });
  }

  override async waitUntilReady(): Promise<void> {}

  override async getListenClient(): Promise<ListenClient> {
    const client = await super.getListenClient();
    if (this.#listening !== client) {
      this.#listening = client;
      oneQueryAtATime(client);
      if (client instanceof EventEmitter) client.setMaxListeners(0);
    }
    return client;
  }
}

class SharedBackend extends PostgresQueueBackend {
  /** Bounds the wait for a notification that was lost with a connection; BullMQ would wait for up to an hour. */
  override get maximumBlockTimeout(): number {
    return POLL_SECONDS;
  }

  /** Only wakes this queue's own wait: the connection belongs to the link. */
  override async close(): Promise<void> {
    await this.disconnectBlocking();
  }

  override async disconnect(): Promise<void> {
    await this.disconnectBlocking();
  }
}

/** The workers share the client without knowing of each other, and pg is about to forbid a query while another one runs. */
function oneQueryAtATime(client: ListenClient): void {
  const query = client.query.bind(client);
  let last: Promise<unknown> = Promise.resolve();
  client.query = async (text, parameters) => {
    const turn = last.then(() => query(text, parameters));
    last = turn.catch(() => {});
    return await turn;
  };
}
