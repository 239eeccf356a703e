import { createRedisBackend } from 'bullmq';
import { Redis, type RedisOptions } from 'ioredis';
import { type Link, type LinkOptions, type LinkUse, type QueueBackend, queueUnavailable } from './backend.ts';
import { patient } from './patient.ts';
import { type QueueTiming, settlesWithin } from './timing.ts';

const RECONNECT_MAX_MS = 500;
const PRODUCER_RECONNECTS = 3;
/** So many that V8 caches them. */
const LOOK_UPS = 1_000;

keepTextsFast();

/**
 * ioredis makes a class of its own from String, whose prototype V8 takes for unfinished from then on: every method of every text of the
 * process is looked up anew at each call, for several times its cost, until one has been looked up often by way of an object.
 */
function keepTextsFast(): void {
  const text: string = Object('text');
  for (let count = 0; count < LOOK_UPS; count += 1) text.charCodeAt(0);
}

/** One client for all queues or workers of the process; BullMQ duplicates it for each worker's blocking reads. */
export async function openRedisLink(
  backend: Extract<QueueBackend, { kind: 'redis' }>,
  { use, timing, onError }: LinkOptions,
): Promise<Link> {
  const options = redisOptions(use, timing);
  const redis = 'path' in backend ? new Redis(backend.path, options) : new Redis(backend.url, options);
  let lastError = new Error(`no answer within ${timing.answerMs} ms`);
  redis.on('error', error => {
    lastError = error;
    onError(error);
  });
  const ready = new Promise<void>(resolve => redis.once('ready', () => resolve()));
  if (!(await settlesWithin(ready, timing.answerMs))) {
    redis.disconnect();
    throw queueUnavailable(backend, lastError);
  }
  return {
    connection: redis,
    factory: (name, queueOptions, parts) => patient(createRedisBackend(name, queueOptions, parts)),
    async close() {
      // Without a connection, QUIT would wait for one.
      if (redis.status === 'ready') await settlesWithin(redis.quit(), timing.answerMs);
      redis.disconnect();
    },
  };
}

function redisOptions(use: LinkUse, timing: QueueTiming): Omit<RedisOptions, 'replyMapping'> {
  return {
    retryStrategy: times => Math.min(50 * times, RECONNECT_MAX_MS),
    connectTimeout: timing.answerMs,
    // A worker's commands wait for the server to come back, which BullMQ demands; a producer's give up after a few reconnects.
    ...(use === 'work'
      ? { maxRetriesPerRequest: null }
      : { maxRetriesPerRequest: PRODUCER_RECONNECTS, commandTimeout: timing.answerMs }),
  };
}
