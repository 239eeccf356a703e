-- Decisions on money: proposed by one person, decided by another, once. What a decision moves bears its id, in the transfers and in
-- totals of its own, which the trial balance adds to those of the runs.
create table decisions (
  decision_id text not null,
  kind text not null,
  parameters jsonb not null,
  reason text not null,
  evidence jsonb not null,
  proposed_by text not null,
  proposed_at timestamptz not null,
  -- 'infinity' where it never expires.
  expires_at timestamptz not null,
  -- SHA-256 over all of the above: `verify` finds a decision that was changed behind the program's back.
  digest bytea not null,
  constraint decisions_pkey primary key (decision_id),
  constraint decisions_proposer_fkey foreign key (proposed_by) references persons,
  constraint decisions_expiry check (expires_at > proposed_at),
  -- What an outcome must agree with.
  constraint decisions_terms_key unique (decision_id, proposed_by, expires_at)
);

create index decisions_proposed_idx on decisions (proposed_at, decision_id);

-- One row a decision, so that of two persons who decide at once only one does. The proposer and the expiry stand here again, tied to
-- the decision's own, so that plain constraints can compare them with who decides and when.
create table decision_outcomes (
  decision_id text not null,
  proposed_by text not null,
  expires_at timestamptz not null,
  outcome text not null,
  actor text not null,
  note text,
  decided_at timestamptz not null,
  constraint decision_outcomes_pkey primary key (decision_id),
  constraint decision_outcomes_decision_fkey foreign key (decision_id, proposed_by, expires_at)
    references decisions (decision_id, proposed_by, expires_at),
  constraint decision_outcomes_person_fkey foreign key (actor) references persons,
  constraint decision_outcomes_outcome check (outcome in ('applied', 'rejected', 'withdrawn')),
  constraint decision_outcomes_four_eyes
    check (outcome <> 'applied' or lower(actor collate "C") <> lower(proposed_by collate "C")),
  constraint decision_outcomes_withdrawn
    check (outcome <> 'withdrawn' or lower(actor collate "C") = lower(proposed_by collate "C")),
  constraint decision_outcomes_expiry check (decided_at < expires_at)
);

create trigger decisions_keep before update or delete or truncate on decisions
  for each statement execute function refuse_record_change();
create trigger decision_outcomes_keep before update or delete or truncate on decision_outcomes
  for each statement execute function refuse_record_change();
alter table decisions enable always trigger decisions_keep;
alter table decision_outcomes enable always trigger decision_outcomes_keep;

grant select, insert on decisions, decision_outcomes to apportion_app;

-- A transfer is caused by a run or by a decision; only what a run posts has versions.
alter table transfers
  add column decision_id text,
  add constraint transfers_cause check (run_id is null or decision_id is null),
  add constraint transfers_decision check (decision_id is null or version is null);

-- Few transfers are a decision's; a book's are found by it, for its statement.
create index transfers_decision_idx on transfers (bucket, developer_id, decision_id) where decision_id is not null;

create table decision_totals (
  bucket smallint not null,
  decision_id text not null,
  period text not null,
  currency text not null,
  account account_kind not null,
  debit_nanos numeric(38, 0) not null,
  credit_nanos numeric(38, 0) not null,
  constraint decision_totals_pkey primary key (bucket, decision_id, period, currency, account)
);

grant select, insert on decision_totals to apportion_app;
