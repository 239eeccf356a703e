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

create table audit_entries (
  entry_id uuid not null,
  actor text not null,
  command text not null,
  parameters json not null,
  host text not null,
  os_user text not null,
  program text not null,
  began_at timestamp with time zone not null,
  constraint audit_entries_parameters CHECK (octet_length(parameters::text) <= 4096),
  constraint audit_entries_pkey PRIMARY KEY (entry_id)
);
CREATE INDEX audit_entries_actor_idx ON audit_entries USING btree (lower(actor COLLATE "C"), began_at, entry_id);
CREATE INDEX audit_entries_began_idx ON audit_entries USING btree (began_at, entry_id);
CREATE TRIGGER audit_entries_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON audit_entries FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table audit_entries enable always trigger audit_entries_keep;

create table audit_results (
  entry_id uuid not null,
  result text not null,
  exit_code smallint not null,
  refusal_code text,
  ended_at timestamp with time zone not null,
  constraint audit_results_entry_fkey FOREIGN KEY (entry_id) REFERENCES audit_entries(entry_id),
  constraint audit_results_pkey PRIMARY KEY (entry_id),
  constraint audit_results_result CHECK (result = ANY (ARRAY['done'::text, 'refused'::text, 'failed'::text]))
);
CREATE TRIGGER audit_results_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON audit_results FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table audit_results enable always trigger audit_results_keep;

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

create table decision_outcomes (
  decision_id text not null,
  proposed_by text not null,
  expires_at timestamp with time zone not null,
  outcome text not null,
  actor text not null,
  note text,
  decided_at timestamp with time zone not null,
  constraint decision_outcomes_decision_fkey FOREIGN KEY (decision_id, proposed_by, expires_at) REFERENCES decisions(decision_id, proposed_by, expires_at),
  constraint decision_outcomes_expiry CHECK (decided_at < expires_at),
  constraint decision_outcomes_four_eyes CHECK (outcome <> 'applied'::text OR lower(actor COLLATE "C") <> lower(proposed_by COLLATE "C")),
  constraint decision_outcomes_outcome CHECK (outcome = ANY (ARRAY['applied'::text, 'rejected'::text, 'withdrawn'::text])),
  constraint decision_outcomes_person_fkey FOREIGN KEY (actor) REFERENCES persons(person_id),
  constraint decision_outcomes_pkey PRIMARY KEY (decision_id),
  constraint decision_outcomes_withdrawn CHECK (outcome <> 'withdrawn'::text OR lower(actor COLLATE "C") = lower(proposed_by COLLATE "C"))
);
CREATE TRIGGER decision_outcomes_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON decision_outcomes FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table decision_outcomes enable always trigger decision_outcomes_keep;

create table decision_totals (
  bucket smallint not null,
  decision_id text not null,
  period text not null,
  currency text not null,
  account account_kind not null,
  debit_nanos numeric(38,0) not null,
  credit_nanos numeric(38,0) not null,
  constraint decision_totals_pkey PRIMARY KEY (bucket, decision_id, period, currency, account)
);

create table decisions (
  decision_id text not null,
  kind text not null,
  parameters jsonb not null,
  reason text not null,
  evidence jsonb not null,
  proposed_by text not null,
  proposed_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  digest bytea not null,
  constraint decisions_expiry CHECK (expires_at > proposed_at),
  constraint decisions_pkey PRIMARY KEY (decision_id),
  constraint decisions_proposer_fkey FOREIGN KEY (proposed_by) REFERENCES persons(person_id),
  constraint decisions_terms_key UNIQUE (decision_id, proposed_by, expires_at)
);
CREATE INDEX decisions_proposed_idx ON decisions USING btree (proposed_at, decision_id);
CREATE TRIGGER decisions_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON decisions FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table decisions enable always trigger decisions_keep;

