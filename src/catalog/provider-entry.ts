import { z } from 'zod';
import type { BusinessDay } from '../domain/business-day.ts';
import { formatShare, parseShare } from '../domain/tiers.ts';
import { strictEntry } from './file-entries.ts';
import { dayField, idField, parsedField } from './file-fields.ts';
import type { FileProblems } from './file-problems.ts';
import { DEFAULT_TERMS, type StoredTerm } from './provider-terms.ts';

/** Terms with the place of their first entry in the file's list, for messages. */
export interface PlacedTerms {
  /** `DEFAULT_TERMS` for the default ratio. */
  readonly appId: string;
  /** The first of the app's entries in `apps`; 0 for the default ratio. */
  readonly entry: number;
  readonly terms: readonly StoredTerm[];
}

const MAX_RATIOS = 1000;
const MAX_ENGAGEMENTS = 1_000_000;
const RATIO = 'write a decimal string from "0" to "1" with at most 6 decimals, such as "0.20"';
const RATIOS = `write a list of at most ${MAX_RATIOS} ratios, such as [{"effective_from": "2018-04-01", "ratio": "0.20"}]`;
const APPS = `write a list of at most ${MAX_ENGAGEMENTS} apps, such as [{"app_id": "app_7_1", "effective_from": "2018-04-01"}]`;

const ratioField = parsedField(RATIO, text => formatShare(parseShare(text)));

const ratioEntry = strictEntry({
  effective_from: dayField,
  effective_to: dayField.nullable().default(null),
  ratio: ratioField,
});

const engagementEntry = strictEntry({
  app_id: idField,
  effective_from: dayField,
  effective_to: dayField.nullable().default(null),
  ratio: ratioField.nullable().default(null),
});

/** What a provider has beyond a developer's fields. Both lists are asked for: leaving one out would end what it held. */
export const providerTermsFields = {
  ratios: z.array(ratioEntry, RATIOS).max(MAX_RATIOS, RATIOS),
  apps: z.array(engagementEntry, APPS).max(MAX_ENGAGEMENTS, APPS),
};

type Engagement = z.output<typeof engagementEntry>;

interface Placed {
  readonly place: string;
  readonly term: StoredTerm;
}

/** Tells what is wrong with one provider's ratios and apps together; returns the default ratio's terms first, then each app's. */
export function checkProviderTerms(
  problems: FileProblems,
  provider: string,
  { ratios, apps }: { readonly ratios: readonly StoredTerm[]; readonly apps: readonly Engagement[] },
): PlacedTerms[] {
  const defaults = ratios.map((term, index) => ({ place: `${provider}.ratios[${index}]`, term }));
  const found = [{ appId: DEFAULT_TERMS, entry: 0, terms: inOrder(problems, defaults) }];
  for (const [appId, engagements] of Map.groupBy(apps.entries(), ([, app]) => app.app_id)) {
    const placed = engagements.map(([index, app]) => ({ place: `${provider}.apps[${index}]`, term: termOf(app) }));
    if (ratios.length === 0) tellWithoutRatio(problems, placed);
    found.push({ appId, entry: engagements[0]?.[0] ?? 0, terms: inOrder(problems, placed) });
  }
  return found;
}

function termOf({ effective_from, effective_to, ratio }: Engagement): StoredTerm {
  return { effective_from, effective_to, ratio };
}

function tellWithoutRatio(problems: FileProblems, placed: readonly Placed[]): void {
  for (const { place, term } of placed) {
    if (term.ratio !== null) continue;
    const fault = 'and the provider has no default one';
    problems.add({ place: `${place}.ratio`, value: undefined, fault, remedy: 'give it here or in "ratios"' });
  }
}

/** The terms by first day, told of where they end before they start or share a day. */
function inOrder(problems: FileProblems, placed: readonly Placed[]): StoredTerm[] {
  for (const { place, term } of placed) {
    if (term.effective_to === null || term.effective_to >= term.effective_from) continue;
    const fault = `before effective_from ${term.effective_from}`;
    problems.add({ place: `${place}.effective_to`, value: term.effective_to, fault, remedy: 'put the last day there' });
  }
  const sorted = placed.toSorted((a, b) => (a.term.effective_from < b.term.effective_from ? -1 : 1));
  for (const [index, { place, term }] of sorted.entries()) {
    const before = sorted[index - 1];
    if (before === undefined || (before.term.effective_to ?? LAST_DAY) < term.effective_from) continue;
    const fault = `a day of ${before.place} too, which ends ${before.term.effective_to ?? 'never'}`;
    const remedy = 'end one before the other starts';
    problems.add({ place: `${place}.effective_from`, value: term.effective_from, fault, remedy });
  }
  return sorted.map(({ term }) => term);
}

const LAST_DAY = '9999-12-31' as BusinessDay;
