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

create table answer_files (
  file_id uuid not null,
  name text not null,
  sha256 bytea not null,
  matched integer not null,
  repeated integer not null,
  unmatched integer not null,
  imported_at timestamp with time zone not null,
  actor text not null,
  constraint answer_files_counts CHECK (matched >= 0 AND repeated >= 0 AND unmatched >= 0),
  constraint answer_files_pkey PRIMARY KEY (file_id),
  constraint answer_files_sha256 CHECK (length(sha256) = 32)
);
CREATE INDEX answer_files_imported_idx ON answer_files USING btree (imported_at, file_id);
CREATE TRIGGER answer_files_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON answer_files FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table answer_files enable always trigger answer_files_keep;

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

create table book_seals (
  bucket smallint not null,
  owner_id text not null,
  currency text not null,
  period text not null,
  transfers integer not null,
  digest bytea not null,
  balances jsonb not null,
  constraint book_seals_digest CHECK (length(digest) = 32),
  constraint book_seals_pkey PRIMARY KEY (bucket, owner_id, currency, period),
  constraint book_seals_transfers CHECK (transfers > 0)
);
CREATE TRIGGER book_seals_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON book_seals FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table book_seals enable always trigger book_seals_keep;

create table bucket_seals (
  bucket smallint not null,
  period text not null,
  books integer not null,
  transfers integer not null,
  digest bytea not null,
  constraint bucket_seals_counts CHECK (books >= 0 AND transfers >= books),
  constraint bucket_seals_digest CHECK (length(digest) = 32),
  constraint bucket_seals_pkey PRIMARY KEY (bucket, period)
);
CREATE TRIGGER bucket_seals_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON bucket_seals FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table bucket_seals enable always trigger bucket_seals_keep;

create table campaign_versions (
  campaign_id text not null,
  reference_version integer not null,
  currency text not null,
  rate_cards jsonb not null,
  constraint campaign_versions_pkey PRIMARY KEY (campaign_id, reference_version)
);

create table closing_orders (
  order_no integer not null,
  decision_id text not null,
  after_days integer,
  ordered_at timestamp with time zone not null,
  constraint closing_orders_after CHECK (after_days >= 0),
  constraint closing_orders_decision_fkey FOREIGN KEY (decision_id) REFERENCES decisions(decision_id),
  constraint closing_orders_decision_key UNIQUE (decision_id),
  constraint closing_orders_pkey PRIMARY KEY (order_no)
);
CREATE TRIGGER closing_orders_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON closing_orders FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table closing_orders enable always trigger closing_orders_keep;

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
  booked_at timestamp with time zone not null,
  first_day date not null,
  last_day date not null,
  constraint decision_totals_days CHECK (first_day <= last_day),
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
  since_seq bigint not null default 0,
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
CREATE INDEX earnings_developer_idx ON earnings USING btree (bucket, developer_id, business_date);

create table exchange_rates (
  source_currency text not null,
  target_currency text not null,
  day date not null,
  import_no integer not null,
  rate numeric not null,
  source text not null,
  constraint exchange_rates_currencies CHECK (source_currency <> target_currency),
  constraint exchange_rates_import_fkey FOREIGN KEY (import_no) REFERENCES payout_imports(import_no),
  constraint exchange_rates_pkey PRIMARY KEY (source_currency, target_currency, day, import_no),
  constraint exchange_rates_rate CHECK (rate > 0::numeric)
);
CREATE TRIGGER exchange_rates_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON exchange_rates FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table exchange_rates enable always trigger exchange_rates_keep;

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

create table invoice_rules (
  country text not null,
  effective_from date not null,
  import_no integer not null,
  effective_to date,
  required boolean not null,
  constraint invoice_rules_days CHECK (effective_to >= effective_from),
  constraint invoice_rules_import_fkey FOREIGN KEY (import_no) REFERENCES payout_imports(import_no),
  constraint invoice_rules_pkey PRIMARY KEY (country, effective_from, import_no)
);
CREATE TRIGGER invoice_rules_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON invoice_rules FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table invoice_rules enable always trigger invoice_rules_keep;

