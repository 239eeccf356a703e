-- Traffic that does not count although it was accepted and found nothing wrong with alone: decisions of persons, recorded under the
-- one numbering of versions, and what settlement deducted from earnings for them and for the checks that need other events.
create table invalidations (
  invalidation_id text not null,
  reference_version integer not null,
  developer_id text not null,
  app_id text not null,
  -- A slice of the app's traffic, late events included; null in `ad_unit_id` and `event_type` stands for all.
  ad_unit_id text,
  event_type text,
  -- Of a slice its days, both inclusive; of events the first and the last of their business days.
  from_day date not null,
  to_day date not null,
  -- Instead of a slice: these events of the developer, one `type id` a line, sorted.
  events text,
  event_count integer,
  reason text not null,
  actor text not null,
  note text,
  constraint invalidations_pkey primary key (invalidation_id),
  constraint invalidations_version_fkey foreign key (reference_version) references reference_versions,
  constraint invalidations_days check (to_day >= from_day),
  constraint invalidations_type check (event_type in ('impression', 'click')),
  constraint invalidations_events check ((events is null) = (event_count is null) and (events is null or num_nonnulls(ad_unit_id, event_type) = 0))
);

create index invalidations_developer_idx on invalidations (developer_id, to_day);

-- An invalidation taken back; at most once.
create table reinstatements (
  invalidation_id text not null,
  reference_version integer not null,
  reason text not null,
  actor text not null,
  constraint reinstatements_pkey primary key (invalidation_id),
  constraint reinstatements_version_fkey foreign key (reference_version) references reference_versions,
  constraint reinstatements_invalidation_fkey foreign key (invalidation_id) references invalidations
);

-- What each run changed about the deductions of a day: signed differences, so that the sum over all runs is what is deducted from
-- the earnings. Appended by the run that posts the transfers to match, and never changed.
create table deductions (
  bucket smallint not null,
  business_date date not null,
  developer_id text not null,
  app_id text not null,
  ad_unit_id text not null,
  currency text not null,
  reason text not null,
  -- Empty for an automatic check: a key has no nulls.
  invalidation_id text not null,
  run_id uuid not null,
  impressions bigint not null,
  clicks bigint not null,
  gross_nanos numeric(38, 0) not null,
  constraint deductions_pkey
    primary key (bucket, business_date, developer_id, app_id, ad_unit_id, currency, reason, invalidation_id, run_id),
  constraint deductions_something check (impressions <> 0 or clicks <> 0 or gross_nanos <> 0)
);

create trigger deductions_keep_rows before update or delete on deductions
  for each row execute function refuse_ledger_change();
create trigger deductions_keep_table before truncate on deductions
  for each statement execute function refuse_ledger_change();
alter table deductions enable always trigger deductions_keep_rows;
alter table deductions enable always trigger deductions_keep_table;

grant select, insert on invalidations, reinstatements, deductions to apportion_app;
