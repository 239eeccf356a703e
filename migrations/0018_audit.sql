-- Who did what, when, from where, with what result: a row when a command that changes anything begins and one when it ends, so that
-- one that was interrupted is seen for lack of the second.
create table audit_entries (
  entry_id uuid not null,
  actor text not null,
  command text not null,
  -- Arguments and options, without secrets, cut where they are long.
  parameters json not null,
  host text not null,
  -- The login under which the program ran, whoever the actor says he is.
  os_user text not null,
  program text not null,
  began_at timestamptz not null,
  constraint audit_entries_pkey primary key (entry_id),
  constraint audit_entries_parameters check (octet_length(parameters::text) <= 4096)
);

create index audit_entries_began_idx on audit_entries (began_at, entry_id);
create index audit_entries_actor_idx on audit_entries (lower(actor collate "C"), began_at, entry_id);

create table audit_results (
  entry_id uuid not null,
  result text not null,
  exit_code smallint not null,
  refusal_code text,
  ended_at timestamptz not null,
  constraint audit_results_pkey primary key (entry_id),
  constraint audit_results_entry_fkey foreign key (entry_id) references audit_entries,
  constraint audit_results_result check (result in ('done', 'refused', 'failed'))
);

create trigger audit_entries_keep before update or delete or truncate on audit_entries
  for each statement execute function refuse_record_change();
create trigger audit_results_keep before update or delete or truncate on audit_results
  for each statement execute function refuse_record_change();
alter table audit_entries enable always trigger audit_entries_keep;
alter table audit_results enable always trigger audit_results_keep;

grant select, insert on audit_entries, audit_results to apportion_app;
