-- Rejected lines that were tried again, each with the reading that took it in: a line leaves the list of what is to be mended
-- once, however many people redrive at a time. The batch says in which format its rejected lines are to be read again.
create table redriven_lines (
  bucket smallint not null,
  seq bigint not null,
  line_no bigint not null,
  ingest_id uuid not null,
  redriven_at timestamptz not null,
  constraint redriven_lines_pkey primary key (bucket, seq, line_no),
  constraint redriven_lines_line_fkey foreign key (bucket, seq, line_no) references rejected_lines
);

create index redriven_lines_ingest_idx on redriven_lines (ingest_id);

alter table inbox_batches
  add column format text not null default 'ndjson',
  add constraint inbox_batches_format check (format in ('ndjson', 'ipinyou'));

grant select, insert on redriven_lines to apportion_app;