create table deductions (
  bucket smallint not null,
  business_date date not null,
  developer_id text not null,
  app_id text not null,
  ad_unit_id text not null,
  currency text not null,
  reason text not null,
  invalidation_id text not null,
  run_id uuid not null,
  impressions bigint not null,
  clicks bigint not null,
  gross_nanos numeric(38,0) not null,
  constraint deductions_pkey PRIMARY KEY (bucket, business_date, developer_id, app_id, ad_unit_id, currency, reason, invalidation_id, run_id),
  constraint deductions_something CHECK (impressions <> 0 OR clicks <> 0 OR gross_nanos <> 0::numeric)
);
CREATE TRIGGER deductions_keep_rows BEFORE DELETE OR UPDATE ON deductions FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
alter table deductions enable always trigger deductions_keep_rows;
CREATE TRIGGER deductions_keep_table BEFORE TRUNCATE ON deductions FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
alter table deductions enable always trigger deductions_keep_table;

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

create table fund_changes (
  decision_id text not null,
  fund_id text not null,
  reference_version integer not null,
  change text not null,
  amount_nanos numeric(38,0) not null,
  constraint fund_changes_amount CHECK (
CASE change
    WHEN 'close'::text THEN amount_nanos = 0::numeric
    ELSE amount_nanos > 0::numeric
END),
  constraint fund_changes_change CHECK (change = ANY (ARRAY['endow'::text, 'top_up'::text, 'close'::text])),
  constraint fund_changes_decision_fkey FOREIGN KEY (decision_id) REFERENCES decisions(decision_id),
  constraint fund_changes_fund_fkey FOREIGN KEY (fund_id) REFERENCES funds(fund_id),
  constraint fund_changes_pkey PRIMARY KEY (decision_id)
);
CREATE INDEX fund_changes_fund_idx ON fund_changes USING btree (fund_id);
CREATE UNIQUE INDEX fund_changes_once_key ON fund_changes USING btree (fund_id, change) WHERE change <> 'top_up'::text;

create table fund_claims (
  bucket smallint not null,
  fund_id text not null,
  business_date date not null,
  app_id text not null,
  grant_no integer not null,
  developer_id text not null,
  gross_nanos numeric(38,0) not null,
  claim_nanos numeric(38,0) not null,
  constraint fund_claims_amounts CHECK (gross_nanos >= 0::numeric AND claim_nanos >= 0::numeric),
  constraint fund_claims_pkey PRIMARY KEY (bucket, fund_id, grant_no, business_date, app_id)
);
CREATE INDEX fund_claims_day_idx ON fund_claims USING btree (bucket, fund_id, business_date, app_id, grant_no);

create table fund_days (
  fund_id text not null,
  business_date date not null,
  grant_no integer not null,
  claim_change_nanos numeric(38,0) not null,
  award_change_nanos numeric(38,0) not null,
  constraint fund_days_grant_fkey FOREIGN KEY (fund_id, grant_no) REFERENCES fund_grants(fund_id, grant_no),
  constraint fund_days_pkey PRIMARY KEY (fund_id, business_date, grant_no)
);

create table fund_first_days (
  bucket smallint not null,
  fund_id text not null,
  app_id text not null,
  first_day date not null,
  grant_no integer not null,
  constraint fund_first_days_pkey PRIMARY KEY (bucket, fund_id, app_id, first_day)
);

create table fund_grants (
  fund_id text not null,
  grant_no integer not null,
  grant_id uuid not null,
  cause text not null,
  run_id uuid,
  reference_version integer not null,
  awarded_nanos numeric(38,0) not null,
  returned_nanos numeric(38,0) not null,
  left_nanos numeric(38,0) not null,
  granted_at timestamp with time zone not null,
  constraint fund_grants_cause CHECK ((cause = ANY (ARRAY['run'::text, 'rest'::text, 'expiry'::text, 'close'::text])) AND (cause = 'run'::text) = (run_id IS NOT NULL)),
  constraint fund_grants_fund_fkey FOREIGN KEY (fund_id) REFERENCES funds(fund_id),
  constraint fund_grants_id_key UNIQUE (grant_id),
  constraint fund_grants_left CHECK (left_nanos >= 0::numeric AND returned_nanos >= 0::numeric),
  constraint fund_grants_no CHECK (grant_no > 0),
  constraint fund_grants_pkey PRIMARY KEY (fund_id, grant_no),
  constraint fund_grants_run_key UNIQUE (fund_id, run_id)
);

