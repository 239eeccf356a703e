-- With each recorded total stands when it was booked and for which days of the ledger. So the trial balance as of any instant is the sum
-- of a few totals, and where the transfers of a run, a decision or a day of booking lie is known beforehand: no index on transfers is
-- needed for them, which every posting would have to pay for.
alter table posting_totals
  add column booked_at timestamptz,
  add column first_day date,
  add column last_day date;
alter table decision_totals
  add column booked_at timestamptz,
  add column first_day date,
  add column last_day date;

create temporary table sides on commit drop as
select bucket, run_id, decision_id, period, currency, side.account, min(ledger_date) as first_day, max(ledger_date) as last_day,
  min(booked_at) as booked_at
from transfers
cross join lateral (values (debit), (credit)) as side (account)
group by bucket, run_id, decision_id, period, currency, side.account;

-- What a run posts into a bucket whose turn it does not hold was booked when its own transfers were; those tell it.
create temporary table bookings on commit drop as
select bucket, run_id, min(booked_at) as booked_at
from transfers
where run_id is not null and developer_id is distinct from provider_id and reason <> 'incentive'
group by bucket, run_id;

update posting_totals as total
set booked_at = bookings.booked_at, first_day = sides.first_day, last_day = sides.last_day
from sides, bookings
where (sides.bucket, sides.run_id, sides.period, sides.currency, sides.account)
    = (total.bucket, total.run_id, total.period, total.currency, total.account)
  and (bookings.bucket, bookings.run_id) = (total.source_bucket, total.run_id);

update decision_totals as total
set booked_at = sides.booked_at, first_day = sides.first_day, last_day = sides.last_day
from sides
where (sides.bucket, sides.decision_id, sides.period, sides.currency, sides.account)
    = (total.bucket, total.decision_id, total.period, total.currency, total.account);

do $$
begin
  if exists (select from posting_totals where booked_at is null) or exists (select from decision_totals where booked_at is null) then
    raise exception 'a recorded total has no transfers' using hint = 'See what "apportion verify" of the version before says.';
  end if;
end
$$;

alter table posting_totals
  alter column booked_at set not null,
  alter column first_day set not null,
  alter column last_day set not null,
  add constraint posting_totals_days check (first_day <= last_day);
alter table decision_totals
  alter column booked_at set not null,
  alter column first_day set not null,
  alter column last_day set not null,
  add constraint decision_totals_days check (first_day <= last_day);
