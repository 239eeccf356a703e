-- Holds: money of a book under review, kept back from payable until it is released or forfeited. Recorded under the one numbering of
-- versions, so that a run's cutoff names the holds in force when it posted.
create table holds (
  -- Of the decision that put it in force.
  hold_id text not null,
  reference_version integer not null,
  -- The book: a developer's or a service provider's.
  owner_id text not null,
  -- Null: all apps in the book.
  app_id text,
  -- Of this day and later ones it took what was payable then.
  from_day date not null,
  -- What the owner was owed then, in nanos by currency: it took no more. {"CNY": "65000000000000"}
  owed jsonb not null,
  constraint holds_pkey primary key (hold_id),
  constraint holds_version_fkey foreign key (reference_version) references reference_versions,
  constraint holds_decision_fkey foreign key (hold_id) references decisions
);

create index holds_owner_idx on holds (owner_id);

-- What became of money that was held. A release or forfeiture is of one hold; keeping is of a book's forfeited money.
create table hold_acts (
  decision_id text not null,
  reference_version integer not null,
  act text not null,
  hold_id text,
  owner_id text not null,
  -- Of this app alone and of these days, both inclusive; null: without a bound.
  app_id text,
  from_day date,
  to_day date,
  ends_hold boolean not null,
  constraint hold_acts_pkey primary key (decision_id),
  constraint hold_acts_version_fkey foreign key (reference_version) references reference_versions,
  constraint hold_acts_decision_fkey foreign key (decision_id) references decisions,
  constraint hold_acts_hold_fkey foreign key (hold_id) references holds,
  constraint hold_acts_act check (act in ('release', 'forfeit', 'keep')),
  constraint hold_acts_hold check ((act = 'keep') = (hold_id is null) and (hold_id is not null or not ends_hold))
);

create index hold_acts_owner_idx on hold_acts (owner_id);

-- A hold ends once, whatever the program does.
create unique index hold_acts_end_key on hold_acts (hold_id) where ends_hold;

grant select, insert on holds, hold_acts to apportion_app;

-- What is held back of a provider's part has versions by provider, as the part itself, but no other half.
alter table transfers drop constraint transfers_provider;
do $$
declare
  partition regclass;
begin
  -- Each partition was made with a constraint of its own.
  for partition in select inhrelid::regclass from pg_inherits where inhparent = 'transfers'::regclass loop
    execute format('alter table %s drop constraint if exists transfers_provider', partition);
  end loop;
end
$$;
alter table transfers
  add constraint transfers_provider
    check (provider_id is null or (version is not null and (link_id is not null or reason in ('hold', 'forfeiture'))));

-- Few transfers move held or forfeited money; a book's are found by it.
create index transfers_kept_back_idx on transfers (bucket, developer_id, ledger_date)
  where debit in ('held', 'forfeited') or credit in ('held', 'forfeited');
