import { z } from 'zod';
import { parseCatalog } from '../../catalog/catalog-file.ts';
import { strictEntry } from '../../catalog/file-entries.ts';
import { recordCatalog } from '../../settlement/import-reference.ts';
import { fileNamed, referenceKind } from '../reference-kind.ts';

const MAX_PROVIDERS = 10_000;
const PROVIDERS = `write a list of 1 to ${MAX_PROVIDERS} providers, or {"file": "a catalog beside this file"}`;

const parameters = strictEntry({
  providers: z.array(z.unknown(), PROVIDERS).min(1, PROVIDERS).max(MAX_PROVIDERS, PROVIDERS),
});

/** Service providers with their ratios and apps. Nothing of it acts before the developer's side confirms it. */
export const providerRatio = referenceKind<z.output<typeof parameters>>({
  name: 'provider_ratio',
  parameters,

  complete: async (_tx, given, beside) => {
    const name = fileNamed(given);
    if (name === null) return { parameters: given, evidence: [] };
    const { text, source, evidence } = await beside(name);
    parseCatalog(text, source);
    const { providers } = JSON.parse(text) as { readonly providers?: unknown };
    return { parameters: { providers }, evidence: [evidence] };
  },

  record: async (tx, given, { at, calendar }) => {
    const catalog = parseCatalog(JSON.stringify(given), 'parameters');
    const { due } = await recordCatalog(tx, catalog, { recordedAt: at, today: calendar.dayOf(at.getTime()) });
    return due;
  },
});