create table issued_statements (
  bucket smallint not null,
  owner_id text not null,
  period text not null,
  content bytea storage external not null,
  digest bytea not null,
  constraint issued_statements_digest CHECK (length(digest) = 32),
  constraint issued_statements_pkey PRIMARY KEY (bucket, owner_id, period)
);
CREATE TRIGGER issued_statements_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON issued_statements FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table issued_statements enable always trigger issued_statements_keep;

create table migrations (
  id integer not null default nextval('migrations_id_seq'::regclass),
  name character varying(255) not null,
  run_on timestamp without time zone not null,
  constraint migrations_pkey PRIMARY KEY (id)
);

create table payees (
  owner_id text not null,
  import_no integer not null,
  destination text,
  currency text,
  minimum_nanos numeric(38,0),
  on_hold boolean not null,
  constraint payees_import_fkey FOREIGN KEY (import_no) REFERENCES payout_imports(import_no),
  constraint payees_minimum CHECK (minimum_nanos > 0::numeric),
  constraint payees_pkey PRIMARY KEY (owner_id, import_no)
);
CREATE TRIGGER payees_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON payees FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table payees enable always trigger payees_keep;

create table payment_files (
  file_id uuid not null,
  batch_id text not null,
  file_no integer not null,
  name text not null,
  payouts integer not null,
  totals jsonb not null,
  sha256 bytea not null,
  content bytea not null,
  sent_at timestamp with time zone not null,
  actor text not null,
  constraint payment_files_batch_fkey FOREIGN KEY (batch_id) REFERENCES payout_batches(batch_id),
  constraint payment_files_counts CHECK (payouts > 0 AND file_no > 0),
  constraint payment_files_name_key UNIQUE (batch_id, name),
  constraint payment_files_no_key UNIQUE (batch_id, file_no),
  constraint payment_files_pkey PRIMARY KEY (file_id),
  constraint payment_files_sha256 CHECK (length(sha256) = 32)
);
CREATE TRIGGER payment_files_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON payment_files FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table payment_files enable always trigger payment_files_keep;

create table payout_answers (
  bucket smallint not null,
  payout_id uuid not null,
  status text not null,
  bank_reference text not null,
  file_id uuid not null,
  line_no integer not null,
  booked_on date not null,
  reason text,
  row_digest bytea not null,
  constraint payout_answers_digest CHECK (length(row_digest) = 32),
  constraint payout_answers_file_fkey FOREIGN KEY (file_id) REFERENCES answer_files(file_id),
  constraint payout_answers_payout_fkey FOREIGN KEY (bucket, payout_id) REFERENCES payouts(bucket, payout_id),
  constraint payout_answers_pkey PRIMARY KEY (bucket, payout_id, status, bank_reference),
  constraint payout_answers_status CHECK (status = ANY (ARRAY['paid'::text, 'returned'::text]))
);
CREATE INDEX payout_answers_row_idx ON payout_answers USING btree (row_digest);
CREATE TRIGGER payout_answers_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON payout_answers FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table payout_answers enable always trigger payout_answers_keep;

create table payout_batches (
  batch_id text not null,
  period text not null,
  currency text not null,
  draw_no integer not null,
  terms_import integer not null,
  threshold_nanos numeric(38,0) not null,
  due_on date not null,
  payouts integer not null,
  amount_nanos numeric(38,0) not null,
  digest bytea not null,
  drawn_on date not null,
  drawn_at timestamp with time zone not null,
  actor text not null,
  constraint payout_batches_amounts CHECK (payouts > 0 AND amount_nanos > 0::numeric AND threshold_nanos > 0::numeric),
  constraint payout_batches_digest CHECK (length(digest) = 32),
  constraint payout_batches_draw CHECK (draw_no > 0),
  constraint payout_batches_draw_key UNIQUE (period, currency, draw_no),
  constraint payout_batches_pkey PRIMARY KEY (batch_id),
  constraint payout_batches_seal_fkey FOREIGN KEY (period) REFERENCES period_seals(period),
  constraint payout_batches_terms_fkey FOREIGN KEY (terms_import) REFERENCES payout_imports(import_no)
);
CREATE TRIGGER payout_batches_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON payout_batches FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table payout_batches enable always trigger payout_batches_keep;

