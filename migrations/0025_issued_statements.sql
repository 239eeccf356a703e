-- Statements as they were issued: each is printed again from here, byte for byte, whatever is computed differently later.
create table issued_statements (
  bucket smallint not null,
  owner_id text not null,
  period text not null,
  -- The statement as JSON, one line with its end, under zstd.
  content bytea not null,
  -- SHA-256 over that line.
  digest bytea not null,
  constraint issued_statements_pkey primary key (bucket, owner_id, period),
  constraint issued_statements_digest check (length(digest) = 32)
);

-- It is compressed already.
alter table issued_statements alter column content set storage external;

-- A bucket's statements of a period are issued in one transaction: all of its books that have any, or none.
create table statement_issues (
  bucket smallint not null,
  period text not null,
  statements integer not null,
  -- SHA-256 over the statements' digests, by owner.
  digest bytea not null,
  -- Of the closed period.
  seal bytea not null,
  issued_at timestamptz not null,
  constraint statement_issues_pkey primary key (bucket, period),
  constraint statement_issues_seal_fkey foreign key (period) references period_seals,
  constraint statement_issues_count check (statements >= 0),
  constraint statement_issues_digests check (length(digest) = 32 and length(seal) = 32)
);

create trigger issued_statements_keep before update or delete or truncate on issued_statements
  for each statement execute function refuse_record_change();
create trigger statement_issues_keep before update or delete or truncate on statement_issues
  for each statement execute function refuse_record_change();
alter table issued_statements enable always trigger issued_statements_keep;
alter table statement_issues enable always trigger statement_issues_keep;

grant select, insert on issued_statements, statement_issues to apportion_app;
