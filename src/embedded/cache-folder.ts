import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

/** The user's cache folder, shared by all their homes; `spare` where there is none that can be written. */
export function cacheFolder({ spare }: { spare: string }): string {
  const { XDG_CACHE_HOME, HOME } = process.env;
  const base = XDG_CACHE_HOME || (HOME && path.join(HOME, '.cache'));
  if (!base || !path.isAbsolute(base)) return spare;
  const folder = path.join(base, 'apportion');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    accessSync(folder, constants.W_OK);
    // What lies there is going to be executed.
    return statSync(folder).uid === process.geteuid?.() ? folder : spare;
  } catch {
    return spare;
  }
}
