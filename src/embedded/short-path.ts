import { closeSync, existsSync, mkdtempSync, openSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';

/** The kernel's room for a unix socket's path, without its closing zero: 107 bytes on Linux, 103 on macOS. */
const MAX_SOCKET_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

export interface ShortPath {
  readonly path: string;
  release(): void;
}

/**
 * A path of the folder that is short enough for the unix sockets inside it, `longestName` being the longest of their
 * names: the folder's own where it fits. It holds for this process and its children until it is released or this
 * process ends.
 */
export function shortPath(folder: string, longestName: string): ShortPath {
  if (Buffer.byteLength(path.join(folder, longestName)) <= MAX_SOCKET_PATH_BYTES) {
    return { path: folder, release() {} };
  }
  return existsSync('/proc/self/fd') ? byDescriptor(folder) : byLink(folder);
}

/** Through an open descriptor: nothing to clean up after a kill, and no other user can put something in its place. */
function byDescriptor(folder: string): ShortPath {
  const descriptor = openSync(folder, 'r');
  let open = true;
  return {
    path: `/proc/${process.pid}/fd/${descriptor}`,
    release() {
      // A second close could hit a descriptor that has been given to someone else.
      if (open) closeSync(descriptor);
      open = false;
    },
  };
}

/** In a fresh folder that only this user can enter; the system's temporary folder itself can be too long. */
function byLink(folder: string): ShortPath {
  const place = mkdtempSync('/tmp/apportion-');
  const link = path.join(place, 'home');
  symlinkSync(folder, link);
  return {
    path: link,
    release() {
      rmSync(place, { recursive: true, force: true });
    },
  };
}