create table payout_imports (
  import_no integer not null,
  kind text not null,
  recorded_at timestamp with time zone not null,
  actor text not null,
  digest bytea not null,
  constraint payout_imports_kind CHECK (kind = ANY (ARRAY['terms'::text, 'payees'::text, 'rates'::text])),
  constraint payout_imports_no CHECK (import_no > 0),
  constraint payout_imports_pkey PRIMARY KEY (import_no)
);
CREATE TRIGGER payout_imports_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON payout_imports FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table payout_imports enable always trigger payout_imports_keep;

create table payout_invoices (
  bucket smallint not null,
  payout_id uuid not null,
  owner_id text not null,
  invoice_number text not null,
  amount_nanos numeric(38,0) not null,
  recorded_at timestamp with time zone not null,
  actor text not null,
  constraint payout_invoices_amount CHECK (amount_nanos > 0::numeric),
  constraint payout_invoices_number_key UNIQUE (bucket, owner_id, invoice_number),
  constraint payout_invoices_payout_fkey FOREIGN KEY (bucket, payout_id) REFERENCES payouts(bucket, payout_id),
  constraint payout_invoices_pkey PRIMARY KEY (bucket, payout_id)
);
CREATE TRIGGER payout_invoices_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON payout_invoices FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table payout_invoices enable always trigger payout_invoices_keep;

create table payout_steps (
  bucket smallint not null,
  payout_id uuid not null,
  step_no smallint not null,
  status text not null,
  at timestamp with time zone not null,
  ledger_date date not null,
  actor text not null,
  decision_id text,
  payment_file_id uuid,
  answer_file_id uuid,
  bank_reference text,
  reason text,
  tax_returned_nanos numeric(38,0) not null,
  constraint payout_steps_answer_fkey FOREIGN KEY (answer_file_id) REFERENCES answer_files(file_id),
  constraint payout_steps_cause CHECK (
CASE
    WHEN status = ANY (ARRAY['approved'::text, 'cancelled'::text]) THEN decision_id IS NOT NULL AND payment_file_id IS NULL AND answer_file_id IS NULL
    WHEN status = 'sent'::text THEN payment_file_id IS NOT NULL AND decision_id IS NULL AND answer_file_id IS NULL
    ELSE answer_file_id IS NOT NULL AND bank_reference IS NOT NULL AND decision_id IS NULL AND payment_file_id IS NULL
END),
  constraint payout_steps_decision_fkey FOREIGN KEY (decision_id) REFERENCES decisions(decision_id),
  constraint payout_steps_payment_fkey FOREIGN KEY (payment_file_id) REFERENCES payment_files(file_id),
  constraint payout_steps_payout_fkey FOREIGN KEY (bucket, payout_id) REFERENCES payouts(bucket, payout_id),
  constraint payout_steps_pkey PRIMARY KEY (bucket, payout_id, step_no),
  constraint payout_steps_status CHECK (
CASE status
    WHEN 'approved'::text THEN step_no = 1
    WHEN 'cancelled'::text THEN step_no = ANY (ARRAY[1, 2])
    WHEN 'sent'::text THEN step_no = 2
    WHEN 'paid'::text THEN step_no = 3
    WHEN 'returned'::text THEN step_no = ANY (ARRAY[3, 4])
    ELSE false
END),
  constraint payout_steps_status_key UNIQUE (bucket, payout_id, status),
  constraint payout_steps_tax CHECK (tax_returned_nanos >= 0::numeric AND (tax_returned_nanos = 0::numeric OR status = 'returned'::text OR status = 'cancelled'::text AND step_no = 2))
);
CREATE INDEX payout_steps_cause_idx ON payout_steps USING btree (bucket, COALESCE(payment_file_id, answer_file_id)) WHERE decision_id IS NULL;
CREATE TRIGGER payout_steps_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON payout_steps FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table payout_steps enable always trigger payout_steps_keep;

