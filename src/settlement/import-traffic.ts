import type { ReferenceFile } from '../catalog/reference-file.ts';
import { markDueWhere } from '../earnings/due-days.ts';
import { importPolicies, type PoliciesImport } from '../traffic/import-policies.ts';
import { parseNetworks } from '../traffic/network-file.ts';
import { parsePolicies } from '../traffic/policy-file.ts';
import type { ImportDeps } from './import-reference.ts';

/**
 * Imports traffic policies, and the networks of data centres if they are handed in, in one transaction; days on which checks that
 * need other events may find something else become due.
 * @throws Refusal `bad_traffic`, `bad_networks`: nothing of either file was taken
 */
export async function importTrafficFile(
  { db, now }: Pick<ImportDeps, 'db' | 'now'>,
  { policies, networks }: { readonly policies: ReferenceFile; readonly networks: ReferenceFile | null },
): Promise<PoliciesImport> {
  const file = parsePolicies(policies.text, policies.source);
  const list = networks === null ? null : parseNetworks(networks.text, networks.source);
  return await db.transaction(async tx => {
    const result = await importPolicies(tx, file, { networks: list, recordedAt: now() });
    const all = { developerId: null, appId: null, currency: null };
    await markDueWhere(
      tx,
      result.affected.map(days => ({ ...all, ...days })),
    );
    return result;
  });
}
