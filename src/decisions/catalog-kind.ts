import { z } from 'zod';
import { parseCatalog } from '../catalog/catalog-file.ts';
import { strictEntry } from '../catalog/file-entries.ts';
import type { CatalogImport } from '../catalog/import-catalog.ts';
import { dryRun } from '../db/dry-run.ts';
import { recordCatalog } from '../settlement/import-reference.ts';
import type { DecisionKind } from './kind.ts';
import { fileNamed, referenceKind } from './reference-kind.ts';

const MOST = 10_000;

type Entries = Readonly<Record<string, readonly unknown[]>>;

/**
 * A kind that records entries of one list of a catalog. Of a catalog beside the proposal it takes that list, or what `changes` names of
 * it by id.
 */
export function catalogKind({
  name,
  list,
  changes,
}: {
  readonly name: string;
  readonly list: 'apps' | 'campaigns' | 'providers';
  readonly changes?: (imported: CatalogImport) => readonly string[];
}): DecisionKind<Entries> {
  const form = `write a list of 1 to ${MOST} ${list}, or {"file": "a catalog beside this file"}`;
  const parameters = strictEntry({ [list]: z.array(z.unknown(), form).min(1, form).max(MOST, form) });
  return referenceKind<Entries>({
    name,
    parameters,

    complete: async (tx, given, beside, { at, calendar }) => {
      const file = fileNamed(given);
      if (file === null) return { parameters: given, evidence: [] };
      const { text, source, evidence } = await beside(file);
      const catalog = parseCatalog(text, source);
      const entries = (JSON.parse(text) as Readonly<Record<string, { readonly id: string }[]>>)[list] ?? [];
      if (changes === undefined) return { parameters: { [list]: entries }, evidence: [evidence] };
      const on = { recordedAt: at, today: calendar.dayOf(at.getTime()) };
      const { result } = await dryRun(tx, async () => await recordCatalog(tx, catalog, on));
      const changed = new Set(changes(result));
      return { parameters: { [list]: entries.filter(({ id }) => changed.has(id)) }, evidence: [evidence] };
    },

    record: async (tx, given, { at, calendar }) => {
      const catalog = parseCatalog(JSON.stringify(given), 'parameters');
      const { due } = await recordCatalog(tx, catalog, { recordedAt: at, today: calendar.dayOf(at.getTime()) });
      return due;
    },
  });
}
