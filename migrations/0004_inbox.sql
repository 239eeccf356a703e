-- What was accepted, in the recorded order of its processing, and who it claims to be. A batch is the evidence: all its lines, with
-- the refused ones and their reasons. The tables below it can be rebuilt from batches in the order of `seq`.
create table inbox_batches (
  bucket smallint not null,
  -- UUIDv7: pending batches are taken in the order in which they were handed in.
  batch_id uuid not null,
  -- One reading of one file.
  ingest_id uuid not null,
  source text not null,
  -- "Now" for the acceptance window; every later attempt uses it again.
  clock timestamptz not null,
  accepted_at timestamptz not null,
  line_count integer not null,
  -- Business days of the events in it, so that one day can be read without the others; null without events.
  first_date date,
  last_date date,
  payload bytea not null,
  payload_digest bytea not null,
  -- Set once, when the batch is processed.
  seq bigint,
  reference_version integer,
  processed_at timestamptz,
  accepted integer,
  duplicates integer,
  conflicts integer,
  rejected integer,
  constraint inbox_batches_pkey primary key (bucket, batch_id),
  constraint inbox_batches_seq_key unique (bucket, seq),
  constraint inbox_batches_counts check (seq is null or line_count = accepted + duplicates + conflicts + rejected)
);

-- The payload is compressed already.
alter table inbox_batches alter column payload set storage external;

create index inbox_batches_pending_idx on inbox_batches (bucket, batch_id) where seq is null;
create index inbox_batches_ingest_idx on inbox_batches (ingest_id);

create table event_identities (
  -- First 8 bytes of SHA-256 over the event's content: tells a duplicate from a conflict.
  content bigint not null,
  -- The batch that claimed it.
  seq bigint not null,
  -- First 16 bytes of SHA-256 over (developer, type, id).
  identity uuid not null,
  bucket smallint not null,
  constraint event_identities_pkey primary key (bucket, identity)
);

create table rejected_lines (
  bucket smallint not null,
  seq bigint not null,
  line_no bigint not null,
  owner_id text not null,
  reason text not null,
  field text,
  detail text not null,
  -- The line as it came, cut when it was too long to keep whole.
  line bytea not null,
  constraint rejected_lines_pkey primary key (bucket, seq, line_no)
);

create table conflicting_lines (
  bucket smallint not null,
  identity uuid not null,
  content bigint not null,
  developer_id text not null,
  -- Where this content was first seen; the batch that holds the identity stands in event_identities.
  seq bigint not null,
  line_no bigint not null,
  line bytea not null,
  constraint conflicting_lines_pkey primary key (bucket, identity, content)
);

grant select, insert on inbox_batches, event_identities, rejected_lines, conflicting_lines to apportion_app;
grant update (seq, reference_version, processed_at, accepted, duplicates, conflicts, rejected) on inbox_batches to apportion_app;
