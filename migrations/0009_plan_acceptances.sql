-- Who accepted which version of a plan for one app or one developer, and when: such a plan takes effect only then.
create table plan_acceptances (
  plan_id text not null,
  -- The version of the plan that was accepted, by the reference version that recorded it.
  plan_version integer not null,
  -- What recorded the acceptance.
  reference_version integer not null,
  developer_id text not null,
  actor text not null,
  -- The business day on which it was recorded; it acts on no earlier one.
  accepted_on date not null,
  constraint plan_acceptances_pkey primary key (plan_id, plan_version),
  constraint plan_acceptances_plan_fkey foreign key (plan_id, plan_version) references plan_versions (plan_id, reference_version),
  constraint plan_acceptances_version_fkey foreign key (reference_version) references reference_versions,
  constraint plan_acceptances_order check (reference_version > plan_version)
);

-- Plans are read for the apps of one bucket at a time.
create index plan_versions_scope_idx on plan_versions (scope, scope_id);

grant select, insert on plan_acceptances to apportion_app;

-- Plan versions up to this one were in force before acceptances were recorded, and count as accepted from their first day: what they
-- have paid must stay what they are worth.
alter table installation add column accepted_plans_version integer not null default 0;
update installation set accepted_plans_version = (select coalesce(max(reference_version), 0) from reference_versions);
