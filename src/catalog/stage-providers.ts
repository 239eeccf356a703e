import type pg from 'pg';
import { copyRows } from '../db/copy.ts';
import type { CatalogProvider } from './catalog-file.ts';

/** Copies the providers of a catalog and their terms into temporary tables, as `stageCatalog` does the other lists. */
export async function stageProviders(tx: pg.ClientBase, providers: readonly CatalogProvider[]): Promise<void> {
  await tx.query(STAGED_TABLES);
  await copyRows(
    tx,
    { table: 'staged_providers', columns: ['place', 'provider_id', 'name', 'type', 'country'] },
    providers.map(({ providerId, name, type, country }, place) => [place, providerId, name, type, country]),
  );
  await copyRows(
    tx,
    { table: 'staged_provider_terms', columns: ['place', 'entry', 'provider_id', 'app_id', 'terms'] },
    termsRows(providers),
  );
  await tx.query('analyze staged_providers, staged_provider_terms');
}

/**
 * Makes the tables `changed_providers` and `changed_provider_terms` of what the database lacks or has otherwise. Terms for an app
 * that the file no longer names are changed to none.
 */
export async function findChangedProviders(tx: pg.ClientBase): Promise<void> {
  await tx.query(CHANGED_PROVIDERS);
  await tx.query(CHANGED_TERMS);
}

export async function dropProviders(tx: pg.ClientBase): Promise<void> {
  await tx.query('drop table staged_providers, staged_provider_terms, changed_providers, changed_provider_terms');
}

function* termsRows(providers: readonly CatalogProvider[]): Generator<(string | number)[]> {
  for (const [place, { providerId, terms }] of providers.entries()) {
    for (const { appId, entry, terms: ofApp } of terms) yield [place, entry, providerId, appId, JSON.stringify(ofApp)];
  }
}

const STAGED_TABLES = `
  create temporary table staged_providers (
    place integer not null,
    provider_id text not null,
    name text not null,
    type text not null,
    country text not null
  ) on commit drop;

  create temporary table staged_provider_terms (
    place integer not null,
    entry integer not null,
    provider_id text not null,
    app_id text not null,
    terms jsonb not null
  ) on commit drop`;

const CHANGED_PROVIDERS = `
  create temporary table changed_providers on commit drop as
  select s.provider_id, s.name, s.type, s.country, p.provider_id is null as added
  from staged_providers s
  left join providers p on p.provider_id = s.provider_id
  left join lateral (
    select v.name, v.type, v.country
    from provider_versions v
    where v.provider_id = s.provider_id
    order by v.reference_version desc
    limit 1
  ) latest on true
  where p.provider_id is null or (s.name, s.type, s.country) is distinct from (latest.name, latest.type, latest.country)`;

const CHANGED_TERMS = `
  create temporary table changed_provider_terms on commit drop as
  with latest as (
    select distinct on (t.provider_id, t.app_id) t.provider_id, t.app_id, t.terms
    from provider_terms t
    where t.provider_id in (select provider_id from staged_providers)
    order by t.provider_id, t.app_id, t.reference_version desc
  )
  select provider_id, app_id, coalesce(s.terms, '[]') as terms
  from staged_provider_terms s
  full join latest using (provider_id, app_id)
  where coalesce(s.terms, '[]') is distinct from latest.terms`;
