import type pg from 'pg';
import { FileProblems } from '../catalog/file-problems.ts';
import { knownBooks } from '../catalog/known-books.ts';
import { BAD_PAYEES, type PayeeFile } from './payee-file.ts';
import { type PayoutImport, type Recording, recordPayoutImport } from './record-import.ts';

/**
 * Records payees that are new or say something else than before, each as a whole: what an entry leaves out no longer holds. A second
 * import of the same file changes nothing; a payee that the file leaves out stays as it is.
 * @throws Refusal `bad_payees` for owners that the catalog does not have
 */
export async function importPayees(tx: pg.ClientBase, file: PayeeFile, recording: Recording): Promise<PayoutImport> {
  await checkOwners(tx, file);
  const rows = file.payees.map(({ value: { ownerId, destination, currency, minimumNanos, onHold } }) => [
    ...[ownerId, destination, currency, minimumNanos],
    String(onHold),
  ]);
  return await recordPayoutImport(tx, { kind: 'payees', tables: [{ table: 'payees', rows }] }, recording);
}

async function checkOwners(tx: pg.ClientBase, { source, payees }: PayeeFile): Promise<void> {
  const problems = new FileProblems({ source, code: BAD_PAYEES });
  const known = await knownBooks(
    tx,
    payees.map(({ value }) => value.ownerId),
  );
  for (const { place, value } of payees) {
    if (known.has(value.ownerId)) continue;
    const fault = 'neither a developer nor a service provider of the catalog';
    const remedy = 'import the catalog with that one first, or correct the id';
    problems.add({ place: `${place}.id`, value: value.ownerId, fault, remedy });
  }
  problems.refuseIfAny();
}
