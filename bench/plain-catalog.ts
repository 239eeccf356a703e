import { writeFile } from 'node:fs/promises';
import path from 'node:path';

const DEVELOPERS_IN_FILE = 250_000;

/** Catalogs of developers `d1`, `d2`, … with one app and one ad unit each, in several files where there are many. */
export async function writePlainCatalogs(folder: string, developers: number): Promise<string[]> {
  const files: string[] = [];
  for (let from = 1; from <= developers; from += DEVELOPERS_IN_FILE) {
    const count = Math.min(DEVELOPERS_IN_FILE, developers - from + 1);
    const numbers = Array.from({ length: count }, (_, place) => from + place);
    const file = path.join(folder, `catalog-${files.length + 1}.json`);
    await writeFile(
      file,
      JSON.stringify({
        developers: numbers.map(n => ({ id: `d${n}`, name: `Developer ${n}`, type: 'company', country: 'CN' })),
        apps: numbers.map(n => ({ id: `a${n}`, developer_id: `d${n}`, name: `App ${n}`, category: 'tools' })),
        ad_units: numbers.map(n => ({ id: `u${n}`, app_id: `a${n}`, format: 'banner' })),
        campaigns: [],
      }),
    );
    files.push(file);
  }
  return files;
}
