-- What one person decided about traffic alone, within the limit configured then: every other such decision is approved by a second
-- person. The limit stands beside the amount, so that a constraint compares them whatever the program does.
create table sole_acts (
  act text not null,
  invalidation_id text not null,
  currency text not null,
  person_id text not null,
  -- The business day of the act, over which a person's acts are added up.
  business_date date not null,
  -- All that the apps concerned earned in the currency on the days concerned.
  gross_nanos numeric(38, 0) not null,
  -- The same of what the person had decided alone before, on that business day.
  before_nanos numeric(38, 0) not null,
  limit_nanos numeric(38, 0) not null,
  constraint sole_acts_pkey primary key (act, invalidation_id, currency),
  constraint sole_acts_invalidation_fkey foreign key (invalidation_id) references invalidations,
  constraint sole_acts_person_fkey foreign key (person_id) references persons,
  constraint sole_acts_act check (act in ('invalidate', 'reinstate')),
  constraint sole_acts_limit check (gross_nanos >= 0 and before_nanos >= 0 and before_nanos + gross_nanos <= limit_nanos)
);

create index sole_acts_person_idx on sole_acts (person_id, business_date);

create trigger sole_acts_keep before update or delete or truncate on sole_acts
  for each statement execute function refuse_record_change();
alter table sole_acts enable always trigger sole_acts_keep;

grant select, insert on sole_acts to apportion_app;
