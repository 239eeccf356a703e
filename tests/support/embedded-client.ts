/**
 * A command as the embedded servers see it: opens a home, says on one line of stdout what it got, stays until its stdin
 * ends. Usage: embedded-client.ts '{"home": …, "redis": …, "graceMs": …}'
 */
import { once } from 'node:events';
import { isRefusal } from '../../src/domain/errors.ts';
import { type HomeOptions, openHome } from '../../src/embedded/home.ts';

const options: HomeOptions = JSON.parse(process.argv[2] ?? '');
const say = (line: unknown) => console.log(JSON.stringify(line));
try {
  const { postgres, redis, startedNow, describe, close } = await openHome({
    ...options,
    onLost: refusal => say({ lost: refusal.code }),
  });
  say({ ready: { postgres, redis, startedNow, describe } });
  process.stdin.resume();
  await once(process.stdin, 'end');
  await close();
} catch (error) {
  if (!isRefusal(error)) throw error;
  say({ refused: { code: error.code, message: error.message, exitCode: error.exitCode } });
  process.exitCode = error.exitCode;
}
