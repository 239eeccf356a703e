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

-- The identities that accepted events have claimed, as sorted runs of a bucket: each transaction of processing writes one, and
-- several small ones are merged into a larger one now and then. Ten times smaller than a row and an index entry each.
create table identity_segments (
  bucket smallint not null,
  segment_id uuid not null,
  identities integer not null,
  -- The first 48 bits of each identity as a little-endian double, ascending; searched for every event.
  heads bytea not null,
  -- For each, the other 80 bits (SHA-256 over developer, type and id, cut to 128 bits), 8 bytes of SHA-256 over the event's content
  -- and the batch that claimed it (6 bytes); read where a head was found.
  tails bytea not null,
  constraint identity_segments_pkey primary key (bucket, segment_id),
  constraint identity_segments_lengths check (identities > 0 and length(heads) = 8 * identities and length(tails) = 24 * identities)
);

-- Hashes don't compress, and parts of them are read by their place.
alter table identity_segments alter column heads set storage external;
alter table identity_segments alter column tails set storage external;

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
  -- Where this content was first seen; the batch that claimed the identity stands in its segment.
  seq bigint not null,
  line_no bigint not null,
  line bytea not null,
  constraint conflicting_lines_pkey primary key (bucket, identity, content)
);

grant select, insert on inbox_batches, rejected_lines, conflicting_lines to apportion_app;
grant select, insert, delete on identity_segments to apportion_app;
grant update (seq, reference_version, processed_at, accepted, duplicates, conflicts, rejected) on inbox_batches to apportion_app;
