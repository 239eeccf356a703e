-- A developer's month lies on as many pages of the key as it has days; here it lies on one or two. Without it a statement of a month of
-- a million developers, of whom few are read so often that their pages stay in memory, takes half as long again.
create index earnings_developer_idx on earnings (bucket, developer_id, business_date);
