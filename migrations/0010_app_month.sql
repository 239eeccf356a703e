-- A plan may go by what an app has earned in the month so far. A tier that the whole gross falls into has no meaning there, since
-- each day is paid the difference to the day before.
alter table plan_versions
  drop constraint plan_versions_basis,
  add constraint plan_versions_basis check (basis in ('app_day', 'app_month') and (basis = 'app_day' or mode = 'marginal'));

-- Each batch of events asks whether there is any such plan.
create index plan_versions_app_month_idx on plan_versions (plan_id) where basis = 'app_month';
