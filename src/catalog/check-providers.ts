import type pg from 'pg';
import type { BusinessDay } from '../domain/business-day.ts';
import type { CatalogProvider } from './catalog-file.ts';
import type { FileProblems } from './file-problems.ts';
import { DEFAULT_TERMS } from './provider-terms.ts';

interface Overlap {
  readonly appId: string;
  readonly providerId: string;
  readonly otherId: string;
  readonly fromDay: BusinessDay;
  readonly toDay: BusinessDay | null;
  readonly found: number;
}

const LISTED = 20;

/**
 * On one day an app has at most one provider, by the terms as they stand after the import, confirmed or not: tells of `problems`
 * with those just recorded. Of an app's terms in the order of their first day, two neighbours overlap if any two do.
 */
export async function tellOverlappingProviders(
  tx: pg.ClientBase,
  { providers, problems }: { readonly providers: readonly CatalogProvider[]; readonly problems: FileProblems },
): Promise<void> {
  const { rows } = await tx.query<Overlap>(
    `with latest as (
       select distinct on (provider_id, app_id) provider_id, app_id, terms
       from provider_terms
       where app_id in (select app_id from changed_provider_terms where app_id <> '${DEFAULT_TERMS}')
       order by provider_id, app_id, reference_version desc
     ), spans as (
       select latest.app_id, latest.provider_id, term.effective_from, term.effective_to
       from latest
       cross join jsonb_to_recordset(latest.terms) as term (effective_from date, effective_to date)
     ), neighbours as (
       select spans.*, lead(provider_id) over next as other_id, lead(effective_from) over next as other_from,
         lead(effective_to) over next as other_to
       from spans
       window next as (partition by app_id order by effective_from, provider_id)
     )
     select app_id as "appId", provider_id as "providerId", other_id as "otherId", other_from as "fromDay",
       least(effective_to, other_to) as "toDay", count(*) over () as found
     from neighbours
     where other_from <= coalesce(effective_to, 'infinity')
     order by app_id, other_from
     limit ${LISTED}`,
  );
  problems.addAll(
    rows.map(overlap => problemOf(providers, overlap)),
    rows[0]?.found ?? 0,
  );
}

function problemOf(
  providers: readonly CatalogProvider[],
  { appId, providerId, otherId, fromDay, toDay }: Overlap,
): { place: string; value: string; fault: string; remedy: string } {
  const days = toDay === null ? `from ${fromDay} on` : `from ${fromDay} to ${toDay}`;
  for (const [place, each] of [...providers.entries()].reverse()) {
    if (each.providerId !== providerId && each.providerId !== otherId) continue;
    const entry = each.terms.find(terms => terms.appId === appId)?.entry;
    if (entry === undefined) continue;
    const other = each.providerId === providerId ? otherId : providerId;
    return {
      place: `providers[${place}].apps[${entry}].app_id`,
      value: appId,
      fault: `which provider "${other}" would have too ${days}`,
      remedy: 'end one of them before the other starts',
    };
  }
  throw new Error(`providers ${providerId} and ${otherId} both had app ${appId} before this import`);
}
