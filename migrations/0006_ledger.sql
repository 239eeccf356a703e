-- The ledger: transfers between two accounts of one book, append-only. A row is refused to everybody who would change it: the
-- application's role may only insert and read, and triggers that fire always, under replica mode too, are the second line.
create type account_kind as enum (
  'ad_revenue', 'platform_share', 'payable', 'provider_share', 'fund_source', 'fund_available', 'incentive', 'held', 'forfeited',
  'adjustment', 'write_off', 'payout_due', 'withheld_tax', 'tax_remitted', 'payout_sent', 'paid', 'fx', 'fx_rounding'
);

create table transfers (
  bucket smallint not null,
  -- The business day, or the day of booking where there is none: what partitions and uniqueness go by.
  ledger_date date not null,
  transfer_id uuid not null,
  -- The owner of the book.
  developer_id text not null,
  app_id text,
  business_date date,
  period text not null,
  currency text not null,
  debit account_kind not null,
  credit account_kind not null,
  amount_nanos numeric(38, 0) not null,
  reason text not null,
  run_id uuid,
  version integer,
  link_id uuid,
  corrects_id uuid,
  booked_at timestamptz not null,
  constraint transfers_pkey primary key (bucket, ledger_date, transfer_id),
  -- Two runs can never both post the same version of a day's part.
  constraint transfers_version_key unique (bucket, ledger_date, app_id, currency, reason, version),
  constraint transfers_amount check (amount_nanos > 0),
  constraint transfers_accounts check (debit <> credit),
  constraint transfers_ledger_date check (business_date is null or business_date = ledger_date),
  constraint transfers_version check (version is null or (version > 0 and app_id is not null and business_date is not null))
) partition by range (ledger_date);

create index transfers_statement_idx on transfers (bucket, developer_id, period);

create function refuse_ledger_change() returns trigger
language plpgsql
as $$
begin
  raise exception 'the ledger is append-only: % on % is refused', tg_op, tg_table_name
    using errcode = 'insufficient_privilege', hint = 'Post a correcting transfer instead.';
end
$$;

create trigger transfers_keep_rows before update or delete on transfers
  for each row execute function refuse_ledger_change();
create trigger transfers_keep_table before truncate on transfers
  for each statement execute function refuse_ledger_change();
alter table transfers enable always trigger transfers_keep_rows;
alter table transfers enable always trigger transfers_keep_table;

-- The one place that makes partitions. Attaching locks the ledger against neither readers nor writers.
create function ensure_ledger_month(day date) returns void
language plpgsql
security definer
set search_path = apportion, pg_temp
as $$
declare
  first_day date := date_trunc('month', day)::date;
  partition_name text := 'transfers_' || to_char(first_day, 'YYYY_MM');
begin
  if to_regclass(quote_ident(partition_name)) is not null then
    return;
  end if;
  -- Excludes others who would make it, and lets this session see what they have made; readers and writers go on.
  lock table transfers in share update exclusive mode;
  if to_regclass(quote_ident(partition_name)) is not null then
    return;
  end if;
  execute format('create table %I (like transfers including defaults including constraints)', partition_name);
  execute format('alter table transfers attach partition %I for values from (%L) to (%L)', partition_name, first_day,
    (first_day + interval '1 month')::date);
  -- The row trigger comes with attaching; a truncate trigger on the parent does not guard its partitions.
  execute format('create trigger transfers_keep_table before truncate on %I for each statement execute function refuse_ledger_change()',
    partition_name);
  execute format('alter table %I enable always trigger transfers_keep_table', partition_name);
end
$$;

revoke all on function ensure_ledger_month(date) from public;
grant execute on function ensure_ledger_month(date) to apportion_app;
grant select, insert on transfers to apportion_app;
