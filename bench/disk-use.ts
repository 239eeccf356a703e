import { readdirSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * Bytes of all files below a folder, without the folders of these names, given relative to it. A file counts with what it holds or with what
 * the disk has set aside for it, whichever is more.
 */
export function diskUse(folder: string, { without = [] }: { readonly without?: readonly string[] } = {}): number {
  const left = new Set(without.map(name => path.join(folder, name)));
  let bytes = 0;
  const open = [folder];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const entry of readdirSync(next, { withFileTypes: true })) {
      const file = path.join(next, entry.name);
      if (entry.isDirectory() && !left.has(file)) open.push(file);
      if (entry.isFile()) bytes += bytesOf(file);
    }
  }
  return bytes;
}

function bytesOf(file: string): number {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat === undefined ? 0 : Math.max(stat.size, stat.blocks * 512);
}