create table fund_terms (
  fund_id text not null,
  reference_version integer not null,
  currency text not null,
  start_day date not null,
  end_day date not null,
  rule jsonb not null,
  constraint fund_terms_days CHECK (start_day <= end_day),
  constraint fund_terms_fund_fkey FOREIGN KEY (fund_id) REFERENCES funds(fund_id),
  constraint fund_terms_pkey PRIMARY KEY (fund_id)
);

create table funds (
  fund_id text not null,
  reference_version integer not null,
  constraint funds_pkey PRIMARY KEY (fund_id),
  constraint funds_version_fkey FOREIGN KEY (reference_version) REFERENCES reference_versions(reference_version)
);

create table hold_acts (
  decision_id text not null,
  reference_version integer not null,
  act text not null,
  hold_id text,
  owner_id text not null,
  app_id text,
  from_day date,
  to_day date,
  ends_hold boolean not null,
  constraint hold_acts_act CHECK (act = ANY (ARRAY['release'::text, 'forfeit'::text, 'keep'::text])),
  constraint hold_acts_decision_fkey FOREIGN KEY (decision_id) REFERENCES decisions(decision_id),
  constraint hold_acts_hold CHECK ((act = 'keep'::text) = (hold_id IS NULL) AND (hold_id IS NOT NULL OR NOT ends_hold)),
  constraint hold_acts_hold_fkey FOREIGN KEY (hold_id) REFERENCES holds(hold_id),
  constraint hold_acts_pkey PRIMARY KEY (decision_id),
  constraint hold_acts_version_fkey FOREIGN KEY (reference_version) REFERENCES reference_versions(reference_version)
);
CREATE UNIQUE INDEX hold_acts_end_key ON hold_acts USING btree (hold_id) WHERE ends_hold;
CREATE INDEX hold_acts_owner_idx ON hold_acts USING btree (owner_id);

create table holds (
  hold_id text not null,
  reference_version integer not null,
  owner_id text not null,
  app_id text,
  from_day date not null,
  owed jsonb not null,
  constraint holds_decision_fkey FOREIGN KEY (hold_id) REFERENCES decisions(decision_id),
  constraint holds_pkey PRIMARY KEY (hold_id),
  constraint holds_version_fkey FOREIGN KEY (reference_version) REFERENCES reference_versions(reference_version)
);
CREATE INDEX holds_owner_idx ON holds USING btree (owner_id);

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
  invalid jsonb,
  repeated bytea,
  format text not null default 'ndjson'::text,
  constraint inbox_batches_counts CHECK (seq IS NULL OR line_count = (accepted + duplicates + conflicts + rejected)),
  constraint inbox_batches_format CHECK (format = ANY (ARRAY['ndjson'::text, 'ipinyou'::text])),
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
  accepted_plans_version integer not null default 0,
  constraint installation_bucket_count CHECK (bucket_count >= 1 AND bucket_count <= 1024),
  constraint installation_pkey PRIMARY KEY (singleton),
  constraint installation_singleton CHECK (singleton)
);

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
  gross_nanos numeric(38,0) not null,
  constraint invalid_earnings_counts CHECK (impressions >= 0 AND clicks >= 0 AND gross_nanos >= 0::numeric),
  constraint invalid_earnings_pkey PRIMARY KEY (bucket, business_date, developer_id, app_id, ad_unit_id, currency, reason)
) with (fillfactor=85);

create table invalidations (
  invalidation_id text not null,
  reference_version integer not null,
  developer_id text not null,
  app_id text not null,
  ad_unit_id text,
  event_type text,
  from_day date not null,
  to_day date not null,
  events text,
  event_count integer,
  reason text not null,
  actor text not null,
  note text,
  constraint invalidations_days CHECK (to_day >= from_day),
  constraint invalidations_events CHECK ((events IS NULL) = (event_count IS NULL) AND (events IS NULL OR num_nonnulls(ad_unit_id, event_type) = 0)),
  constraint invalidations_pkey PRIMARY KEY (invalidation_id),
  constraint invalidations_type CHECK (event_type = ANY (ARRAY['impression'::text, 'click'::text])),
  constraint invalidations_version_fkey FOREIGN KEY (reference_version) REFERENCES reference_versions(reference_version)
);
CREATE INDEX invalidations_developer_idx ON invalidations USING btree (developer_id, to_day);

