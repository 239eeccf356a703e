import { fc, test as propTest } from '@fast-check/vitest';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agesOf } from '../../src/domain/ageing.ts';
import { daysBetween, parseBusinessDay } from '../../src/domain/business-day.ts';
import { formatAmount, nanos, parseAmount } from '../../src/domain/nanos.ts';
import { type Period, parsePeriod } from '../../src/domain/period.ts';
import {
  type AgeingFilters,
  type AgeingRow,
  listAgeing,
  streamAgeing,
  totalAgeing,
} from '../../src/ledger/list-ageing.ts';
import { listBalances } from '../../src/ledger/list-balances.ts';
import type { TestDatabase } from '../support/database.ts';
import {
  BUCKETS,
  CURRENCIES,
  DEVELOPERS,
  openRandomLedger,
  PROVIDERS,
  type StoredRow,
} from '../support/random-ledger.ts';
import { rejectionOf } from '../support/refusals.ts';
import { runs } from '../support/runs.ts';

const TODAY = parseBusinessDay('2018-04-27');

let database: TestDatabase;
let rows: StoredRow[];
beforeAll(async () => {
  ({ database, rows } = await openRandomLedger());
});
afterAll(async () => await database.drop());

type Asked = Omit<AgeingFilters, 'bucketCount' | 'today'>;

const ofLedger = (asked: Asked): AgeingFilters => ({ bucketCount: BUCKETS, today: TODAY, ...asked });

/** By the rule of docs/finance.md, book by book. */
function expectedAges({ developerId, providerId, currency, olderThanDays, bookedBy }: Asked): AgeingRow[] {
  const owners = developerId ?? providerId;
  const ages: AgeingRow[] = [];
  for (const owner of [...PROVIDERS, ...DEVELOPERS].sort()) {
    if (owners !== undefined && owner !== owners) continue;
    for (const of of currency === undefined ? CURRENCIES : [currency]) {
      const moved = rows
        .filter(row => row.developer_id === owner && row.currency === of && [row.debit, row.credit].includes('payable'))
        .filter(row => bookedBy === undefined || row.booked_at <= bookedBy)
        .map(row => ({ ...row, signed: row.credit === 'payable' ? row.amount : -row.amount }));
      const payouts = [
        ...Map.groupBy(
          moved.filter(row => row.payout_id !== null),
          row => row.payout_id,
        ).values(),
      ].map(ofPayout => ({
        period: ofPayout
          .map(row => row.period)
          .sort()
          .at(-1) as Period,
        amountNanos: ofPayout.reduce((sum, row) => sum + row.signed, 0n),
      }));
      const paid = payouts.filter(each => each.amountNanos < 0n).reduce((sum, each) => sum - each.amountNanos, 0n);
      const others = moved.filter(row => row.payout_id === null);
      const arisen = others.map(row => ({ period: row.period as Period, amountNanos: row.signed }));
      const all = [...arisen, ...payouts.filter(each => each.amountNanos > 0n)];
      for (const { period, amountNanos } of agesOf(all, paid)) {
        const since = period && parsePeriod(period).lastDay;
        const days = since && Math.max(0, daysBetween({ from: since, to: TODAY }));
        if (olderThanDays !== undefined && (days === null || days <= olderThanDays)) continue;
        const owed = { amount: formatAmount(nanos(amountNanos), of), currency: of };
        ages.push({ developer_id: owner, period, since, days, owed });
      }
    }
  }
  return ages;
}

const asked = fc
  .record(
    {
      owner: fc.constantFrom<Asked>({}, { developerId: 'dev_b' }, { providerId: 'agency_x' }),
      currency: fc.constantFrom(...CURRENCIES),
      olderThanDays: fc.integer({ min: 0, max: 30 }),
      bookedBy: fc
        .integer({ min: 0, max: 700 })
        .map(hours => new Date(Date.parse('2018-03-28T00:00:00Z') + hours * 3_600_000)),
    },
    { requiredKeys: ['owner'] },
  )
  .map(({ owner, ...rest }): Asked => ({ ...owner, ...rest }));

propTest.prop([asked, fc.integer({ min: 1, max: 12 })], { numRuns: runs(100) })(
  'payables are told by age, oldest paid first, whole and in pages',
  async (filters, limit) => {
    const expected = expectedAges(filters);
    const query = ofLedger(filters);
    expect(await database.db.snapshot(async tx => await Array.fromAsync(streamAgeing(tx, query)))).toEqual(expected);
    const paged: AgeingRow[] = [];
    let after: string | undefined;
    do {
      const page = await database.db.snapshot(tx => listAgeing(tx, { ...query, limit, after }));
      paged.push(...page.items);
      after = page.next ?? undefined;
    } while (after !== undefined && paged.length <= expected.length);
    expect(paged).toEqual(expected);
  },
);

test('the ages of a book add up to what is payable, and all books to the totals', async () => {
  const { ages, balances, totals } = await database.db.snapshot(async tx => ({
    ages: await Array.fromAsync(streamAgeing(tx, ofLedger({}))),
    balances: (await listBalances(tx, { bucketCount: BUCKETS, account: 'payable' })).items,
    totals: await totalAgeing(tx, ofLedger({})),
  }));
  const sum = (some: readonly AgeingRow[]) =>
    some.reduce((nanosSum, each) => nanosSum + parseAmount(each.owed.amount), 0n);
  for (const { developer_id, balance } of balances) {
    const ofBook = ages.filter(each => each.developer_id === developer_id && each.owed.currency === balance.currency);
    expect(sum(ofBook)).toBe(parseAmount(balance.amount));
  }
  expect(ages.some(each => each.period === null)).toBe(true);
  expect(totals.map(({ period, owed }) => `${owed.currency} ${period}`)).toEqual([
    ...new Set(totals.map(({ period, owed }) => `${owed.currency} ${period}`)),
  ]);
  for (const { period, books, owed } of totals) {
    const ofPeriod = ages.filter(each => each.period === period && each.owed.currency === owed.currency);
    expect({ books, owed: parseAmount(owed.amount) }).toEqual({ books: ofPeriod.length, owed: sum(ofPeriod) });
  }
});

test.each([
  ['unknown_developer', { developerId: 'nobody' }],
  ['two_owners', { developerId: 'dev_a', providerId: 'agency_x' }],
  ['bad_limit', { limit: 0 }],
  ['bad_cursor', { after: 'bm90IGEgY3Vyc29y' }],
])('refuses %s', async (code, filters) => {
  const list = database.db.snapshot(tx => listAgeing(tx, { ...ofLedger({}), ...filters }));
  expect(await rejectionOf(list)).toMatchObject({ code });
});