create table payout_terms (
  currency text not null,
  effective_from date not null,
  import_no integer not null,
  effective_to date,
  threshold_nanos numeric(38,0) not null,
  net_days smallint not null,
  constraint payout_terms_days CHECK (effective_to >= effective_from),
  constraint payout_terms_import_fkey FOREIGN KEY (import_no) REFERENCES payout_imports(import_no),
  constraint payout_terms_net_days CHECK (net_days >= 0 AND net_days <= 366),
  constraint payout_terms_pkey PRIMARY KEY (currency, effective_from, import_no),
  constraint payout_terms_threshold CHECK (threshold_nanos > 0::numeric)
);
CREATE TRIGGER payout_terms_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON payout_terms FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table payout_terms enable always trigger payout_terms_keep;

create table payouts (
  bucket smallint not null,
  payout_id uuid not null,
  reference text not null,
  batch_id text not null,
  owner_id text not null,
  currency text not null,
  period text not null,
  amount_nanos numeric(38,0) not null,
  destination text not null,
  payee_import integer not null,
  country text not null,
  payee text not null,
  invoice_required boolean not null,
  withholding_id text,
  withholding_import integer,
  tax_nanos numeric(38,0) not null,
  net_nanos numeric(38,0) not null,
  sent_currency text not null,
  sent_nanos numeric(38,0) not null,
  rate numeric,
  rate_day date,
  rate_source text,
  rate_import integer,
  exchanged_nanos numeric(38,0),
  constraint payouts_batch_fkey FOREIGN KEY (batch_id) REFERENCES payout_batches(batch_id) DEFERRABLE INITIALLY DEFERRED,
  constraint payouts_book_key UNIQUE (bucket, owner_id, currency, period),
  constraint payouts_exchange CHECK (
CASE
    WHEN sent_currency = currency THEN num_nonnulls(rate, rate_day, rate_source, rate_import, exchanged_nanos) = 0 AND sent_nanos = net_nanos
    ELSE num_nulls(rate, rate_day, rate_source, rate_import, exchanged_nanos) = 0 AND sent_nanos <= exchanged_nanos
END),
  constraint payouts_net CHECK (net_nanos = (amount_nanos - tax_nanos) AND net_nanos > 0::numeric AND tax_nanos >= 0::numeric),
  constraint payouts_payee CHECK (payee = ANY (ARRAY['individual'::text, 'company'::text])),
  constraint payouts_pkey PRIMARY KEY (bucket, payout_id),
  constraint payouts_reference CHECK (reference ~ '^[A-Z0-9-]{1,35}$'::text),
  constraint payouts_reference_key UNIQUE (bucket, reference),
  constraint payouts_sent CHECK (sent_nanos > 0::numeric),
  constraint payouts_withholding CHECK ((num_nulls(withholding_id, withholding_import) = ANY (ARRAY[0, 2])) AND (withholding_id IS NOT NULL OR tax_nanos = 0::numeric))
);
CREATE INDEX payouts_batch_idx ON payouts USING btree (bucket, batch_id);
CREATE TRIGGER payouts_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON payouts FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table payouts enable always trigger payouts_keep;

