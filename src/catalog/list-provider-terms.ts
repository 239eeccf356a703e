import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import { providerName } from './provider-name.ts';
import { DEFAULT_TERMS, type StoredTerm, written } from './provider-terms.ts';

/** A provider's terms for an app, or its default ratio. */
export interface ProviderTermsRow {
  readonly provider_id: string;
  readonly provider_name: string;
  /** Null for the default ratio. */
  readonly app_id: string | null;
  /** As imported last; empty where they ended. */
  readonly terms: readonly StoredTerm[];
  readonly terms_version: number;
  /** `waiting`: the terms act only once they are confirmed, until then those confirmed last; `none`: there never were any. */
  readonly status: 'confirmed' | 'waiting' | 'none';
  /** The last confirmation; null before the first. */
  readonly confirmation: ConfirmationRow | null;
}

export interface ConfirmationRow {
  readonly version: number;
  readonly confirmed_on: BusinessDay;
  readonly confirmed_by: string;
  /** What was confirmed, which acts from `confirmed_on` on. */
  readonly terms: readonly StoredTerm[];
}

export interface ProviderTermsPage {
  readonly items: readonly ProviderTermsRow[];
  /** Give it as `after` for the next page; null on the last one. */
  readonly next: string | null;
}

const KEY_PATTERNS = [/^[ -~]{1,64}$/, /^[ -~]{0,64}$/];

/**
 * Terms in the order of provider and app, each provider's default ratio first.
 * @throws Refusal `unknown_provider`, `bad_limit`, `bad_cursor`
 */
export async function listProviderTerms(
  q: Queryable,
  {
    providerId,
    limit = DEFAULT_LIMIT,
    after,
  }: { readonly providerId?: string | undefined; readonly limit?: number; readonly after?: string | undefined },
): Promise<ProviderTermsPage> {
  const most = checkLimit(limit);
  if (providerId !== undefined) await providerName(q, providerId);
  const [afterProvider, afterApp] = after === undefined ? ['', ''] : readCursor(after, KEY_PATTERNS);
  const { rows } = await q.query<SelectedRow>(SELECT_TERMS, [providerId ?? null, afterProvider, afterApp, most + 1]);
  const page = rows.slice(0, most);
  const last = rows.length > most ? page.at(-1) : undefined;
  return { items: page.map(rowOf), next: last === undefined ? null : writeCursor([last.provider_id, last.app_id]) };
}

interface SelectedRow extends Omit<ProviderTermsRow, 'app_id' | 'status' | 'confirmation'> {
  readonly app_id: string;
  readonly is_confirmed: boolean;
  readonly confirmation: ConfirmationRow | null;
}

const SELECT_TERMS = `with page as (
    select distinct on (t.provider_id, t.app_id) t.provider_id, t.app_id, t.terms, t.reference_version as terms_version
    from provider_terms t
    where ($1::text is null or t.provider_id = $1) and (t.provider_id, t.app_id) > ($2, $3)
    order by t.provider_id, t.app_id, t.reference_version desc
    limit $4
  )
  select page.*, named.name as provider_name, coalesce(last.terms = page.terms, false) as is_confirmed,
    case when last.version is not null then json_build_object(
      'version', last.version, 'confirmed_on', last.confirmed_on, 'confirmed_by', last.actor, 'terms', last.terms
    ) end as confirmation
  from page
  cross join lateral (
    select v.name
    from provider_versions v
    where v.provider_id = page.provider_id
    order by v.reference_version desc
    limit 1
  ) as named
  left join lateral (
    select c.reference_version as version, c.confirmed_on, c.actor, t.terms
    from provider_confirmations c
    join provider_terms t
      on t.provider_id = c.provider_id and t.app_id = c.app_id and t.reference_version = c.terms_version
    where c.provider_id = page.provider_id and c.app_id = page.app_id
    order by c.reference_version desc
    limit 1
  ) as last on true
  order by page.provider_id, page.app_id`;

function rowOf({ is_confirmed, app_id, confirmation, ...row }: SelectedRow): ProviderTermsRow {
  const isNothing = row.terms.length === 0 && confirmation === null;
  const status = is_confirmed ? 'confirmed' : isNothing ? 'none' : 'waiting';
  return {
    provider_id: row.provider_id,
    provider_name: row.provider_name,
    app_id: app_id === DEFAULT_TERMS ? null : app_id,
    terms: written(row.terms),
    terms_version: row.terms_version,
    status,
    confirmation: confirmation === null ? null : { ...confirmation, terms: written(confirmation.terms) },
  };
}
