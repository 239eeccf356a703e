import type pg from 'pg';
import { markDueWhere } from '../earnings/due-days.ts';
import { importPolicies, type PoliciesImport } from '../traffic/import-policies.ts';
import type { PolicyFile } from '../traffic/policy-file.ts';
import type { Recorded } from './import-reference.ts';

/**
 * Imports traffic policies, and the networks of data centres unless they are null, inside a transaction; days on which checks that
 * need other events may find something else become due.
 */
export async function recordTraffic(
  tx: pg.ClientBase,
  { policies, networks }: { readonly policies: PolicyFile; readonly networks: readonly string[] | null },
  { recordedAt }: { readonly recordedAt: Date },
): Promise<Recorded<PoliciesImport>> {
  const result = await importPolicies(tx, policies, { networks, recordedAt });
  const due = result.affected.map(days => ({ developerId: null, appId: null, currency: null, ...days }));
  await markDueWhere(tx, due);
  return { result, due };
}