create table period_seals (
  period text not null,
  seal_no integer not null,
  previous_digest bytea,
  digest bytea not null,
  transfers bigint not null,
  books integer not null,
  totals jsonb not null,
  cut timestamp with time zone not null,
  closed_at timestamp with time zone not null,
  decision_id text not null,
  constraint period_seals_chain CHECK ((seal_no = 1) = (previous_digest IS NULL) AND seal_no > 0),
  constraint period_seals_cut CHECK (cut <= closed_at),
  constraint period_seals_decision_fkey FOREIGN KEY (decision_id) REFERENCES decisions(decision_id),
  constraint period_seals_digest CHECK (length(digest) = 32),
  constraint period_seals_no_key UNIQUE (seal_no),
  constraint period_seals_period CHECK (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])-H[12]$'::text),
  constraint period_seals_pkey PRIMARY KEY (period)
);
CREATE TRIGGER period_seals_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON period_seals FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table period_seals enable always trigger period_seals_keep;

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
  booked_at timestamp with time zone not null,
  first_day date not null,
  last_day date not null,
  constraint posting_totals_days CHECK (first_day <= last_day),
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

create table sole_acts (
  act text not null,
  invalidation_id text not null,
  currency text not null,
  person_id text not null,
  business_date date not null,
  gross_nanos numeric(38,0) not null,
  before_nanos numeric(38,0) not null,
  limit_nanos numeric(38,0) not null,
  constraint sole_acts_act CHECK (act = ANY (ARRAY['invalidate'::text, 'reinstate'::text])),
  constraint sole_acts_invalidation_fkey FOREIGN KEY (invalidation_id) REFERENCES invalidations(invalidation_id),
  constraint sole_acts_limit CHECK (gross_nanos >= 0::numeric AND before_nanos >= 0::numeric AND (before_nanos + gross_nanos) <= limit_nanos),
  constraint sole_acts_person_fkey FOREIGN KEY (person_id) REFERENCES persons(person_id),
  constraint sole_acts_pkey PRIMARY KEY (act, invalidation_id, currency)
);
CREATE INDEX sole_acts_person_idx ON sole_acts USING btree (person_id, business_date);
CREATE TRIGGER sole_acts_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON sole_acts FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table sole_acts enable always trigger sole_acts_keep;

create table statement_issues (
  bucket smallint not null,
  period text not null,
  statements integer not null,
  digest bytea not null,
  seal bytea not null,
  issued_at timestamp with time zone not null,
  constraint statement_issues_count CHECK (statements >= 0),
  constraint statement_issues_digests CHECK (length(digest) = 32 AND length(seal) = 32),
  constraint statement_issues_pkey PRIMARY KEY (bucket, period),
  constraint statement_issues_seal_fkey FOREIGN KEY (period) REFERENCES period_seals(period)
);
CREATE TRIGGER statement_issues_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON statement_issues FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table statement_issues enable always trigger statement_issues_keep;

