import type { ErrorListener } from './backend.ts';

const QUIET_MS = 1_000;
const REMEMBERED = 100;

const JOB_ID = /\bjob \S+/;

/**
 * Passes the same message on once a second, whichever job it is about. A server that is away is noticed by every connection at every
 * attempt, and a wiped one by each job that ran meanwhile.
 */
export function onceInAWhile(listener: ErrorListener): ErrorListener {
  const lastHeard = new Map<string, number>();
  return error => {
    const now = Date.now();
    const kind = error.message.replace(JOB_ID, 'job');
    if (now - (lastHeard.get(kind) ?? 0) < QUIET_MS) return;
    if (lastHeard.size >= REMEMBERED) lastHeard.clear();
    lastHeard.set(kind, now);
    listener(error);
  };
}