create table migrations (
  id integer not null default nextval('migrations_id_seq'::regclass),
  name character varying(255) not null,
  run_on timestamp without time zone not null,
  constraint migrations_pkey PRIMARY KEY (id)
);

create table person_versions (
  person_id text not null,
  version integer not null,
  name text not null,
  roles text[] not null,
  book text,
  disabled boolean not null,
  valid_from timestamp with time zone not null,
  recorded_at timestamp with time zone not null,
  constraint person_versions_book CHECK (book IS NULL OR roles && ARRAY['producer'::text, 'developer'::text]),
  constraint person_versions_person_fkey FOREIGN KEY (person_id) REFERENCES persons(person_id),
  constraint person_versions_pkey PRIMARY KEY (person_id, version),
  constraint person_versions_roles CHECK (roles <@ ARRAY['producer'::text, 'developer'::text, 'finance'::text, 'approver'::text, 'operator'::text]),
  constraint person_versions_version CHECK (version > 0)
);
CREATE TRIGGER person_versions_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON person_versions FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table person_versions enable always trigger person_versions_keep;

create table persons (
  person_id text not null,
  recorded_at timestamp with time zone not null,
  constraint persons_id CHECK (person_id ~ '^[ -~]{1,64}$'::text),
  constraint persons_pkey PRIMARY KEY (person_id)
);
CREATE UNIQUE INDEX persons_case_key ON persons USING btree (lower(person_id COLLATE "C"));
CREATE TRIGGER persons_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON persons FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table persons enable always trigger persons_keep;

create table plan_acceptances (
  plan_id text not null,
  plan_version integer not null,
  reference_version integer not null,
  developer_id text not null,
  actor text not null,
  accepted_on date not null,
  constraint plan_acceptances_order CHECK (reference_version > plan_version),
  constraint plan_acceptances_pkey PRIMARY KEY (plan_id, plan_version),
  constraint plan_acceptances_plan_fkey FOREIGN KEY (plan_id, plan_version) REFERENCES plan_versions(plan_id, reference_version),
  constraint plan_acceptances_version_fkey FOREIGN KEY (reference_version) REFERENCES reference_versions(reference_version)
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
  constraint plan_versions_basis CHECK ((basis = ANY (ARRAY['app_day'::text, 'app_month'::text])) AND (basis = 'app_day'::text OR mode = 'marginal'::text)),
  constraint plan_versions_dates CHECK (effective_to >= effective_from),
  constraint plan_versions_mode CHECK (mode = ANY (ARRAY['marginal'::text, 'whole'::text])),
  constraint plan_versions_pkey PRIMARY KEY (plan_id, reference_version),
  constraint plan_versions_scope CHECK ((scope = ANY (ARRAY['app'::text, 'developer'::text, 'category'::text, 'default'::text])) AND (scope = 'default'::text) = (scope_id = ''::text)),
  constraint plan_versions_version_fkey FOREIGN KEY (reference_version) REFERENCES reference_versions(reference_version)
);
CREATE INDEX plan_versions_app_month_idx ON plan_versions USING btree (plan_id) WHERE basis = 'app_month'::text;
CREATE INDEX plan_versions_scope_idx ON plan_versions USING btree (scope, scope_id);

create table posting_totals (
  bucket smallint not null,
  run_id uuid not null,
  period text not null,
  currency text not null,
  account account_kind not null,
  debit_nanos numeric(38,0) not null,
  credit_nanos numeric(38,0) not null,
  source_bucket smallint not null,
  constraint posting_totals_pkey PRIMARY KEY (bucket, run_id, source_bucket, period, currency, account)
);

create table provider_confirmations (
  provider_id text not null,
  app_id text not null,
  reference_version integer not null,
  terms_version integer not null,
  confirmed_on date not null,
  actor text not null,
  constraint provider_confirmations_order CHECK (terms_version < reference_version),
  constraint provider_confirmations_pkey PRIMARY KEY (provider_id, app_id, reference_version),
  constraint provider_confirmations_terms_fkey FOREIGN KEY (provider_id, app_id, terms_version) REFERENCES provider_terms(provider_id, app_id, reference_version),
  constraint provider_confirmations_version_fkey FOREIGN KEY (reference_version) REFERENCES reference_versions(reference_version)
);
CREATE INDEX provider_confirmations_app_idx ON provider_confirmations USING btree (app_id);

