-- Who may propose and approve what: persons and their roles, as versions that are never overwritten, so that it can be told of any
-- decision what its persons were allowed at the time. Ids are compared without regard to case, in ASCII whatever the locale: two ids
-- that differ only in case would let one person pass as two.
create table persons (
  person_id text not null,
  recorded_at timestamptz not null,
  constraint persons_pkey primary key (person_id),
  constraint persons_id check (person_id ~ '^[ -~]{1,64}$')
);

create unique index persons_case_key on persons (lower(person_id collate "C"));

create table person_versions (
  person_id text not null,
  -- 1, 2, 3 … of each person.
  version integer not null,
  name text not null,
  roles text[] not null,
  -- The developer or provider to whose book a developer or producer belongs.
  book text,
  disabled boolean not null,
  -- Of the versions that are valid at an instant, the last one holds.
  valid_from timestamptz not null,
  recorded_at timestamptz not null,
  constraint person_versions_pkey primary key (person_id, version),
  constraint person_versions_person_fkey foreign key (person_id) references persons,
  constraint person_versions_version check (version > 0),
  constraint person_versions_roles check (roles <@ array['producer', 'developer', 'finance', 'approver', 'operator']),
  constraint person_versions_book check (book is null or roles && array['producer', 'developer'])
);

-- For tables whose rows stand as they were written: fires always, under replica mode too, for the owner as well.
create function refuse_record_change() returns trigger
language plpgsql
as $$
begin
  raise exception '% keeps what was recorded: % is refused', tg_table_name, tg_op
    using errcode = 'insufficient_privilege', hint = 'Record a new row instead.';
end
$$;

create trigger persons_keep before update or delete or truncate on persons
  for each statement execute function refuse_record_change();
create trigger person_versions_keep before update or delete or truncate on person_versions
  for each statement execute function refuse_record_change();
alter table persons enable always trigger persons_keep;
alter table person_versions enable always trigger person_versions_keep;

grant select, insert on persons, person_versions to apportion_app;
