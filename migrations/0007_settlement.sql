-- Runs of settlement: one per business day and request, a record per bucket that commits with its transfers, and the movement that
-- it made on each kind of account. The trial balance adds these up; `verify` checks them against the transfers.
create table settlement_runs (
  run_id uuid not null,
  business_date date not null,
  requested_at timestamptz not null,
  -- The buckets in which something was due; the run is finished when each has its record.
  buckets smallint[] not null,
  constraint settlement_runs_pkey primary key (run_id)
);

create table settlement_run_buckets (
  bucket smallint not null,
  run_id uuid not null,
  -- What the run knew: the bucket's last processed batch and the last version of catalog and plans.
  cutoff_seq bigint not null,
  reference_version integer not null,
  apps integer not null,
  transfers integer not null,
  -- Apps left unsettled because no plan covers them; their day stays due.
  apps_without_plan integer not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  constraint settlement_run_buckets_pkey primary key (bucket, run_id)
);

create index settlement_run_buckets_run_idx on settlement_run_buckets (run_id);

create table posting_totals (
  bucket smallint not null,
  run_id uuid not null,
  period text not null,
  currency text not null,
  account account_kind not null,
  debit_nanos numeric(38, 0) not null,
  credit_nanos numeric(38, 0) not null,
  constraint posting_totals_pkey primary key (bucket, run_id, period, currency, account)
);

grant select, insert on settlement_runs, settlement_run_buckets, posting_totals to apportion_app;