create table provider_terms (
  provider_id text not null,
  app_id text not null,
  reference_version integer not null,
  terms jsonb not null,
  constraint provider_terms_pkey PRIMARY KEY (provider_id, app_id, reference_version),
  constraint provider_terms_provider_fkey FOREIGN KEY (provider_id) REFERENCES providers(provider_id)
);
CREATE INDEX provider_terms_app_idx ON provider_terms USING btree (app_id);

create table provider_versions (
  provider_id text not null,
  reference_version integer not null,
  name text not null,
  type text not null,
  country text not null,
  constraint provider_versions_pkey PRIMARY KEY (provider_id, reference_version),
  constraint provider_versions_provider_fkey FOREIGN KEY (provider_id) REFERENCES providers(provider_id),
  constraint provider_versions_type CHECK (type = ANY (ARRAY['company'::text, 'individual'::text]))
);

create table providers (
  provider_id text not null,
  reference_version integer not null,
  constraint providers_pkey PRIMARY KEY (provider_id),
  constraint providers_version_fkey FOREIGN KEY (reference_version) REFERENCES reference_versions(reference_version)
);

create table redriven_lines (
  bucket smallint not null,
  seq bigint not null,
  line_no bigint not null,
  ingest_id uuid not null,
  redriven_at timestamp with time zone not null,
  constraint redriven_lines_line_fkey FOREIGN KEY (bucket, seq, line_no) REFERENCES rejected_lines(bucket, seq, line_no),
  constraint redriven_lines_pkey PRIMARY KEY (bucket, seq, line_no)
);
CREATE INDEX redriven_lines_ingest_idx ON redriven_lines USING btree (ingest_id);

create table reference_versions (
  reference_version integer not null,
  kind text not null,
  recorded_at timestamp with time zone not null,
  digest bytea not null,
  constraint reference_versions_kind CHECK (kind = ANY (ARRAY['catalog'::text, 'plans'::text, 'acceptance'::text, 'confirmation'::text, 'traffic'::text, 'invalidation'::text, 'reinstatement'::text, 'hold'::text, 'fund'::text])),
  constraint reference_versions_pkey PRIMARY KEY (reference_version)
);