create table tax_remittances (
  bucket smallint not null,
  payout_id uuid not null,
  decision_id text not null,
  amount_nanos numeric(38,0) not null,
  remitted_at timestamp with time zone not null,
  ledger_date date not null,
  constraint tax_remittances_amount CHECK (amount_nanos > 0::numeric),
  constraint tax_remittances_decision_fkey FOREIGN KEY (decision_id) REFERENCES decisions(decision_id),
  constraint tax_remittances_payout_fkey FOREIGN KEY (bucket, payout_id) REFERENCES payouts(bucket, payout_id),
  constraint tax_remittances_pkey PRIMARY KEY (bucket, payout_id)
);
CREATE TRIGGER tax_remittances_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON tax_remittances FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table tax_remittances enable always trigger tax_remittances_keep;

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
  payout_id uuid,
  constraint transfers_accounts CHECK (debit <> credit),
  constraint transfers_amount CHECK (amount_nanos > 0::numeric),
  constraint transfers_cause CHECK (run_id IS NULL OR decision_id IS NULL),
  constraint transfers_decision CHECK (decision_id IS NULL OR version IS NULL),
  constraint transfers_fund CHECK (fund_id IS NULL OR version IS NOT NULL AND link_id IS NOT NULL AND run_id IS NOT NULL AND provider_id IS NULL),
  constraint transfers_ledger_date CHECK (business_date IS NULL OR business_date = ledger_date),
  constraint transfers_payout CHECK (payout_id IS NULL OR num_nonnulls(version, app_id, provider_id, fund_id) = 0),
  constraint transfers_pkey PRIMARY KEY (bucket, ledger_date, transfer_id),
  constraint transfers_provider CHECK (provider_id IS NULL OR version IS NOT NULL AND (link_id IS NOT NULL OR (reason = ANY (ARRAY['hold'::text, 'forfeiture'::text])))),
  constraint transfers_version CHECK (version IS NULL OR version > 0 AND app_id IS NOT NULL AND business_date IS NOT NULL)
) partition by RANGE (ledger_date);
CREATE INDEX transfers_decision_idx ON ONLY transfers USING btree (bucket, developer_id, decision_id) WHERE decision_id IS NOT NULL;
CREATE UNIQUE INDEX transfers_fund_version_key ON ONLY transfers USING btree (bucket, ledger_date, app_id, currency, reason, fund_id, version) WHERE fund_id IS NOT NULL;
CREATE INDEX transfers_kept_back_idx ON ONLY transfers USING btree (bucket, developer_id, ledger_date) WHERE (debit = ANY (ARRAY['held'::account_kind, 'forfeited'::account_kind])) OR (credit = ANY (ARRAY['held'::account_kind, 'forfeited'::account_kind]));
CREATE INDEX transfers_late_idx ON ONLY transfers USING btree (bucket, period) WHERE period <> half_month(ledger_date);
CREATE INDEX transfers_link_idx ON ONLY transfers USING btree (bucket, ledger_date, link_id) WHERE link_id IS NOT NULL;
CREATE INDEX transfers_payout_idx ON ONLY transfers USING btree (bucket, payout_id) WHERE payout_id IS NOT NULL;
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
  payout_id uuid,
  constraint transfers_2018_03_pkey PRIMARY KEY (bucket, ledger_date, transfer_id),
  constraint transfers_accounts CHECK (debit <> credit),
  constraint transfers_amount CHECK (amount_nanos > 0::numeric),
  constraint transfers_cause CHECK (run_id IS NULL OR decision_id IS NULL),
  constraint transfers_decision CHECK (decision_id IS NULL OR version IS NULL),
  constraint transfers_fund CHECK (fund_id IS NULL OR version IS NOT NULL AND link_id IS NOT NULL AND run_id IS NOT NULL AND provider_id IS NULL),
  constraint transfers_ledger_date CHECK (business_date IS NULL OR business_date = ledger_date),
  constraint transfers_payout CHECK (payout_id IS NULL OR num_nonnulls(version, app_id, provider_id, fund_id) = 0),
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
CREATE INDEX transfers_2018_03_bucket_payout_id_idx ON transfers_2018_03 USING btree (bucket, payout_id) WHERE payout_id IS NOT NULL;
CREATE INDEX transfers_2018_03_bucket_period_idx ON transfers_2018_03 USING btree (bucket, period) WHERE period <> half_month(ledger_date);
CREATE TRIGGER transfers_keep_rows BEFORE DELETE OR UPDATE ON transfers_2018_03 FOR EACH ROW EXECUTE FUNCTION refuse_ledger_change();
alter table transfers_2018_03 enable always trigger transfers_keep_rows;
CREATE TRIGGER transfers_keep_table BEFORE TRUNCATE ON transfers_2018_03 FOR EACH STATEMENT EXECUTE FUNCTION refuse_ledger_change();
alter table transfers_2018_03 enable always trigger transfers_keep_table;

create table unmatched_answers (
  file_id uuid not null,
  line_no integer not null,
  why text not null,
  reference text,
  status text,
  amount text,
  currency text,
  bank_reference text,
  booked_on text,
  reason text,
  row_digest bytea not null,
  constraint unmatched_answers_digest CHECK (length(row_digest) = 32),
  constraint unmatched_answers_file_fkey FOREIGN KEY (file_id) REFERENCES answer_files(file_id),
  constraint unmatched_answers_pkey PRIMARY KEY (file_id, line_no)
);
CREATE INDEX unmatched_answers_row_idx ON unmatched_answers USING btree (row_digest);
CREATE TRIGGER unmatched_answers_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON unmatched_answers FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table unmatched_answers enable always trigger unmatched_answers_keep;

