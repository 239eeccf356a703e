import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { checkPostingTotals } from '../../src/ledger/check-posting-totals.ts';
import { createTestDatabase } from '../support/database.ts';

const FOLDER = new URL('../../migrations/', import.meta.url);
const sqlOf = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8');
const NAME = '0026_totals_booked.sql';
const RUN = '01890000-0000-7000-8000-000000000001';
const STEP = '01890000-0000-7000-8000-000000000002';

/** `bucket owner day reason cause booked debit>credit`, of 5 nanos; a provider's halves name it after a slash. */
const TRANSFERS = [
  `1 dev 2018-04-15 developer_share ${RUN} 2018-04-16T01:00:00Z ad_revenue>payable`,
  `1 dev/agency 2018-04-15 provider_share ${RUN} 2018-04-16T01:00:00Z ad_revenue>provider_share`,
  `3 agency/agency 2018-04-15 provider_income ${RUN} 2018-04-16T01:00:00Z provider_share>payable`,
  // The same run in another bucket, an hour later.
  `3 other 2018-04-15 developer_share ${RUN} 2018-04-16T02:00:00Z ad_revenue>payable`,
  // A step of a fund, for two days, into another bucket.
  `2 fund 2018-04-11 award ${STEP} 2018-04-16T03:00:00Z fund_available>incentive`,
  `2 fund 2018-04-13 award ${STEP} 2018-04-16T03:00:00Z fund_available>incentive`,
  `1 dev 2018-04-11 incentive ${STEP} 2018-04-16T03:00:00Z incentive>payable`,
  `1 dev 2018-04-13 incentive ${STEP} 2018-04-16T03:00:00Z incentive>payable`,
  '1 dev 2018-04-12 adjustment back-1 2018-04-17T00:00:00Z adjustment>payable',
];

/** `bucket cause source period account`, of debits and credits in units of 5 nanos. */
const TOTALS: readonly (readonly [string, number, number])[] = [
  [`1 ${RUN} 1 ad_revenue`, 2, 0],
  [`1 ${RUN} 1 payable`, 0, 1],
  [`1 ${RUN} 1 provider_share`, 0, 1],
  [`3 ${RUN} 1 provider_share`, 1, 0],
  [`3 ${RUN} 1 payable`, 0, 1],
  [`3 ${RUN} 3 ad_revenue`, 1, 0],
  [`3 ${RUN} 3 payable`, 0, 1],
  [`2 ${STEP} 2 fund_available`, 2, 0],
  [`2 ${STEP} 2 incentive`, 0, 2],
  [`1 ${STEP} 2 incentive`, 2, 0],
  [`1 ${STEP} 2 payable`, 0, 2],
  ['1 back-1 1 adjustment', 1, 0],
  ['1 back-1 1 payable', 0, 1],
];

test('totals from before learn when and for which days they were booked', async () => {
  const database = await createTestDatabase({ empty: true });
  try {
    const owner = await database.owner();
    await owner.query('create schema apportion; set search_path = apportion; create table migrations (name text)');
    const before = readdirSync(FOLDER).filter(name => name < NAME);
    for (const name of before.sort()) await owner.query(sqlOf(name));
    await owner.query(`select ensure_ledger_month('2018-04-15')`);
    for (const [index, line] of TRANSFERS.entries()) {
      const [bucket, book = '', day, reason, cause = '', booked, sides = ''] = line.split(' ');
      const [developer, provider = null] = book.split('/');
      const isDecision = cause === 'back-1';
      await owner.query(
        `insert into transfers (bucket, ledger_date, transfer_id, developer_id, app_id, business_date, period, currency, debit, credit,
           amount_nanos, reason, run_id, decision_id, version, link_id, provider_id, booked_at)
         values ($1, $2, gen_random_uuid(), $3, 'app', $2, '2018-04-H1', 'CNY', $4, $5, 5, $6, $7, $8, $9,
           case when $10::text is not null then gen_random_uuid() end, $10, $11)`,
        [
          ...[bucket, day, developer, ...sides.split('>'), reason, isDecision ? null : cause],
          ...[isDecision ? cause : null, isDecision ? null : index + 1, provider, booked],
        ],
      );
    }
    for (const [key, debits, credits] of TOTALS) {
      const [bucket, cause, source, account] = key.split(' ');
      const ofRun = cause !== 'back-1';
      await owner.query(
        `insert into ${ofRun ? 'posting_totals' : 'decision_totals'} (bucket, ${ofRun ? 'run_id' : 'decision_id'}, period, currency,
           account, debit_nanos, credit_nanos${ofRun ? ', source_bucket' : ''})
         values ($1, $2, '2018-04-H1', 'CNY', $3, $4, $5${ofRun ? ', $6' : ''})`,
        [bucket, cause, account, 5 * debits, 5 * credits, ...(ofRun ? [source] : [])],
      );
    }

    await owner.query(`begin; ${sqlOf(NAME)}; commit`);
    for (const bucket of [1, 2, 3]) expect(await checkPostingTotals(owner, bucket), `bucket ${bucket}`).toEqual([]);
    const { rows } = await owner.query(
      `select source_bucket, booked_at, first_day, last_day from posting_totals where bucket = 3 and account = 'payable' order by 1`,
    );
    expect(rows).toEqual([
      {
        source_bucket: 1,
        booked_at: new Date('2018-04-16T01:00:00Z'),
        first_day: '2018-04-15',
        last_day: '2018-04-15',
      },
      {
        source_bucket: 3,
        booked_at: new Date('2018-04-16T02:00:00Z'),
        first_day: '2018-04-15',
        last_day: '2018-04-15',
      },
    ]);
  } finally {
    await database.drop();
  }
});
