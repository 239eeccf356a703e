-- Closing of half-months: what a closed one held, as seals over each book, each bucket and the whole, chained to the one before.

-- The payout that a transfer pays out, takes tax from or takes back.
alter table transfers
  add column payout_id uuid,
  add constraint transfers_payout check (payout_id is null or num_nonnulls(version, app_id, provider_id, fund_id) = 0);

create index transfers_payout_idx on transfers (bucket, payout_id) where payout_id is not null;

-- 'YYYY-MM-H1' or '-H2'; in an index, so it must say the same for ever.
create function half_month(day date) returns text
language sql
immutable
parallel safe
return lpad(date_part('year', day)::text, 4, '0')
  || case when date_part('month', day) < 10 then '-0' else '-' end || date_part('month', day)::text
  || case when date_part('day', day) <= 15 then '-H1' else '-H2' end;

-- Transfers of a period lie among its own days but for those that came when their own period was closed; they are few.
create index transfers_late_idx on transfers (bucket, period) where period <> half_month(ledger_date);

-- The place in its bucket's order of the first batch that made the day due; 0 where something else did. So a closing can tell what
-- came up to its cut from what came later.
alter table due_days add column since_seq bigint not null default 0;
grant update (since_seq) on due_days to apportion_app;

-- A row for each book that had transfers in the period. A book without one stands as its latest seal before has it.
create table book_seals (
  bucket smallint not null,
  owner_id text not null,
  currency text not null,
  period text not null,
  transfers integer not null,
  -- Over its transfers of the period.
  digest bytea not null,
  -- Of each account that isn't zero, at the end of the period, in nanos: {"payable": "65000000000000"}
  balances jsonb not null,
  constraint book_seals_pkey primary key (bucket, owner_id, currency, period),
  constraint book_seals_transfers check (transfers > 0),
  constraint book_seals_digest check (length(digest) = 32)
);

create table bucket_seals (
  bucket smallint not null,
  period text not null,
  books integer not null,
  transfers integer not null,
  -- Over the period's seals of its books.
  digest bytea not null,
  constraint bucket_seals_pkey primary key (bucket, period),
  constraint bucket_seals_counts check (books >= 0 and transfers >= books),
  constraint bucket_seals_digest check (length(digest) = 32)
);

create table period_seals (
  period text not null,
  -- 1, 2, 3 …: periods are closed in order and without gaps.
  seal_no integer not null,
  -- Of the period before; null for the first.
  previous_digest bytea,
  -- Over all else in this row and the digest of each bucket.
  digest bytea not null,
  transfers bigint not null,
  books integer not null,
  -- [{"currency": "CNY", "account": "payable", "debits": "0", "credits": "65000000000000"}], in nanos, by currency and account.
  totals jsonb not null,
  -- All that was accepted or recorded up to this instant is in it.
  cut timestamptz not null,
  closed_at timestamptz not null,
  -- That closed it, or the standing order.
  decision_id text not null,
  constraint period_seals_pkey primary key (period),
  constraint period_seals_no_key unique (seal_no),
  constraint period_seals_decision_fkey foreign key (decision_id) references decisions,
  constraint period_seals_period check (period ~ '^[0-9]{4}-(0[1-9]|1[0-2])-H[12]$'),
  constraint period_seals_chain check ((seal_no = 1) = (previous_digest is null) and seal_no > 0),
  constraint period_seals_cut check (cut <= closed_at),
  constraint period_seals_digest check (length(digest) = 32)
);

-- Standing orders to close periods; the last one holds.
create table closing_orders (
  order_no integer not null,
  decision_id text not null,
  -- So many days after its last day a period is closed; null: not until somebody decides it.
  after_days integer,
  ordered_at timestamptz not null,
  constraint closing_orders_pkey primary key (order_no),
  constraint closing_orders_decision_key unique (decision_id),
  constraint closing_orders_decision_fkey foreign key (decision_id) references decisions,
  constraint closing_orders_after check (after_days >= 0)
);

create trigger book_seals_keep before update or delete or truncate on book_seals
  for each statement execute function refuse_record_change();
create trigger bucket_seals_keep before update or delete or truncate on bucket_seals
  for each statement execute function refuse_record_change();
create trigger period_seals_keep before update or delete or truncate on period_seals
  for each statement execute function refuse_record_change();
create trigger closing_orders_keep before update or delete or truncate on closing_orders
  for each statement execute function refuse_record_change();
alter table book_seals enable always trigger book_seals_keep;
alter table bucket_seals enable always trigger bucket_seals_keep;
alter table period_seals enable always trigger period_seals_keep;
alter table closing_orders enable always trigger closing_orders_keep;

grant select, insert on book_seals, bucket_seals, period_seals, closing_orders to apportion_app;
