import type { Queryable } from '../db/database.ts';
import { checkPayoutImports } from '../payouts/record-import.ts';
import type { Difference } from './difference.ts';

/** Terms, payees and rates against the digest of the import that recorded them. */
export async function checkPayoutTerms(
  q: Queryable,
  { report }: { readonly report: (difference: Difference) => void },
): Promise<void> {
  for (const { importNo, kind } of await checkPayoutImports(q)) {
    const where = `import ${importNo}${kind === null ? '' : ` of ${kind}`}`;
    report({ table: 'payout_imports', where, expected: 'rows as they were recorded', found: 'other rows' });
  }
}
