import { z } from 'zod';
import type { BusinessDay } from '../domain/business-day.ts';
import { campaignEntry, checkRateCards } from './campaign-entry.ts';
import { eachIdOnce, parseEntries, parseLists, strictEntry } from './file-entries.ts';
import { dayField, idField, textField } from './file-fields.ts';
import { FileProblems } from './file-problems.ts';
import { checkProviderTerms, type PlacedTerms, providerTermsFields } from './provider-entry.ts';
import type { CampaignRateCards } from './rate-cards.ts';

export interface CatalogDeveloper {
  readonly developerId: string;
  readonly name: string;
  readonly type: 'company' | 'individual';
  readonly country: string;
}

export interface CatalogProvider {
  readonly providerId: string;
  readonly name: string;
  readonly type: 'company' | 'individual';
  readonly country: string;
  /** The default ratio's terms and those of each app. */
  readonly terms: readonly PlacedTerms[];
}

export interface CatalogApp {
  readonly appId: string;
  readonly developerId: string;
  readonly name: string;
  readonly category: string;
  /** The first day of this category; null leaves it to the day of the import. */
  readonly categoryFrom: BusinessDay | null;
}

export interface CatalogAdUnit {
  readonly adUnitId: string;
  readonly appId: string;
  readonly format: string;
}

/** A catalog whose form is good; each list is in the order of the file. What it refers to is checked by the import. */
export interface Catalog {
  /** The file's name, for messages. */
  readonly source: string;
  readonly developers: readonly CatalogDeveloper[];
  readonly apps: readonly CatalogApp[];
  readonly adUnits: readonly CatalogAdUnit[];
  readonly campaigns: readonly CampaignRateCards[];
  readonly providers: readonly CatalogProvider[];
}

export const BAD_CATALOG = 'bad_catalog';

const MAX_NAME_LENGTH = 200;
const MAX_LABEL_LENGTH = 64;
const TYPE = 'write "company" or "individual"';
const COUNTRY = 'write two capital letters as in ISO 3166-1, such as "CN"';

const ownerFields = {
  id: idField,
  name: textField(MAX_NAME_LENGTH),
  type: z.enum(['company', 'individual'], TYPE),
  country: z.string(COUNTRY).regex(/^[A-Z]{2}$/, COUNTRY),
};

const developerEntry = strictEntry(ownerFields);

const providerEntry = strictEntry({ ...ownerFields, ...providerTermsFields });

const appEntry = strictEntry({
  id: idField,
  developer_id: idField,
  name: textField(MAX_NAME_LENGTH),
  category: textField(MAX_LABEL_LENGTH),
  category_from: dayField.nullable().default(null),
});

const adUnitEntry = strictEntry({
  id: idField,
  app_id: idField,
  format: textField(MAX_LABEL_LENGTH),
});

/**
 * A catalog from the text of a JSON file; `source` names the file in messages. Lists that the file leaves out are empty.
 * @throws Refusal `bad_catalog` naming place, value and remedy of the first problem; its details list the first 20
 */
export function parseCatalog(text: string, source: string): Catalog {
  const lists = parseLists(text, {
    source,
    code: BAD_CATALOG,
    lists: ['developers', 'apps', 'ad_units', 'campaigns', 'providers'],
  });
  const problems = new FileProblems({ source, code: BAD_CATALOG });

  const developers = readList(problems, {
    ...{ list: 'developers', schema: developerEntry, entries: lists.developers },
    take: ({ id, name, type, country }): CatalogDeveloper => ({ developerId: id, name, type, country }),
  });
  const apps = readList(problems, {
    ...{ list: 'apps', schema: appEntry, entries: lists.apps },
    take: (entry): CatalogApp => ({
      appId: entry.id,
      developerId: entry.developer_id,
      name: entry.name,
      category: entry.category,
      categoryFrom: entry.category_from,
    }),
  });
  const adUnits = readList(problems, {
    ...{ list: 'ad_units', schema: adUnitEntry, entries: lists.ad_units },
    take: (entry): CatalogAdUnit => ({ adUnitId: entry.id, appId: entry.app_id, format: entry.format }),
  });
  const campaigns = readList(problems, {
    ...{ list: 'campaigns', schema: campaignEntry, entries: lists.campaigns },
    take: (entry, place): CampaignRateCards => ({
      campaignId: entry.id,
      currency: entry.currency,
      rateCards: checkRateCards(problems, place, entry.rate_cards),
    }),
  });
  const providers = readList(problems, {
    ...{ list: 'providers', schema: providerEntry, entries: lists.providers },
    take: ({ id, name, type, country, ratios, apps: engagements }, place): CatalogProvider => ({
      ...{ providerId: id, name, type, country },
      terms: checkProviderTerms(problems, place, { ratios, apps: engagements }),
    }),
  });

  problems.refuseIfAny();
  return { source, developers, apps, adUnits, campaigns, providers };
}

interface List<Value extends { readonly id: string }, Taken> {
  readonly list: string;
  readonly schema: z.ZodType<Value>;
  readonly entries: unknown[] | undefined;
  readonly take: (value: Value, place: string) => Taken;
}

function readList<Value extends { readonly id: string }, Taken>(
  problems: FileProblems,
  { list, schema, entries = [], take }: List<Value, Taken>,
): Taken[] {
  const taken: Taken[] = [];
  for (const { place, value } of eachIdOnce(problems, parseEntries(entries, { list, schema, problems }))) {
    taken.push(take(value, place));
  }
  return taken;
}