create table withholding_tables (
  withholding_id text not null,
  import_no integer not null,
  country text not null,
  payee text not null,
  currency text not null,
  effective_from date not null,
  effective_to date,
  tiers jsonb not null,
  constraint withholding_tables_days CHECK (effective_to >= effective_from),
  constraint withholding_tables_import_fkey FOREIGN KEY (import_no) REFERENCES payout_imports(import_no),
  constraint withholding_tables_payee CHECK (payee = ANY (ARRAY['individual'::text, 'company'::text])),
  constraint withholding_tables_pkey PRIMARY KEY (withholding_id, import_no)
);
CREATE TRIGGER withholding_tables_keep BEFORE DELETE OR UPDATE OR TRUNCATE ON withholding_tables FOR EACH STATEMENT EXECUTE FUNCTION refuse_record_change();
alter table withholding_tables enable always trigger withholding_tables_keep;

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

CREATE OR REPLACE FUNCTION apportion.half_month(day date)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (((lpad((date_part('year'::text, day))::text, 4, '0'::text) || CASE WHEN (date_part('month'::text, day) < (10)::double precision) THEN '-0'::text ELSE '-'::text END) || (date_part('month'::text, day))::text) || CASE WHEN (date_part('day'::text, day) <= (15)::double precision) THEN '-H1'::text ELSE '-H2'::text END)
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
grant execute on function half_month(date) to public;
grant execute on function refuse_ledger_change() to public;
grant execute on function refuse_record_change() to public;
grant usage on schema apportion to apportion_app;
grant insert, select on table ad_unit_versions to apportion_app;
grant insert, select on table ad_units to apportion_app;
grant insert, select on table answer_files to apportion_app;
grant insert, select on table app_versions to apportion_app;
grant insert, select on table apps to apportion_app;
grant insert, select on table audit_entries to apportion_app;
grant insert, select on table audit_results to apportion_app;
grant insert, select on table book_seals to apportion_app;
grant insert, select on table bucket_seals to apportion_app;
grant insert, select on table campaign_versions to apportion_app;
grant insert, select on table closing_orders to apportion_app;
grant insert, select on table conflicting_lines to apportion_app;
grant insert, select on table decision_outcomes to apportion_app;
grant insert, select on table decision_totals to apportion_app;
grant insert, select on table decisions to apportion_app;
grant insert, select on table deductions to apportion_app;
grant insert, select on table developer_versions to apportion_app;
grant insert, select on table developers to apportion_app;
grant delete, insert, select, update (since_seq) on table due_days to apportion_app;
grant insert, select, update (clicks), update (gross_nanos), update (impressions) on table earnings to apportion_app;
grant insert, select on table exchange_rates to apportion_app;
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
grant insert, select on table invoice_rules to apportion_app;
grant insert, select on table issued_statements to apportion_app;
grant select on table migrations to apportion_app;
grant insert, select on table payees to apportion_app;
grant insert, select on table payment_files to apportion_app;
grant insert, select on table payout_answers to apportion_app;
grant insert, select on table payout_batches to apportion_app;
grant insert, select on table payout_imports to apportion_app;
grant insert, select on table payout_invoices to apportion_app;
grant insert, select on table payout_steps to apportion_app;
grant insert, select on table payout_terms to apportion_app;
grant insert, select on table payouts to apportion_app;
grant insert, select on table period_seals to apportion_app;
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
grant insert, select on table sole_acts to apportion_app;
grant insert, select on table statement_issues to apportion_app;
grant insert, select on table tax_remittances to apportion_app;
grant insert, select on table traffic_lists to apportion_app;
grant insert, select on table traffic_policy_versions to apportion_app;
grant insert, select on table transfers to apportion_app;
grant insert, select on table unmatched_answers to apportion_app;
grant insert, select on table withholding_tables to apportion_app;
