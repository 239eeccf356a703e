import type { BackendFactory, ConnectionOptions, IQueueBackend, Queue } from 'bullmq';
import type { ClientConfig } from 'pg';
import { Refusal } from '../domain/errors.ts';
import type { QueueTiming } from './timing.ts';

type RedisAddress = { readonly url: string } | { readonly path: string };

/** Which BullMQ backend runs, and where: Redis by URL or unix socket, or a Postgres that `migrateQueue` has prepared. */
export type QueueBackend =
  | ({ readonly kind: 'redis' } & RedisAddress)
  | { readonly kind: 'postgres'; readonly connection: Readonly<ClientConfig> };

export type ErrorListener = (error: Error) => void;

/** Producers fail fast; workers wait for as long as it takes. */
export type LinkUse = 'produce' | 'work';

/** A BullMQ queue on either backend. */
export type AnyQueue = Queue<unknown, void, string, unknown, void, string, IQueueBackend>;

/** What the queues or workers of one process share to reach the backend. */
export interface Link {
  readonly connection: ConnectionOptions;
  readonly factory: BackendFactory<IQueueBackend>;
  /** Bounded by `answerMs`; never rejects. */
  close(): Promise<void>;
}

export interface LinkOptions {
  readonly use: LinkUse;
  readonly timing: QueueTiming;
  /** Hears each loss of a connection; without it nothing is said, and nothing breaks. */
  readonly onError: ErrorListener;
}

/** Where the backend is, without user or password. */
export function describeBackend(backend: QueueBackend): string {
  if (backend.kind === 'postgres') {
    const { connectionString, host, port, database } = backend.connection;
    if (connectionString !== undefined) return `Postgres at ${withoutCredentials(connectionString)}`;
    return `Postgres at ${host ?? 'localhost'}${port === undefined ? '' : `:${port}`}/${database ?? ''}`;
  }
  return `Redis at ${'path' in backend ? backend.path : withoutCredentials(backend.url)}`;
}

/** The one refusal for every way in which the backend fails; the sweep makes up for what could not be enqueued. */
export function queueUnavailable(backend: QueueBackend, cause: unknown): Refusal {
  if (cause instanceof Refusal) return cause;
  const said = cause instanceof Error ? (cause.message.split('\n')[0] ?? cause.name) : String(cause);
  return new Refusal({
    code: 'queue_unavailable',
    message: `The queue (${describeBackend(backend)}) can't be used: ${said}`,
    remedy: `${remedyFor(said)}; what was accepted is kept and is enqueued by a later sweep`,
    details: { backend: backend.kind },
    exitCode: 3,
  });
}

function remedyFor(said: string): string {
  return /\b(WRONGPASS|NOAUTH|NOPERM)\b/.test(said)
    ? 'check the user and password in REDIS_URL'
    : 'check that the server runs and can be reached';
}

function withoutCredentials(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? 'an unreadable URL' : `${parsed.host}${parsed.pathname === '/' ? '' : parsed.pathname}`;
}
