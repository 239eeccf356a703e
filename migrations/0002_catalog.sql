-- Developers, apps, ad units and campaigns, as small reference tables that every bucket reads. A base row holds what never changes
-- (an app never moves to another developer); version rows hold what does, numbered by the import that recorded it, so that any day
-- can be recomputed with what was known then.
create table reference_versions (
  reference_version integer not null,
  kind text not null,
  recorded_at timestamptz not null,
  -- SHA-256 over the rows recorded under this version, in key order: `verify` finds a row changed behind the program's back.
  digest bytea not null,
  constraint reference_versions_pkey primary key (reference_version),
  constraint reference_versions_kind check (kind in ('catalog', 'plans'))
);

create table developers (
  developer_id text not null,
  reference_version integer not null,
  constraint developers_pkey primary key (developer_id),
  constraint developers_version_fkey foreign key (reference_version) references reference_versions
);

create table developer_versions (
  developer_id text not null,
  reference_version integer not null,
  name text not null,
  type text not null,
  country text not null,
  constraint developer_versions_pkey primary key (developer_id, reference_version),
  constraint developer_versions_developer_fkey foreign key (developer_id) references developers,
  constraint developer_versions_type check (type in ('company', 'individual'))
);

create table apps (
  app_id text not null,
  developer_id text not null,
  reference_version integer not null,
  constraint apps_pkey primary key (app_id),
  constraint apps_developer_fkey foreign key (developer_id) references developers
);

create index apps_developer_idx on apps (developer_id);

create table app_versions (
  app_id text not null,
  reference_version integer not null,
  name text not null,
  category text not null,
  -- The first business day of this category; the first category holds for all earlier days too.
  category_from date not null,
  constraint app_versions_pkey primary key (app_id, reference_version),
  constraint app_versions_app_fkey foreign key (app_id) references apps
);

create table ad_units (
  ad_unit_id text not null,
  app_id text not null,
  reference_version integer not null,
  constraint ad_units_pkey primary key (ad_unit_id),
  constraint ad_units_app_fkey foreign key (app_id) references apps
);

create table ad_unit_versions (
  ad_unit_id text not null,
  reference_version integer not null,
  format text not null,
  constraint ad_unit_versions_pkey primary key (ad_unit_id, reference_version),
  constraint ad_unit_versions_ad_unit_fkey foreign key (ad_unit_id) references ad_units
);

create table campaign_versions (
  campaign_id text not null,
  reference_version integer not null,
  currency text not null,
  -- The campaign's whole list of cards, prices as decimal strings; a new version replaces the list for events priced from then on.
  rate_cards jsonb not null,
  constraint campaign_versions_pkey primary key (campaign_id, reference_version)
);

grant select, insert on reference_versions, developers, developer_versions, apps, app_versions, ad_units, ad_unit_versions,
  campaign_versions to apportion_app;
