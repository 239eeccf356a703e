-- Payouts: what each book is paid of a closed period. A payout stands as it was drawn up, with all that it went by; what became of it
-- are its steps. Every step that moves money is written in the transaction of its transfers.

-- What one draw-up found to pay of a period in a currency; what persons approve.
create table payout_batches (
  -- '2018-04-H1-CNY-1'
  batch_id text not null,
  period text not null,
  currency text not null,
  -- 1, 2, 3 … of the period and currency: later ones have what could not be drawn up before.
  draw_no integer not null,
  -- The import of the terms that it went by, and what they were.
  terms_import integer not null,
  threshold_nanos numeric(38, 0) not null,
  -- Sent from this day on.
  due_on date not null,
  payouts integer not null,
  amount_nanos numeric(38, 0) not null,
  -- SHA-256 over its payouts: `verify` finds one that was changed behind the program's back.
  digest bytea not null,
  -- The business day whose terms, tables of tax and rates it went by.
  drawn_on date not null,
  drawn_at timestamptz not null,
  actor text not null,
  constraint payout_batches_pkey primary key (batch_id),
  constraint payout_batches_draw_key unique (period, currency, draw_no),
  constraint payout_batches_seal_fkey foreign key (period) references period_seals,
  constraint payout_batches_terms_fkey foreign key (terms_import) references payout_imports,
  constraint payout_batches_draw check (draw_no > 0),
  constraint payout_batches_amounts check (payouts > 0 and amount_nanos > 0 and threshold_nanos > 0),
  constraint payout_batches_digest check (length(digest) = 32)
);

create table payouts (
  bucket smallint not null,
  payout_id uuid not null,
  -- Ours, as the bank gives it back; of owner, currency and period.
  reference text not null,
  batch_id text not null,
  owner_id text not null,
  currency text not null,
  period text not null,
  amount_nanos numeric(38, 0) not null,
  -- Of the payee as it was then.
  destination text not null,
  payee_import integer not null,
  country text not null,
  payee text not null,
  invoice_required boolean not null,
  -- The table of tax; null where none is withheld.
  withholding_id text,
  withholding_import integer,
  tax_nanos numeric(38, 0) not null,
  net_nanos numeric(38, 0) not null,
  -- What is sent, in this currency: the net amount, or what it is in exchange, rounded down to the minor unit.
  sent_currency text not null,
  sent_nanos numeric(38, 0) not null,
  -- Of a payout in another currency.
  rate numeric,
  rate_day date,
  rate_source text,
  rate_import integer,
  -- To the nano, before it is rounded down.
  exchanged_nanos numeric(38, 0),
  constraint payouts_pkey primary key (bucket, payout_id),
  constraint payouts_reference_key unique (bucket, reference),
  -- A book is paid once for a period.
  constraint payouts_book_key unique (bucket, owner_id, currency, period),
  -- A batch's row is written last, with the sum of its payouts.
  constraint payouts_batch_fkey foreign key (batch_id) references payout_batches deferrable initially deferred,
  constraint payouts_reference check (reference ~ '^[A-Z0-9-]{1,35}$'),
  constraint payouts_payee check (payee in ('individual', 'company')),
  constraint payouts_withholding check (num_nulls(withholding_id, withholding_import) in (0, 2)
    and (withholding_id is not null or tax_nanos = 0)),
  constraint payouts_net check (net_nanos = amount_nanos - tax_nanos and net_nanos > 0 and tax_nanos >= 0),
  constraint payouts_exchange check (case when sent_currency = currency
    then num_nonnulls(rate, rate_day, rate_source, rate_import, exchanged_nanos) = 0 and sent_nanos = net_nanos
    else num_nulls(rate, rate_day, rate_source, rate_import, exchanged_nanos) = 0 and sent_nanos <= exchanged_nanos end),
  constraint payouts_sent check (sent_nanos > 0)
);

create index payouts_batch_idx on payouts (bucket, batch_id);

-- A file of payouts for the bank, as it was made.
create table payment_files (
  file_id uuid not null,
  batch_id text not null,
  file_no integer not null,
  -- As it was asked for: the same name again is the same file.
  name text not null,
  payouts integer not null,
  -- [{"currency": "CNY", "amount": "65000000000000"}], in nanos.
  totals jsonb not null,
  sha256 bytea not null,
  -- Under zstd, so that it can be written again to the byte.
  content bytea not null,
  sent_at timestamptz not null,
  actor text not null,
  constraint payment_files_pkey primary key (file_id),
  constraint payment_files_no_key unique (batch_id, file_no),
  constraint payment_files_name_key unique (batch_id, name),
  constraint payment_files_batch_fkey foreign key (batch_id) references payout_batches,
  constraint payment_files_counts check (payouts > 0 and file_no > 0),
  constraint payment_files_sha256 check (length(sha256) = 32)
);

-- An import of the bank's answers.
create table answer_files (
  file_id uuid not null,
  name text not null,
  sha256 bytea not null,
  matched integer not null,
  repeated integer not null,
  unmatched integer not null,
  imported_at timestamptz not null,
  actor text not null,
  constraint answer_files_pkey primary key (file_id),
  constraint answer_files_counts check (matched >= 0 and repeated >= 0 and unmatched >= 0),
  constraint answer_files_sha256 check (length(sha256) = 32)
);

create index answer_files_imported_idx on answer_files (imported_at, file_id);

