import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again every `everyMs` until the answer is yes (true) or `limitMs` have passed (false). */
export async function waitUntil(
  check: () => boolean | Promise<boolean>,
  { limitMs, everyMs = 20 }: { limitMs: number; everyMs?: number },
): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    if (await check()) return true;
    if (performance.now() >= deadline) return false;
    await sleep(everyMs);
  }
}
