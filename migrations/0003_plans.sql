-- Share plans. A version replaces the whole plan for all its days; nothing is overwritten, so a run can be recomputed with the
-- plans that it knew.
create table plan_versions (
  plan_id text not null,
  reference_version integer not null,
  scope text not null,
  -- The app, developer or category that the plan is for; empty for the default scope.
  scope_id text not null,
  currency text not null,
  effective_from date not null,
  effective_to date,
  basis text not null,
  mode text not null,
  -- [{"up_to": "100000.00", "share": "0.50"}, {"share": "0.30"}]
  tiers jsonb not null,
  outside_band text,
  constraint plan_versions_pkey primary key (plan_id, reference_version),
  constraint plan_versions_version_fkey foreign key (reference_version) references reference_versions,
  constraint plan_versions_scope check (scope in ('app', 'developer', 'category', 'default') and (scope = 'default') = (scope_id = '')),
  constraint plan_versions_basis check (basis = 'app_day'),
  constraint plan_versions_mode check (mode in ('marginal', 'whole')),
  constraint plan_versions_dates check (effective_to >= effective_from)
);

grant select, insert on plan_versions to apportion_app;
