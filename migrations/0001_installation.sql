-- The application's role and what is fixed once for an installation: the number of buckets and the time zone of business days.
-- The role owns nothing; each later migration grants it what it needs and no more. Roles belong to the whole server, so another
-- database's migration may create it at the same moment.
do $$
begin
  create role apportion_app nologin;
exception
  when duplicate_object or unique_violation then null;
end
$$;

grant apportion_app to current_user;
grant usage on schema apportion to apportion_app;
-- So that every start can see whether program and database fit.
grant select on migrations to apportion_app;

create table installation (
  singleton boolean not null default true,
  bucket_count smallint not null,
  time_zone text not null,
  created_at timestamptz not null,
  -- The latest "now" that a set clock has told; a set clock never runs backwards.
  last_clock timestamptz,
  constraint installation_pkey primary key (singleton),
  constraint installation_singleton check (singleton),
  constraint installation_bucket_count check (bucket_count between 1 and 1024)
);

grant select, update (last_clock) on installation to apportion_app;
