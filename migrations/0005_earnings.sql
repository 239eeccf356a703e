-- What each ad unit earned on a business day, and which (developer, day) has changed since it was last settled.
create table earnings (
  bucket smallint not null,
  business_date date not null,
  developer_id text not null,
  app_id text not null,
  ad_unit_id text not null,
  currency text not null,
  impressions bigint not null,
  clicks bigint not null,
  gross_nanos numeric(38, 0) not null,
  constraint earnings_pkey primary key (bucket, business_date, developer_id, app_id, ad_unit_id, currency),
  constraint earnings_counts check (impressions >= 0 and clicks >= 0 and gross_nanos >= 0)
) with (fillfactor = 85);

create table due_days (
  bucket smallint not null,
  business_date date not null,
  developer_id text not null,
  constraint due_days_pkey primary key (bucket, business_date, developer_id)
);

grant select, insert, update (impressions, clicks, gross_nanos) on earnings to apportion_app;
grant select, insert, delete on due_days to apportion_app;
