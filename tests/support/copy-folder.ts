import { execFileSync } from 'node:child_process';

/** With owners and permissions, which Node's own copying does not keep. `to` must not exist. */
export function copyFolder(from: string, to: string): void {
  execFileSync('cp', ['-a', from, to]);
}
