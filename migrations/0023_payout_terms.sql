-- What payouts go by: terms by currency, tables of tax, rules on invoices, where each payee wants the money, rates of exchange. A row
-- stands as it was recorded; of rows of one key the one of the last import holds. Payouts copy what they went by, so nothing that is
-- recorded later changes one. No worth depends on it, so it is numbered apart from catalog and plans.
create table payout_imports (
  import_no integer not null,
  kind text not null,
  recorded_at timestamptz not null,
  -- A person, as the person was when it was recorded.
  actor text not null,
  -- SHA-256 over kind, instant, person and the rows recorded under this number, in key order.
  digest bytea not null,
  constraint payout_imports_pkey primary key (import_no),
  constraint payout_imports_no check (import_no > 0),
  constraint payout_imports_kind check (kind in ('terms', 'payees', 'rates'))
);

create table payout_terms (
  currency text not null,
  effective_from date not null,
  import_no integer not null,
  effective_to date,
  -- Below it nothing is paid out; at least one minor unit, so that no payout is of nothing.
  threshold_nanos numeric(38, 0) not null,
  -- From the last day of the period to the day on which its payouts are due.
  net_days smallint not null,
  constraint payout_terms_pkey primary key (currency, effective_from, import_no),
  constraint payout_terms_import_fkey foreign key (import_no) references payout_imports,
  constraint payout_terms_days check (effective_to >= effective_from),
  constraint payout_terms_threshold check (threshold_nanos > 0),
  constraint payout_terms_net_days check (net_days between 0 and 366)
);

create table withholding_tables (
  withholding_id text not null,
  import_no integer not null,
  country text not null,
  payee text not null,
  currency text not null,
  effective_from date not null,
  effective_to date,
  -- [{"up_to": "800.00", "rate": "0.00"}, {"rate": "0.20"}]: rates on the parts of a payout.
  tiers jsonb not null,
  constraint withholding_tables_pkey primary key (withholding_id, import_no),
  constraint withholding_tables_import_fkey foreign key (import_no) references payout_imports,
  constraint withholding_tables_payee check (payee in ('individual', 'company')),
  constraint withholding_tables_days check (effective_to >= effective_from)
);

-- Whether companies of a country have to send an invoice before they are paid; they have to where nothing says otherwise.
create table invoice_rules (
  country text not null,
  effective_from date not null,
  import_no integer not null,
  effective_to date,
  required boolean not null,
  constraint invoice_rules_pkey primary key (country, effective_from, import_no),
  constraint invoice_rules_import_fkey foreign key (import_no) references payout_imports,
  constraint invoice_rules_days check (effective_to >= effective_from)
);

create table payees (
  -- The developer or service provider who owns the book.
  owner_id text not null,
  import_no integer not null,
  -- The operator's own reference of an account, never a secret.
  destination text,
  -- In which they want the money; null: in that of the book.
  currency text,
  -- Of their own, in the currency of the book that is paid.
  minimum_nanos numeric(38, 0),
  on_hold boolean not null,
  constraint payees_pkey primary key (owner_id, import_no),
  constraint payees_import_fkey foreign key (import_no) references payout_imports,
  constraint payees_minimum check (minimum_nanos > 0)
);

create table exchange_rates (
  source_currency text not null,
  target_currency text not null,
  day date not null,
  import_no integer not null,
  -- Units of the target for one of the source.
  rate numeric not null,
  -- Who published it.
  source text not null,
  constraint exchange_rates_pkey primary key (source_currency, target_currency, day, import_no),
  constraint exchange_rates_import_fkey foreign key (import_no) references payout_imports,
  constraint exchange_rates_currencies check (source_currency <> target_currency),
  constraint exchange_rates_rate check (rate > 0)
);

do $$
declare
  kept text;
begin
  foreach kept in array array['payout_imports', 'payout_terms', 'withholding_tables', 'invoice_rules', 'payees', 'exchange_rates'] loop
    execute format(
      'create trigger %1$s_keep before update or delete or truncate on %1$s for each statement execute function refuse_record_change()',
      kept
    );
    execute format('alter table %1$s enable always trigger %1$s_keep', kept);
  end loop;
end
$$;

grant select, insert on payout_imports, payout_terms, withholding_tables, invoice_rules, payees, exchange_rates to apportion_app;
