import { writeFile } from 'node:fs/promises';
import path from 'node:path';

/** A file with the default policy, by which events are checked wherever the benchmark takes them in. */
export async function writeTrafficPolicy(folder: string): Promise<string> {
  const file = path.join(folder, 'traffic.json');
  await writeFile(file, JSON.stringify({ traffic_policies: [{ effective_from: '2018-01-01' }] }));
  return file;
}
