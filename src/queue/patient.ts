import type { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IQueueBackend } from 'bullmq';

const RETRY_MS = 300;

/**
 * Slows BullMQ down where a backend answers with errors (it starts up, its disk is full, a privilege is missing): BullMQ's main loop
 * would ask again at once, thousands of times a second, and its check for stalled jobs would rest for five seconds.
 */
export function patient<Backend extends IQueueBackend & Pick<EventEmitter, 'emit'>>(backend: Backend): Backend {
  const moveToActive = backend.moveToActive.bind(backend);
  const moveStalledJobsToWait = backend.moveStalledJobsToWait.bind(backend);
  backend.moveToActive = async (token, name) => {
    try {
      return await moveToActive(token, name);
    } catch (error) {
      await sleep(RETRY_MS);
      throw error;
    }
  };
  backend.moveStalledJobsToWait = async () => {
    try {
      return await moveStalledJobsToWait();
    } catch (error) {
      backend.emit('error', error);
      return [];
    }
  };
  return backend;
}
