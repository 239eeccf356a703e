-- The schema after all migrations, with the ledger's partition for one month, as the server's catalog tells it.
-- Not a script to run: a change of it shows here what a migration really did. UPDATE_GOLDEN=1 writes it anew.

-- types

create type account_kind as enum (
  'ad_revenue',
  'platform_share',
  'payable',
  'provider_share',
  'fund_source',
  'fund_available',
  'incentive',
  'held',
  'forfeited',
  'adjustment',
  'write_off',
  'payout_due',
  'withheld_tax',
  'tax_remitted',
  'payout_sent',
  'paid',
  'fx',
  'fx_rounding'
);

-- sequences

create sequence migrations_id_seq as integer;

-- tables

create table ad_unit_versions (
  ad_unit_id text not null,
  reference_version integer not null,
  format text not null,
  constraint ad_unit_versions_ad_unit_fkey FOREIGN KEY (ad_unit_id) REFERENCES ad_units(ad_unit_id),
  constraint ad_unit_versions_pkey PRIMARY KEY (ad_unit_id, reference_version)
);

create table ad_units (
  ad_unit_id text not null,
  app_id text not null,
  reference_version integer not null,
  constraint ad_units_app_fkey FOREIGN KEY (app_id) REFERENCES apps(app_id),
  constraint ad_units_pkey PRIMARY KEY (ad_unit_id)
);

create table app_versions (
  app_id text not null,
  reference_version integer not null,
  name text not null,
  category text not null,
  category_from date not null,
  constraint app_versions_app_fkey FOREIGN KEY (app_id) REFERENCES apps(app_id),
  constraint app_versions_pkey PRIMARY KEY (app_id, reference_version)
);

create table apps (
  app_id text not null,
  developer_id text not null,
  reference_version integer not null,
  constraint apps_developer_fkey FOREIGN KEY (developer_id) REFERENCES developers(developer_id),
  constraint apps_pkey PRIMARY KEY (app_id)
);
CREATE INDEX apps_developer_idx ON apps USING btree (developer_id);

create table campaign_versions (
  campaign_id text not null,
  reference_version integer not null,
  currency text not null,
  rate_cards jsonb not null,
  constraint campaign_versions_pkey PRIMARY KEY (campaign_id, reference_version)
);

create table conflicting_lines (
  bucket smallint not null,
  identity uuid not null,
  content bigint not null,
  developer_id text not null,
  seq bigint not null,
  line_no bigint not null,
  line bytea not null,
  constraint conflicting_lines_pkey PRIMARY KEY (bucket, identity, content)
);

create table developer_versions (
  developer_id text not null,
  reference_version integer not null,
  name text not null,
  type text not null,
  country text not null,
  constraint developer_versions_developer_fkey FOREIGN KEY (developer_id) REFERENCES developers(developer_id),
  constraint developer_versions_pkey PRIMARY KEY (developer_id, reference_version),
  constraint developer_versions_type CHECK (type = ANY (ARRAY['company'::text, 'individual'::text]))
);

create table developers (
  developer_id text not null,
  reference_version integer not null,
  constraint developers_pkey PRIMARY KEY (developer_id),
  constraint developers_version_fkey FOREIGN KEY (reference_version) REFERENCES reference_versions(reference_version)
);

create table due_days (
  bucket smallint not null,
  business_date date not null,
  developer_id text not null,
  constraint due_days_pkey PRIMARY KEY (bucket, business_date, developer_id)
);

create table earnings (
  bucket smallint not null,
  business_date date not null,
  developer_id text not null,
  app_id text not null,
  ad_unit_id text not null,
  currency text not null,
  impressions bigint not null,
  clicks bigint not null,
  gross_nanos numeric(38,0) not null,
  constraint earnings_counts CHECK (impressions >= 0 AND clicks >= 0 AND gross_nanos >= 0::numeric),
  constraint earnings_pkey PRIMARY KEY (bucket, business_date, developer_id, app_id, ad_unit_id, currency)
) with (fillfactor=85);

create table identity_segments (
  bucket smallint not null,
  segment_id uuid not null,
  identities integer not null,
  heads bytea storage external not null,
  tails bytea storage external not null,
  constraint identity_segments_lengths CHECK (identities > 0 AND length(heads) = (8 * identities) AND length(tails) = (24 * identities)),
  constraint identity_segments_pkey PRIMARY KEY (bucket, segment_id)
);

create table inbox_batches (
  bucket smallint not null,
  batch_id uuid not null,
  ingest_id uuid not null,
  source text not null,
  clock timestamp with time zone not null,
  accepted_at timestamp with time zone not null,
  line_count integer not null,
  first_date date,
  last_date date,
  payload bytea storage external not null,
  payload_digest bytea not null,
  seq bigint,
  reference_version integer,
  processed_at timestamp with time zone,
  accepted integer,
  duplicates integer,
  conflicts integer,
  rejected integer,
  constraint inbox_batches_counts CHECK (seq IS NULL OR line_count = (accepted + duplicates + conflicts + rejected)),
  constraint inbox_batches_pkey PRIMARY KEY (bucket, batch_id),
  constraint inbox_batches_seq_key UNIQUE (bucket, seq)
);
CREATE INDEX inbox_batches_ingest_idx ON inbox_batches USING btree (ingest_id);
CREATE INDEX inbox_batches_pending_idx ON inbox_batches USING btree (bucket, batch_id) WHERE seq IS NULL;

