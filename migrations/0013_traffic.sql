-- What is asked of traffic, and what the checks of one event alone found. Policies and the lists that they go by are reference data:
-- a verdict can be repeated with what was recorded, whatever a later library or a later list says.
create table traffic_policy_versions (
  effective_from date not null,
  reference_version integer not null,
  -- {"known_bot": true, …}: each check spelt out, false or its parameters.
  checks jsonb not null,
  lookback_days smallint not null,
  constraint traffic_policy_versions_pkey primary key (effective_from, reference_version),
  constraint traffic_policy_versions_version_fkey foreign key (reference_version) references reference_versions,
  constraint traffic_policy_versions_lookback check (lookback_days between 0 and 7)
);

create table traffic_lists (
  list_name text not null,
  reference_version integer not null,
  digest text not null,
  entry_count integer not null,
  -- One a line: the whole list, which a later version replaces.
  entries text not null,
  constraint traffic_lists_pkey primary key (list_name, reference_version),
  constraint traffic_lists_version_fkey foreign key (reference_version) references reference_versions,
  constraint traffic_lists_name check (list_name in ('known_bots', 'data_centres'))
);

-- Accepted events that checks of one event alone found invalid: they never become earnings.
create table invalid_earnings (
  bucket smallint not null,
  business_date date not null,
  developer_id text not null,
  app_id text not null,
  ad_unit_id text not null,
  currency text not null,
  reason text not null,
  impressions bigint not null,
  clicks bigint not null,
  gross_nanos numeric(38, 0) not null,
  constraint invalid_earnings_pkey primary key (bucket, business_date, developer_id, app_id, ad_unit_id, currency, reason),
  constraint invalid_earnings_counts check (impressions >= 0 and clicks >= 0 and gross_nanos >= 0)
) with (fillfactor = 85);

-- Of the accepted events of a batch; {"known_bot": 3}, null without any.
alter table inbox_batches add column invalid jsonb;

-- A bit for each event of a batch, the first in the lowest bit of the first byte: set where the event is a repeat or a conflict. So
-- accepted events can be told from a batch alone, also once their identities have been dropped. Null without any, and where none is
-- accepted.
alter table inbox_batches add column repeated bytea;

grant select, insert on traffic_policy_versions, traffic_lists to apportion_app;
grant select, insert, update (impressions, clicks, gross_nanos) on invalid_earnings to apportion_app;
grant update (invalid, repeated) on inbox_batches to apportion_app;
