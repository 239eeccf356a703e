-- Service providers, their terms, and what the developers' side confirmed of them; and the provider's part in the ledger: a flow from
-- the developer's book to the provider's, whose halves share a link.
create table providers (
  provider_id text not null,
  reference_version integer not null,
  constraint providers_pkey primary key (provider_id),
  constraint providers_version_fkey foreign key (reference_version) references reference_versions
);

create table provider_versions (
  provider_id text not null,
  reference_version integer not null,
  name text not null,
  type text not null,
  country text not null,
  constraint provider_versions_pkey primary key (provider_id, reference_version),
  constraint provider_versions_provider_fkey foreign key (provider_id) references providers,
  constraint provider_versions_type check (type in ('company', 'individual'))
);

-- A provider's terms for one app, or its default ratio where the app is empty. A version replaces all days of these terms, an empty
-- list ends them; nothing of them acts before it is confirmed.
create table provider_terms (
  provider_id text not null,
  app_id text not null,
  reference_version integer not null,
  -- [{"effective_from": "2018-04-01", "effective_to": null, "ratio": "0.20"}], by first day; without a ratio the default one holds.
  terms jsonb not null,
  constraint provider_terms_pkey primary key (provider_id, app_id, reference_version),
  constraint provider_terms_provider_fkey foreign key (provider_id) references providers
);

create index provider_terms_app_idx on provider_terms (app_id);

create table provider_confirmations (
  provider_id text not null,
  app_id text not null,
  reference_version integer not null,
  -- The version of the terms that was confirmed.
  terms_version integer not null,
  -- The local date of recording.
  confirmed_on date not null,
  actor text not null,
  constraint provider_confirmations_pkey primary key (provider_id, app_id, reference_version),
  constraint provider_confirmations_version_fkey foreign key (reference_version) references reference_versions,
  constraint provider_confirmations_terms_fkey foreign key (provider_id, app_id, terms_version) references provider_terms,
  constraint provider_confirmations_order check (terms_version < reference_version)
);

create index provider_confirmations_app_idx on provider_confirmations (app_id);

grant select, insert on providers, provider_versions, provider_terms, provider_confirmations to apportion_app;

-- The provider whose part a transfer moves, in both books.
alter table transfers
  add column provider_id text,
  add constraint transfers_provider check (provider_id is null or (version is not null and link_id is not null)),
  drop constraint transfers_version_key;

-- Two runs can never both post the same version of a day's part. Each provider has versions of its own; apart, so that transfers
-- without one, nearly all, cost what they did.
create unique index transfers_version_key on transfers (bucket, ledger_date, app_id, currency, reason, version)
  where provider_id is null;
create unique index transfers_provider_version_key
  on transfers (bucket, ledger_date, app_id, currency, reason, provider_id, version)
  where provider_id is not null;

-- `verify` puts the halves of flows between books together.
create index transfers_link_idx on transfers (bucket, ledger_date, link_id) where link_id is not null;

-- A run also posts into the books of providers in other buckets, whose turn it does not hold; so what it moved there is recorded by
-- the bucket that it came from, and nobody ever waits for or changes another one's row.
alter table posting_totals add column source_bucket smallint;
update posting_totals set source_bucket = bucket;
alter table posting_totals
  alter column source_bucket set not null,
  drop constraint posting_totals_pkey,
  add constraint posting_totals_pkey primary key (bucket, run_id, source_bucket, period, currency, account);