create table installation (
  singleton boolean not null default true,
  bucket_count smallint not null,
  time_zone text not null,
  created_at timestamp with time zone not null,
  last_clock timestamp with time zone,
  constraint installation_bucket_count CHECK (bucket_count >= 1 AND bucket_count <= 1024),
  constraint installation_pkey PRIMARY KEY (singleton),
  constraint installation_singleton CHECK (singleton)
);

create table migrations (
  id integer not null default nextval('migrations_id_seq'::regclass),
  name character varying(255) not null,
  run_on timestamp without time zone not null,
  constraint migrations_pkey PRIMARY KEY (id)
);

create table plan_versions (
  plan_id text not null,
  reference_version integer not null,
  scope text not null,
  scope_id text not null,
  currency text not null,
  effective_from date not null,
  effective_to date,
  basis text not null,
  mode text not null,
  tiers jsonb not null,
  outside_band text,
  constraint plan_versions_basis CHECK (basis = 'app_day'::text),
  constraint plan_versions_dates CHECK (effective_to >= effective_from),
  constraint plan_versions_mode CHECK (mode = ANY (ARRAY['marginal'::text, 'whole'::text])),
  constraint plan_versions_pkey PRIMARY KEY (plan_id, reference_version),
  constraint plan_versions_scope CHECK ((scope = ANY (ARRAY['app'::text, 'developer'::text, 'category'::text, 'default'::text])) AND (scope = 'default'::text) = (scope_id = ''::text)),
  constraint plan_versions_version_fkey FOREIGN KEY (reference_version) REFERENCES reference_versions(reference_version)
);

create table posting_totals (
  bucket smallint not null,
  run_id uuid not null,
  period text not null,
  currency text not null,
  account account_kind not null,
  debit_nanos numeric(38,0) not null,
  credit_nanos numeric(38,0) not null,
  constraint posting_totals_pkey PRIMARY KEY (bucket, run_id, period, currency, account)
);

create table reference_versions (
  reference_version integer not null,
  kind text not null,
  recorded_at timestamp with time zone not null,
  digest bytea not null,
  constraint reference_versions_kind CHECK (kind = ANY (ARRAY['catalog'::text, 'plans'::text])),
  constraint reference_versions_pkey PRIMARY KEY (reference_version)
);

create table rejected_lines (
  bucket smallint not null,
  seq bigint not null,
  line_no bigint not null,
  owner_id text not null,
  reason text not null,
  field text,
  detail text not null,
  line bytea not null,
  constraint rejected_lines_pkey PRIMARY KEY (bucket, seq, line_no)
);

create table settlement_run_buckets (
  bucket smallint not null,
  run_id uuid not null,
  cutoff_seq bigint not null,
  reference_version integer not null,
  apps integer not null,
  transfers integer not null,
  apps_without_plan integer not null,
  started_at timestamp with time zone not null,
  finished_at timestamp with time zone not null,
  constraint settlement_run_buckets_pkey PRIMARY KEY (bucket, run_id)
);
CREATE INDEX settlement_run_buckets_run_idx ON settlement_run_buckets USING btree (run_id);

create table settlement_runs (
  run_id uuid not null,
  business_date date not null,
  requested_at timestamp with time zone not null,
  buckets smallint[] not null,
  constraint settlement_runs_pkey PRIMARY KEY (run_id)
);

create table transfers (
  bucket smallint not null,
  ledger_date date not null,
  transfer_id uuid not null,
  developer_id text not null,
  app_id text,
  business_date date,
  period text not null,
  currency text not null,
  debit account_kind not null,
  credit account_kind not null,
  amount_nanos numeric(38,0) not null,
  reason text not null,
  run_id uuid,
  version integer,
  link_id uuid,
  corrects_id uuid,
  booked_at timestamp with time zone not null,
  constraint transfers_accounts CHECK (debit <> credit),
  constraint transfers_amount CHECK (amount_nanos > 0::numeric),
  constraint transfers_ledger_date CHECK (business_date IS NULL OR business_date = ledger_date),
  constraint transfers_pkey PRIMARY KEY (bucket, ledger_date, transfer_id),
  constraint transfers_version CHECK (version IS NULL OR version > 0 AND app_id IS NOT NULL AND business_date IS NOT NULL),
  constraint transfers_version_key UNIQUE (bucket, ledger_date, app_id, currency, reason, version)
) partition by RANGE (ledger_date);
CREATE INDEX transfers_statement_idx ON ONLY transfers USING btree (bucket, developer_id, period);
CREATE TRIGGER transfers_keep_rows BEFORE DELETE OR UPDATE ON transfers FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
alter table transfers enable always trigger transfers_keep_rows;
CREATE TRIGGER transfers_keep_table BEFORE TRUNCATE ON transfers FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
alter table transfers enable always trigger transfers_keep_table;

