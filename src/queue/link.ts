import type { Link, LinkOptions, QueueBackend } from './backend.ts';
import { openPostgresLink } from './postgres-link.ts';
import { openRedisLink } from './redis-link.ts';

/**
 * Connects to the backend.
 * @throws Refusal `queue_unavailable` when it does not answer within `answerMs`, `queue_not_migrated` on a Postgres without the queue
 */
export async function openLink(backend: QueueBackend, options: LinkOptions): Promise<Link> {
  const closing = new AbortController();
  const whileOpen = {
    ...options,
    onError: (error: Error) => {
      if (!closing.signal.aborted) options.onError(error);
    },
  };
  const link =
    backend.kind === 'redis' ? await openRedisLink(backend, whileOpen) : await openPostgresLink(backend, whileOpen);
  return {
    ...link,
    async close() {
      closing.abort();
      await link.close();
    },
  };
}
