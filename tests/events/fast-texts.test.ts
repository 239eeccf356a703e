import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

const REDIS_LINK = new URL('../../src/queue/redis-link.ts', import.meta.url).href;

/** Whether V8 calls the methods of texts without looking each up anew, once a module has been loaded. */
function areTextsFastWith(module: string): string {
  const program = `await import('${module}'); console.log(%HasFastProperties(String.prototype))`;
  return execFileSync(process.execPath, ['--allow-natives-syntax', '--input-type=module', '--eval', program], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
  }).trim();
}

test('methods of texts stay fast beside the client of Redis, which alone makes them slow', { timeout: 60_000 }, () => {
  expect(areTextsFastWith('ioredis')).toBe('false');
  expect(areTextsFastWith(REDIS_LINK)).toBe('true');
});