create table transfers_2018_03 partition of transfers (
  bucket smallint not null,
  ledger_date date not null,
  transfer_id uuid not null,
  developer_id text not null,
  app_id text,
  business_date date,
  period text not null,
  currency text not null,
  debit account_kind not null,
  credit account_kind not null,
  amount_nanos numeric(38,0) not null,
  reason text not null,
  run_id uuid,
  version integer,
  link_id uuid,
  corrects_id uuid,
  booked_at timestamp with time zone not null,
  constraint transfers_2018_03_bucket_ledger_date_app_id_currency_reason_key UNIQUE (bucket, ledger_date, app_id, currency, reason, version),
  constraint transfers_2018_03_pkey PRIMARY KEY (bucket, ledger_date, transfer_id),
  constraint transfers_accounts CHECK (debit <> credit),
  constraint transfers_amount CHECK (amount_nanos > 0::numeric),
  constraint transfers_ledger_date CHECK (business_date IS NULL OR business_date = ledger_date),
  constraint transfers_version CHECK (version IS NULL OR version > 0 AND app_id IS NOT NULL AND business_date IS NOT NULL)
) FOR VALUES FROM ('2018-03-01') TO ('2018-04-01');
CREATE INDEX transfers_2018_03_bucket_developer_id_period_idx ON transfers_2018_03 USING btree (bucket, developer_id, period);
CREATE TRIGGER transfers_keep_rows BEFORE DELETE OR UPDATE ON transfers_2018_03 FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
alter table transfers_2018_03 enable always trigger transfers_keep_rows;
CREATE TRIGGER transfers_keep_table BEFORE TRUNCATE ON transfers_2018_03 FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
alter table transfers_2018_03 enable always trigger transfers_keep_table;

-- functions

CREATE OR REPLACE FUNCTION apportion.ensure_ledger_month(day date)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'apportion', 'pg_temp'
AS $function$
declare
  first_day date := date_trunc('month', day)::date;
  partition_name text := 'transfers_' || to_char(first_day, 'YYYY_MM');
begin
  if to_regclass(quote_ident(partition_name)) is not null then
    return;
  end if;
  -- Excludes others who would make it, and lets this session see what they have made; readers and writers go on.
  lock table transfers in share update exclusive mode;
  if to_regclass(quote_ident(partition_name)) is not null then
    return;
  end if;
  execute format('create table %I (like transfers including defaults including constraints)', partition_name);
  execute format('alter table transfers attach partition %I for values from (%L) to (%L)', partition_name, first_day,
    (first_day + interval '1 month')::date);
  -- The row trigger comes with attaching; a truncate trigger on the parent does not guard its partitions.
  execute format('create trigger transfers_keep_table before truncate on %I for each statement execute function refuse_ledger_change()',
    partition_name);
  execute format('alter table %I enable always trigger transfers_keep_table', partition_name);
end
$function$
;

CREATE OR REPLACE FUNCTION apportion.refuse_ledger_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception 'the ledger is append-only: % on % is refused', tg_op, tg_table_name
    using errcode = 'insufficient_privilege', hint = 'Post a correcting transfer instead.';
end
$function$
;

-- privileges

grant execute on function ensure_ledger_month(date) to apportion_app;
grant execute on function refuse_ledger_change() to public;
grant usage on schema apportion to apportion_app;
grant insert, select on table ad_unit_versions to apportion_app;
grant insert, select on table ad_units to apportion_app;
grant insert, select on table app_versions to apportion_app;
grant insert, select on table apps to apportion_app;
grant insert, select on table campaign_versions to apportion_app;
grant insert, select on table conflicting_lines to apportion_app;
grant insert, select on table developer_versions to apportion_app;
grant insert, select on table developers to apportion_app;
grant delete, insert, select on table due_days to apportion_app;
grant insert, select, update (clicks), update (gross_nanos), update (impressions) on table earnings to apportion_app;
grant delete, insert, select on table identity_segments to apportion_app;
grant insert, select, update (accepted), update (conflicts), update (duplicates), update (processed_at), update (reference_version), update (rejected), update (seq) on table inbox_batches to apportion_app;
grant select, update (last_clock) on table installation to apportion_app;
grant select on table migrations to apportion_app;
grant insert, select on table plan_versions to apportion_app;
grant insert, select on table posting_totals to apportion_app;
grant insert, select on table reference_versions to apportion_app;
grant insert, select on table rejected_lines to apportion_app;
grant insert, select on table settlement_run_buckets to apportion_app;
grant insert, select on table settlement_runs to apportion_app;
grant insert, select on table transfers to apportion_app;