create table reinstatements (
  invalidation_id text not null,
  reference_version integer not null,
  reason text not null,
  actor text not null,
  constraint reinstatements_invalidation_fkey FOREIGN KEY (invalidation_id) REFERENCES invalidations(invalidation_id),
  constraint reinstatements_pkey PRIMARY KEY (invalidation_id),
  constraint reinstatements_version_fkey FOREIGN KEY (reference_version) REFERENCES reference_versions(reference_version)
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

create table traffic_lists (
  list_name text not null,
  reference_version integer not null,
  digest text not null,
  entry_count integer not null,
  entries text not null,
  constraint traffic_lists_name CHECK (list_name = ANY (ARRAY['known_bots'::text, 'data_centres'::text])),
  constraint traffic_lists_pkey PRIMARY KEY (list_name, reference_version),
  constraint traffic_lists_version_fkey FOREIGN KEY (reference_version) REFERENCES reference_versions(reference_version)
);

create table traffic_policy_versions (
  effective_from date not null,
  reference_version integer not null,
  checks jsonb not null,
  lookback_days smallint not null,
  constraint traffic_policy_versions_lookback CHECK (lookback_days >= 0 AND lookback_days <= 7),
  constraint traffic_policy_versions_pkey PRIMARY KEY (effective_from, reference_version),
  constraint traffic_policy_versions_version_fkey FOREIGN KEY (reference_version) REFERENCES reference_versions(reference_version)
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
  provider_id text,
  decision_id text,
  fund_id text,
  constraint transfers_accounts CHECK (debit <> credit),
  constraint transfers_amount CHECK (amount_nanos > 0::numeric),
  constraint transfers_cause CHECK (run_id IS NULL OR decision_id IS NULL),
  constraint transfers_decision CHECK (decision_id IS NULL OR version IS NULL),
  constraint transfers_fund CHECK (fund_id IS NULL OR version IS NOT NULL AND link_id IS NOT NULL AND run_id IS NOT NULL AND provider_id IS NULL),
  constraint transfers_ledger_date CHECK (business_date IS NULL OR business_date = ledger_date),
  constraint transfers_pkey PRIMARY KEY (bucket, ledger_date, transfer_id),
  constraint transfers_provider CHECK (provider_id IS NULL OR version IS NOT NULL AND (link_id IS NOT NULL OR (reason = ANY (ARRAY['hold'::text, 'forfeiture'::text])))),
  constraint transfers_version CHECK (version IS NULL OR version > 0 AND app_id IS NOT NULL AND business_date IS NOT NULL)
) partition by RANGE (ledger_date);
CREATE INDEX transfers_decision_idx ON ONLY transfers USING btree (bucket, developer_id, decision_id) WHERE decision_id IS NOT NULL;
CREATE UNIQUE INDEX transfers_fund_version_key ON ONLY transfers USING btree (bucket, ledger_date, app_id, currency, reason, fund_id, version) WHERE fund_id IS NOT NULL;
CREATE INDEX transfers_kept_back_idx ON ONLY transfers USING btree (bucket, developer_id, ledger_date) WHERE (debit = ANY (ARRAY['held'::account_kind, 'forfeited'::account_kind])) OR (credit = ANY (ARRAY['held'::account_kind, 'forfeited'::account_kind]));
CREATE INDEX transfers_link_idx ON ONLY transfers USING btree (bucket, ledger_date, link_id) WHERE link_id IS NOT NULL;
CREATE UNIQUE INDEX transfers_provider_version_key ON ONLY transfers USING btree (bucket, ledger_date, app_id, currency, reason, provider_id, version) WHERE provider_id IS NOT NULL;
CREATE INDEX transfers_statement_idx ON ONLY transfers USING btree (bucket, developer_id, period);
CREATE UNIQUE INDEX transfers_version_key ON ONLY transfers USING btree (bucket, ledger_date, app_id, currency, reason, version) WHERE provider_id IS NULL AND fund_id IS NULL;
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
  provider_id text,
  decision_id text,
  fund_id text,
  constraint transfers_2018_03_pkey PRIMARY KEY (bucket, ledger_date, transfer_id),
  constraint transfers_accounts CHECK (debit <> credit),
  constraint transfers_amount CHECK (amount_nanos > 0::numeric),
  constraint transfers_cause CHECK (run_id IS NULL OR decision_id IS NULL),
  constraint transfers_decision CHECK (decision_id IS NULL OR version IS NULL),
  constraint transfers_fund CHECK (fund_id IS NULL OR version IS NOT NULL AND link_id IS NOT NULL AND run_id IS NOT NULL AND provider_id IS NULL),
  constraint transfers_ledger_date CHECK (business_date IS NULL OR business_date = ledger_date),
  constraint transfers_provider CHECK (provider_id IS NULL OR version IS NOT NULL AND (link_id IS NOT NULL OR (reason = ANY (ARRAY['hold'::text, 'forfeiture'::text])))),
  constraint transfers_version CHECK (version IS NULL OR version > 0 AND app_id IS NOT NULL AND business_date IS NOT NULL)
) FOR VALUES FROM ('2018-03-01') TO ('2018-04-01');
CREATE INDEX transfers_2018_03_bucket_developer_id_decision_id_idx ON transfers_2018_03 USING btree (bucket, developer_id, decision_id) WHERE decision_id IS NOT NULL;
CREATE INDEX transfers_2018_03_bucket_developer_id_ledger_date_idx ON transfers_2018_03 USING btree (bucket, developer_id, ledger_date) WHERE (debit = ANY (ARRAY['held'::account_kind, 'forfeited'::account_kind])) OR (credit = ANY (ARRAY['held'::account_kind, 'forfeited'::account_kind]));
CREATE INDEX transfers_2018_03_bucket_developer_id_period_idx ON transfers_2018_03 USING btree (bucket, developer_id, period);
CREATE UNIQUE INDEX transfers_2018_03_bucket_ledger_date_app_id_currency_reaso_idx1 ON transfers_2018_03 USING btree (bucket, ledger_date, app_id, currency, reason, version) WHERE provider_id IS NULL AND fund_id IS NULL;
CREATE UNIQUE INDEX transfers_2018_03_bucket_ledger_date_app_id_currency_reaso_idx2 ON transfers_2018_03 USING btree (bucket, ledger_date, app_id, currency, reason, fund_id, version) WHERE fund_id IS NOT NULL;
CREATE UNIQUE INDEX transfers_2018_03_bucket_ledger_date_app_id_currency_reason_idx ON transfers_2018_03 USING btree (bucket, ledger_date, app_id, currency, reason, provider_id, version) WHERE provider_id IS NOT NULL;
CREATE INDEX transfers_2018_03_bucket_ledger_date_link_id_idx ON transfers_2018_03 USING btree (bucket, ledger_date, link_id) WHERE link_id IS NOT NULL;
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

