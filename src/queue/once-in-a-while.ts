import type { ErrorListener } from './backend.ts';

const QUIET_MS = 1_000;
const REMEMBERED = 100;

/** A server that is away is noticed by every connection at every attempt; the same message is passed on once a second. */
export function onceInAWhile(listener: ErrorListener): ErrorListener {
  const lastHeard = new Map<string, number>();
  return error => {
    const now = Date.now();
    if (now - (lastHeard.get(error.message) ?? 0) < QUIET_MS) return;
    if (lastHeard.size >= REMEMBERED) lastHeard.clear();
    lastHeard.set(error.message, now);
    listener(error);
  };
}
