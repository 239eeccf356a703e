-- Incentive funds: what was decided of them, what (app, days) claim, and the steps in which they were granted. Awards themselves are
-- transfers: out of the fund's book, and by a link into the developer's.

-- The one namespace of books: developers, service providers and funds.
create table funds (
  fund_id text not null,
  reference_version integer not null,
  constraint funds_pkey primary key (fund_id),
  constraint funds_version_fkey foreign key (reference_version) references reference_versions
);

create table fund_terms (
  fund_id text not null,
  reference_version integer not null,
  currency text not null,
  start_day date not null,
  end_day date not null,
  -- As the decision has it: {"points": "0.05", "categories": ["games"], "new_app_days": null}
  rule jsonb not null,
  constraint fund_terms_pkey primary key (fund_id),
  constraint fund_terms_fund_fkey foreign key (fund_id) references funds,
  constraint fund_terms_days check (start_day <= end_day)
);

-- What a decision put into a fund, or that it closed it.
create table fund_changes (
  decision_id text not null,
  fund_id text not null,
  reference_version integer not null,
  change text not null,
  amount_nanos numeric(38, 0) not null,
  constraint fund_changes_pkey primary key (decision_id),
  constraint fund_changes_fund_fkey foreign key (fund_id) references funds,
  constraint fund_changes_decision_fkey foreign key (decision_id) references decisions,
  constraint fund_changes_change check (change in ('endow', 'top_up', 'close')),
  constraint fund_changes_amount check (case change when 'close' then amount_nanos = 0 else amount_nanos > 0 end)
);

-- A fund is endowed once and closed once.
create unique index fund_changes_once_key on fund_changes (fund_id, change) where change <> 'top_up';
create index fund_changes_fund_idx on fund_changes (fund_id);

-- The steps of a fund, in their order; each commits with its transfers, which bear its id.
create table fund_grants (
  fund_id text not null,
  grant_no integer not null,
  grant_id uuid not null,
  -- `run`: after a run; `rest`: what older days lacked when there was money again; `expiry`, `close`: what was left went back.
  cause text not null,
  run_id uuid,
  -- What it knew of the catalog and of funds.
  reference_version integer not null,
  -- Net, negative where more went back to the fund than was awarded.
  awarded_nanos numeric(38, 0) not null,
  -- From the fund back to where it came from.
  returned_nanos numeric(38, 0) not null,
  left_nanos numeric(38, 0) not null,
  granted_at timestamptz not null,
  constraint fund_grants_pkey primary key (fund_id, grant_no),
  constraint fund_grants_fund_fkey foreign key (fund_id) references funds,
  -- Two workers that see a run finish can't both grant for it.
  constraint fund_grants_run_key unique (fund_id, run_id),
  constraint fund_grants_id_key unique (grant_id),
  constraint fund_grants_cause check (cause in ('run', 'rest', 'expiry', 'close') and (cause = 'run') = (run_id is not null)),
  constraint fund_grants_no check (grant_no > 0),
  constraint fund_grants_left check (left_nanos >= 0 and returned_nanos >= 0)
);

-- By how much each step changed what a day claims and has been awarded, over all apps.
create table fund_days (
  fund_id text not null,
  business_date date not null,
  grant_no integer not null,
  claim_change_nanos numeric(38, 0) not null,
  award_change_nanos numeric(38, 0) not null,
  constraint fund_days_pkey primary key (fund_id, business_date, grant_no),
  constraint fund_days_grant_fkey foreign key (fund_id, grant_no) references fund_grants
);

-- What an app's day claims, as steps found it: a row where that became another one. The bucket is the developer's.
create table fund_claims (
  bucket smallint not null,
  fund_id text not null,
  business_date date not null,
  app_id text not null,
  grant_no integer not null,
  developer_id text not null,
  -- As it was settled then.
  gross_nanos numeric(38, 0) not null,
  claim_nanos numeric(38, 0) not null,
  constraint fund_claims_pkey primary key (bucket, fund_id, grant_no, business_date, app_id),
  constraint fund_claims_amounts check (gross_nanos >= 0 and claim_nanos >= 0)
);

create index fund_claims_day_idx on fund_claims (bucket, fund_id, business_date, app_id, grant_no);

-- The first business day that was settled for an app, as steps of funds for new apps found it; the earliest one counts.
create table fund_first_days (
  bucket smallint not null,
  fund_id text not null,
  app_id text not null,
  first_day date not null,
  grant_no integer not null,
  constraint fund_first_days_pkey primary key (bucket, fund_id, app_id, first_day)
);

grant select, insert on funds, fund_terms, fund_changes, fund_grants, fund_days, fund_claims, fund_first_days to apportion_app;

-- The fund whose award a transfer moves, in both books.
alter table transfers
  add column fund_id text,
  add constraint transfers_fund
    check (fund_id is null or (version is not null and link_id is not null and run_id is not null and provider_id is null));

-- Two steps of a fund can never both post the same version of an award; each fund has versions of its own.
drop index transfers_version_key;
create unique index transfers_version_key on transfers (bucket, ledger_date, app_id, currency, reason, version)
  where provider_id is null and fund_id is null;
create unique index transfers_fund_version_key
  on transfers (bucket, ledger_date, app_id, currency, reason, fund_id, version)
  where fund_id is not null;