CREATE OR REPLACE FUNCTION apportion.refuse_record_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% keeps what was recorded: % is refused', tg_table_name, tg_op
    using errcode = 'insufficient_privilege', hint = 'Record a new row instead.';
end
$function$
;

-- privileges

grant execute on function ensure_ledger_month(date) to apportion_app;
grant execute on function refuse_ledger_change() to public;
grant execute on function refuse_record_change() to public;
grant usage on schema apportion to apportion_app;
grant insert, select on table ad_unit_versions to apportion_app;
grant insert, select on table ad_units to apportion_app;
grant insert, select on table app_versions to apportion_app;
grant insert, select on table apps to apportion_app;
grant insert, select on table audit_entries to apportion_app;
grant insert, select on table audit_results to apportion_app;
grant insert, select on table campaign_versions to apportion_app;
grant insert, select on table conflicting_lines to apportion_app;
grant insert, select on table decision_outcomes to apportion_app;
grant insert, select on table decision_totals to apportion_app;
grant insert, select on table decisions to apportion_app;
grant insert, select on table deductions to apportion_app;
grant insert, select on table developer_versions to apportion_app;
grant insert, select on table developers to apportion_app;
grant delete, insert, select on table due_days to apportion_app;
grant insert, select, update (clicks), update (gross_nanos), update (impressions) on table earnings to apportion_app;
grant insert, select on table fund_changes to apportion_app;
grant insert, select on table fund_claims to apportion_app;
grant insert, select on table fund_days to apportion_app;
grant insert, select on table fund_first_days to apportion_app;
grant insert, select on table fund_grants to apportion_app;
grant insert, select on table fund_terms to apportion_app;
grant insert, select on table funds to apportion_app;
grant insert, select on table hold_acts to apportion_app;
grant insert, select on table holds to apportion_app;
grant delete, insert, select on table identity_segments to apportion_app;
grant insert, select, update (accepted), update (conflicts), update (duplicates), update (invalid), update (processed_at), update (reference_version), update (rejected), update (repeated), update (seq) on table inbox_batches to apportion_app;
grant select, update (last_clock) on table installation to apportion_app;
grant insert, select, update (clicks), update (gross_nanos), update (impressions) on table invalid_earnings to apportion_app;
grant insert, select on table invalidations to apportion_app;
grant select on table migrations to apportion_app;
grant insert, select on table person_versions to apportion_app;
grant insert, select on table persons to apportion_app;
grant insert, select on table plan_acceptances to apportion_app;
grant insert, select on table plan_versions to apportion_app;
grant insert, select on table posting_totals to apportion_app;
grant insert, select on table provider_confirmations to apportion_app;
grant insert, select on table provider_terms to apportion_app;
grant insert, select on table provider_versions to apportion_app;
grant insert, select on table providers to apportion_app;
grant insert, select on table redriven_lines to apportion_app;
grant insert, select on table reference_versions to apportion_app;
grant insert, select on table reinstatements to apportion_app;
grant insert, select on table rejected_lines to apportion_app;
grant insert, select on table settlement_run_buckets to apportion_app;
grant insert, select on table settlement_runs to apportion_app;
grant insert, select on table traffic_lists to apportion_app;
grant insert, select on table traffic_policy_versions to apportion_app;
grant insert, select on table transfers to apportion_app;
