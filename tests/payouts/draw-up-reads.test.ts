import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseBusinessDay } from '../../src/domain/business-day.ts';
import { DayTerms, judgedBooks } from '../../src/payouts/judged-books.ts';
import { periodOfPayouts } from '../../src/payouts/period-of-payouts.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const BOOKS = 200;
const OWED = '65000000000000';

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => await database.drop());

/** Half-months `from` to `to`, counted from 2016-01-H1, in which every book was owed something and, but in the last, was paid it. */
async function addHistory({ from, to }: { readonly from: number; readonly to: number }): Promise<void> {
  const owner = await database.owner();
  // What the rows refer to is not there.
  await owner.query('set session_replication_role = replica');
  const halves = `(select n, to_char(date '2016-01-01' + make_interval(months => n / 2), 'YYYY-MM') || '-H' || 1 + n % 2 as period
    from generate_series($1::int, $2::int) as n) as half`;
  const books = `(select 'd' || n as owner_id from generate_series(1, ${BOOKS}) as n) as book`;
  await owner.query(
    `insert into period_seals (period, seal_no, previous_digest, digest, transfers, books, totals, cut, closed_at, decision_id)
     select period, n + 1, case when n > 0 then sha256('') end, sha256(''), 0, 0, '[]', now(), now(), 'd'
     from ${halves}`,
    [from, to],
  );
  await owner.query(
    `insert into book_seals (bucket, owner_id, currency, period, transfers, digest, balances)
     select 0, owner_id, 'CNY', period, 1, sha256(''), '{"payable": "${OWED}"}'
     from ${halves} cross join ${books}`,
    [from, to],
  );
  const paid = [Math.max(0, from - 1), to - 1];
  await owner.query(
    `insert into payout_batches (batch_id, period, currency, draw_no, terms_import, threshold_nanos, due_on, payouts,
       amount_nanos, digest, drawn_on, drawn_at, actor)
     select period, period, 'CNY', 1, 1, 1, '2016-01-01', ${BOOKS}, ${OWED}, sha256(''), '2016-01-01', now(), 'p'
     from ${halves}`,
    paid,
  );
  await owner.query(
    `insert into payouts (bucket, payout_id, reference, batch_id, owner_id, currency, period, amount_nanos, destination,
       payee_import, country, payee, invoice_required, tax_nanos, net_nanos, sent_currency, sent_nanos)
     select 0, gen_random_uuid(), n || '-' || upper(owner_id), period, owner_id, 'CNY', period, ${OWED}, 'v', 1, 'CN', 'company', false, 0,
       ${OWED}, 'CNY', ${OWED}
     from ${halves} cross join ${books}`,
    paid,
  );
  await owner.query(
    `insert into payout_steps (bucket, payout_id, step_no, status, at, ledger_date, actor, decision_id, tax_returned_nanos)
     select bucket, payout_id, 1, 'approved', now(), '2016-01-01', 'p', 'd', 0
     from payouts
     where not exists (select from payout_steps where payout_steps.payout_id = payouts.payout_id)`,
  );
  await owner.query('analyze');
}

/** How many books were judged, and how many rows were read for it. */
async function judged(): Promise<{ books: number; rows: number }> {
  return await database.db.snapshot(async tx => {
    const dayTerms = await DayTerms.read(tx, parseBusinessDay('2018-01-01'));
    const books = await judgedBooks(tx, { bucket: 0, period: await periodOfPayouts(tx), dayTerms });
    const { rows } = await tx.query<{ read: number }>(
      `select sum(seq_tup_read + idx_tup_fetch)::bigint as read
       from pg_stat_xact_user_tables
       where relname in ('book_seals', 'payouts', 'payout_steps')`,
    );
    return { books: books.length, rows: rows[0]?.read ?? 0 };
  });
}

test('what a draw-up reads does not grow with the half-months that were paid before', async () => {
  await addHistory({ from: 0, to: 1 });
  const young = await judged();
  await addHistory({ from: 2, to: 23 });
  const old = await judged();
  expect([young.books, old.books]).toEqual([BOOKS, BOOKS]);
  // A few payouts of each batch, of 200.
  expect(old.rows - young.rows).toBeLessThan(22 * 30);
});