-- What became of payouts. One that has no step yet is due.
create table payout_steps (
  bucket smallint not null,
  payout_id uuid not null,
  -- 1, 2, 3 … of a payout.
  step_no smallint not null,
  status text not null,
  at timestamptz not null,
  -- The day of booking, as its transfers have it.
  ledger_date date not null,
  actor text not null,
  decision_id text,
  payment_file_id uuid,
  answer_file_id uuid,
  bank_reference text,
  -- Why it was cancelled or came back.
  reason text,
  -- Of the tax withheld, what went back to payable with it.
  tax_returned_nanos numeric(38, 0) not null,
  constraint payout_steps_pkey primary key (bucket, payout_id, step_no),
  -- Nothing happens to a payout twice.
  constraint payout_steps_status_key unique (bucket, payout_id, status),
  constraint payout_steps_payout_fkey foreign key (bucket, payout_id) references payouts,
  constraint payout_steps_decision_fkey foreign key (decision_id) references decisions,
  constraint payout_steps_payment_fkey foreign key (payment_file_id) references payment_files,
  constraint payout_steps_answer_fkey foreign key (answer_file_id) references answer_files,
  constraint payout_steps_status check (case status
    when 'approved' then step_no = 1
    when 'cancelled' then step_no in (1, 2)
    when 'sent' then step_no = 2
    when 'paid' then step_no = 3
    when 'returned' then step_no in (3, 4)
    else false end),
  constraint payout_steps_cause check (case
    when status in ('approved', 'cancelled') then decision_id is not null and payment_file_id is null and answer_file_id is null
    when status = 'sent' then payment_file_id is not null and decision_id is null and answer_file_id is null
    else answer_file_id is not null and bank_reference is not null and decision_id is null and payment_file_id is null end),
  constraint payout_steps_tax check (tax_returned_nanos >= 0
    and (tax_returned_nanos = 0 or status = 'returned' or (status = 'cancelled' and step_no = 2)))
);

create index payout_steps_cause_idx on payout_steps (bucket, coalesce(payment_file_id, answer_file_id))
  where decision_id is null;

-- A company's invoice for a payout.
create table payout_invoices (
  bucket smallint not null,
  payout_id uuid not null,
  owner_id text not null,
  invoice_number text not null,
  amount_nanos numeric(38, 0) not null,
  recorded_at timestamptz not null,
  actor text not null,
  constraint payout_invoices_pkey primary key (bucket, payout_id),
  -- An invoice is for one payout.
  constraint payout_invoices_number_key unique (bucket, owner_id, invoice_number),
  constraint payout_invoices_payout_fkey foreign key (bucket, payout_id) references payouts,
  constraint payout_invoices_amount check (amount_nanos > 0)
);

-- What the bank answered of payouts, each answer once.
create table payout_answers (
  bucket smallint not null,
  payout_id uuid not null,
  status text not null,
  bank_reference text not null,
  file_id uuid not null,
  line_no integer not null,
  booked_on date not null,
  reason text,
  -- SHA-256 over the row.
  row_digest bytea not null,
  constraint payout_answers_pkey primary key (bucket, payout_id, status, bank_reference),
  constraint payout_answers_payout_fkey foreign key (bucket, payout_id) references payouts,
  constraint payout_answers_file_fkey foreign key (file_id) references answer_files,
  constraint payout_answers_status check (status in ('paid', 'returned')),
  constraint payout_answers_digest check (length(row_digest) = 32)
);

create index payout_answers_row_idx on payout_answers (row_digest);

-- Rows of answers that no payout could be moved by, as they came.
create table unmatched_answers (
  file_id uuid not null,
  line_no integer not null,
  why text not null,
  reference text,
  status text,
  amount text,
  currency text,
  bank_reference text,
  booked_on text,
  reason text,
  row_digest bytea not null,
  constraint unmatched_answers_pkey primary key (file_id, line_no),
  constraint unmatched_answers_file_fkey foreign key (file_id) references answer_files,
  constraint unmatched_answers_digest check (length(row_digest) = 32)
);

create index unmatched_answers_row_idx on unmatched_answers (row_digest);

-- Of which payouts the tax was remitted, each once.
create table tax_remittances (
  bucket smallint not null,
  payout_id uuid not null,
  decision_id text not null,
  amount_nanos numeric(38, 0) not null,
  remitted_at timestamptz not null,
  ledger_date date not null,
  constraint tax_remittances_pkey primary key (bucket, payout_id),
  constraint tax_remittances_payout_fkey foreign key (bucket, payout_id) references payouts,
  constraint tax_remittances_decision_fkey foreign key (decision_id) references decisions,
  constraint tax_remittances_amount check (amount_nanos > 0)
);

do $$
declare
  kept text;
begin
  foreach kept in array array['payout_batches', 'payouts', 'payment_files', 'answer_files', 'payout_steps', 'payout_invoices',
    'payout_answers', 'unmatched_answers', 'tax_remittances']
  loop
    execute format(
      'create trigger %1$s_keep before update or delete or truncate on %1$s for each statement execute function refuse_record_change()',
      kept
    );
    execute format('alter table %1$s enable always trigger %1$s_keep', kept);
  end loop;
end
$$;

grant select, insert on payout_batches, payouts, payment_files, answer_files, payout_steps, payout_invoices, payout_answers,
  unmatched_answers, tax_remittances to apportion_app;
