import { fc, test as propTest } from '@fast-check/vitest';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addDays, type BusinessDay } from '../../src/domain/business-day.ts';
import { formatAmount, nanos } from '../../src/domain/nanos.ts';
import { parsePeriod } from '../../src/domain/period.ts';
import { ACCOUNT_KINDS, type AccountKind, TRANSFER_REASONS } from '../../src/domain/transfer.ts';
import { checkPostingTotals } from '../../src/ledger/check-posting-totals.ts';
import { columnsOf, DIMENSIONS, type Dimension } from '../../src/ledger/dimensions.ts';
import { type GroupedBalanceRow, listBalancesBy, streamBalancesBy } from '../../src/ledger/list-balances.ts';
import { listTransfers, streamTransfers } from '../../src/ledger/list-transfers.ts';
import { periodBalances } from '../../src/ledger/period-balances.ts';
import { revenueByDay } from '../../src/ledger/platform-revenue.ts';
import type { TransferFilters } from '../../src/ledger/transfer-filters.ts';
import { trialBalance } from '../../src/ledger/trial-balance.ts';
import type { TestDatabase } from '../support/database.ts';
import {
  BUCKETS,
  CURRENCIES,
  DEVELOPERS,
  FIRST_DAY,
  FUNDS,
  openRandomLedger,
  PROVIDERS,
  type StoredRow,
} from '../support/random-ledger.ts';
import { shanghai } from '../support/reference-files.ts';
import { runs } from '../support/runs.ts';

let database: TestDatabase;
let rows: StoredRow[];
beforeAll(async () => {
  ({ database, rows } = await openRandomLedger());
});
afterAll(async () => await database.drop());

type Asked = Omit<TransferFilters, 'bucketCount'>;

const DAYS = Array.from({ length: 32 }, (_, index) => addDays(FIRST_DAY, index - 2));
const midnight = (day: BusinessDay) => new Date(shanghai.startOf(day));
const instants = fc
  .integer({ min: 0, max: 800 })
  .map(hours => new Date(Date.parse('2018-03-27T00:00:00Z') + hours * 3_600_000));

/** Filters of which few go together, so that most leave something. */
const owners = fc.oneof(
  { weight: 4, arbitrary: fc.constant({}) },
  fc.constantFrom(...DEVELOPERS).map(developerId => ({ developerId })),
  fc.constantFrom(...PROVIDERS).map(providerId => ({ providerId })),
  fc.constantFrom(...FUNDS).map(fundId => ({ fundId })),
);
const days = fc.constantFrom(...DAYS);
/** The value of a stored transfer's column, so that there is one. */
const ofSome = <Name extends string>(name: Name, column: keyof StoredRow) =>
  fc.nat().map(place => {
    const values = [...new Set(rows.map(row => row[column]).filter(value => value !== null))];
    return { [name]: values[place % values.length] } as Asked;
  });
const cause = fc.oneof(
  { weight: 5, arbitrary: fc.constant({}) },
  ofSome('runId', 'run_id'),
  ofSome('decisionId', 'decision_id'),
  ofSome('payoutId', 'payout_id'),
  ofSome('link', 'link_id'),
);
const rest = fc.record(
  {
    appId: fc.constantFrom('app_a0', 'app_b1', 'app_e0'),
    from: days,
    to: days,
    period: fc.constantFrom('2018-03-H2', '2018-04-H1', '2018-04-H2', '2018-04', '2019-01').map(parsePeriod),
    reason: fc.constantFrom(...TRANSFER_REASONS),
    account: fc.constantFrom(...ACCOUNT_KINDS),
    currency: fc.constantFrom(...CURRENCIES),
    bookedFrom: days.map(midnight),
    bookedBefore: days.map(midnight),
    bookedBy: instants,
  },
  { requiredKeys: [] },
);
const someOf = (whole: Asked, keep: readonly boolean[]): Asked =>
  Object.fromEntries(Object.entries(whole).filter((_, place) => keep[place] === true));
const filters = fc
  .tuple(owners, cause, rest, fc.array(fc.constantFrom(true, false, false), { minLength: 10, maxLength: 10 }))
  .map(([owner, causedBy, others, keep]): Asked => ({ ...owner, ...causedBy, ...someOf(others, keep) }));

const isIn = (value: string | null, asked: string | undefined) => asked === undefined || value === asked;

/** What docs/finance.md says of each filter, one transfer after the other. */
function passing(asked: Asked): StoredRow[] {
  const owner = asked.developerId ?? asked.providerId ?? asked.fundId;
  const ofApp = asked.appId === undefined || owner !== undefined ? owner : `dev_${asked.appId.charAt(4)}`;
  return rows.filter(
    row =>
      isIn(row.developer_id, ofApp) &&
      isIn(row.app_id, asked.appId) &&
      isIn(row.run_id, asked.runId) &&
      isIn(row.decision_id, asked.decisionId) &&
      isIn(row.payout_id, asked.payoutId) &&
      isIn(row.link_id, asked.link) &&
      isIn(row.reason, asked.reason) &&
      isIn(row.currency, asked.currency) &&
      (asked.account === undefined || [row.debit, row.credit].includes(asked.account)) &&
      (asked.period === undefined || (asked.period.halves as readonly string[]).includes(row.period)) &&
      (asked.from === undefined || row.ledger_date >= asked.from) &&
      (asked.to === undefined || row.ledger_date <= asked.to) &&
      (asked.bookedFrom === undefined || row.booked_at >= asked.bookedFrom) &&
      (asked.bookedBefore === undefined || row.booked_at < asked.bookedBefore) &&
      (asked.bookedBy === undefined || row.booked_at <= asked.bookedBy),
  );
}

const inAmount = (amount: bigint, currency: string) => ({ amount: formatAmount(nanos(amount), currency), currency });

test('the ledger holds everything that is asked for', () => {
  expect(rows.length).toBeGreaterThan(250);
  const late = rows.filter(row => row.period !== halfMonth(row.ledger_date));
  expect(new Set(late.map(row => row.period))).toEqual(new Set(['2018-04-H1', '2018-04-H2']));
  const kept = rows.filter(row => row.reason === 'forfeiture_kept');
  const ofTotal = Map.groupBy(kept, row => `${row.bucket} ${row.decision_id} ${row.period} ${row.currency}`);
  const severalDays = [...ofTotal.values()].filter(some => new Set(some.map(row => row.ledger_date)).size > 1);
  expect(severalDays.length).toBeGreaterThan(1);
  const ofPayout = Map.groupBy(rows, row => row.payout_id);
  ofPayout.delete(null);
  const backElsewhere = [...ofPayout.values()].filter(some => new Set(some.map(row => row.currency)).size > 1);
  expect(backElsewhere.length).toBeGreaterThan(1);
});

function halfMonth(day: BusinessDay): string {
  return `${day.slice(0, 7)}-${day.slice(8) <= '15' ? 'H1' : 'H2'}`;
}

describe('transfers', () => {
  propTest.prop([filters, fc.integer({ min: 1, max: 40 })], { numRuns: runs(120) })(
    'are those that pass all filters, in one order, whole and in pages',
    async (asked, limit) => {
      const expected = passing(asked).map(row => row.transfer_id);
      const query = { bucketCount: BUCKETS, ...asked };
      const streamed = await database.db.snapshot(async tx => await Array.fromAsync(streamTransfers(tx, query)));
      expect(streamed.map(row => row.id)).toEqual(expected);
      const paged: string[] = [];
      let after: string | undefined;
      do {
        const page = await database.db.snapshot(tx => listTransfers(tx, { ...query, limit, after }));
        paged.push(...page.items.map(row => row.id));
        after = page.next ?? undefined;
      } while (after !== undefined && paged.length <= expected.length);
      expect(paged).toEqual(expected);
    },
    60_000,
  );

  test('that are of no run or decision are none', async () => {
    const none = { runId: '00000000-0000-7000-8000-000000000000', decisionId: 'nobody decided it' };
    for (const [name, value] of Object.entries(none)) {
      const query = { bucketCount: BUCKETS, [name]: value };
      expect(await database.db.snapshot(tx => listTransfers(tx, query))).toEqual({ items: [], next: null });
    }
  });
});

const columnOf: Record<Dimension, (row: StoredRow) => string | null> = {
  owner: row => row.developer_id,
  app: row => row.app_id,
  period: row => row.period,
  day: row => row.business_date,
  'booked-day': row => shanghai.dayOf(row.booked_at.getTime()),
  reason: row => row.reason,
  run: row => row.run_id,
  decision: row => row.decision_id,
  provider: row => row.provider_id,
  fund: row => row.fund_id,
  payout: row => row.payout_id,
  link: row => row.link_id,
};

/** The sums that the rows come to, in the order of their keys. */
function balancesOf(some: readonly StoredRow[], by: readonly Dimension[], account: AccountKind | undefined) {
  const sums = new Map<string, bigint>();
  for (const row of some) {
    for (const [side, amount] of [[row.debit, -row.amount] as const, [row.credit, row.amount] as const]) {
      if (account !== undefined && side !== account) continue;
      const place = String(ACCOUNT_KINDS.indexOf(side)).padStart(2, '0');
      const key = JSON.stringify([...by.map(each => columnOf[each](row) ?? ''), row.currency, place]);
      sums.set(key, (sums.get(key) ?? 0n) + amount);
    }
  }
  const compare = (a: readonly string[], b: readonly string[]) => {
    const place = a.findIndex((part, index) => part !== b[index]);
    return (a[place] ?? '') < (b[place] ?? '') ? -1 : 1;
  };
  const sorted = [...sums].map(([key, sum]) => [JSON.parse(key) as string[], sum] as const);
  return sorted
    .sort(([a], [b]) => compare(a, b))
    .map(([key, sum]) => ({
      ...Object.fromEntries(columnsOf(by).map((column, index) => [column, key[index] || null])),
      account: ACCOUNT_KINDS[Number(key.at(-1))],
      balance: inAmount(sum, key.at(-2) as string),
    }));
}

describe('balances', () => {
  const dimensions = fc.uniqueArray(fc.constantFrom(...DIMENSIONS), { minLength: 1, maxLength: 3 });

  propTest.prop(
    [filters, fc.oneof(fc.constant(['owner'] as Dimension[]), dimensions), fc.integer({ min: 1, max: 40 })],
    {
      numRuns: runs(120),
    },
  )(
    'are the sums of the transfers that pass, by any dimensions, whole and in pages',
    async (asked, by, limit) => {
      const expected = balancesOf(passing(asked), by, asked.account);
      const query = { bucketCount: BUCKETS, ...asked, by, timeZone: shanghai.timeZone };
      const streamed = await database.db.snapshot(async tx => await Array.fromAsync(streamBalancesBy(tx, query)));
      expect(streamed).toEqual(expected);
      const paged: GroupedBalanceRow[] = [];
      let after: string | undefined;
      do {
        const page = await database.db.snapshot(tx => listBalancesBy(tx, { ...query, limit, after }));
        paged.push(...page.items);
        after = page.next ?? undefined;
      } while (after !== undefined && paged.length <= expected.length);
      expect(paged).toEqual(expected);
    },
    60_000,
  );
});

describe('totals recorded with postings', () => {
  const sumOf = (some: readonly StoredRow[], account: string, currency: string, side: 'debit' | 'credit') =>
    some.filter(row => row[side] === account && row.currency === currency).reduce((sum, row) => sum + row.amount, 0n);

  test('tell when and for which days the transfers were booked', async () => {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      expect(await checkPostingTotals(database.db, bucket)).toEqual([]);
    }
  });

  propTest.prop([fc.oneof(fc.constant({}), ofSome('runId', 'run_id'), ofSome('decisionId', 'decision_id')), rest], {
    numRuns: runs(100),
  })(
    'give the trial balance that the transfers give, as of any instant',
    async (causedBy, { currency, period, bookedBy }) => {
      const asked = {
        ...causedBy,
        ...(currency && { currency }),
        ...(period && { period }),
        ...(bookedBy && { bookedBy }),
      };
      const some = passing(asked);
      const { items, balanced } = await trialBalance(database.db, asked);
      const accounts = [
        ...new Set(some.flatMap(row => [row.debit, row.credit].map(side => `${row.currency} ${side}`))),
      ];
      expect(new Set(items.map(item => `${item.debits.currency} ${item.account}`))).toEqual(new Set(accounts));
      for (const { account, debits, credits } of items) {
        expect(debits).toEqual(inAmount(sumOf(some, account, debits.currency, 'debit'), debits.currency));
        expect(credits).toEqual(inAmount(sumOf(some, account, credits.currency, 'credit'), credits.currency));
      }
      expect(balanced).toBe(true);
    },
  );

  propTest.prop([
    fc.option(instants, { nil: undefined }),
    fc.option(fc.constantFrom('2018-04', '2018-04-H1'), { nil: undefined }),
  ])('give opening and closing balances of each period', async (bookedBy, label) => {
    const period = label === undefined ? undefined : parsePeriod(label);
    const { items, balanced } = await periodBalances(database.db, { bookedBy, period });
    expect(balanced).toBe(true);
    const known = passing({ bookedBy });
    for (const { period: each, account, opening, debits, credits, closing } of items) {
      const { currency } = opening;
      const before = known.filter(row => row.period < each);
      const within = known.filter(row => row.period === each);
      const [debit, credit] = [sumOf(within, account, currency, 'debit'), sumOf(within, account, currency, 'credit')];
      const from = sumOf(before, account, currency, 'credit') - sumOf(before, account, currency, 'debit');
      expect({ opening, debits, credits, closing }).toEqual({
        opening: inAmount(from, currency),
        debits: inAmount(debit, currency),
        credits: inAmount(credit, currency),
        closing: inAmount(from + credit - debit, currency),
      });
    }
    const moved = new Set(
      known
        .filter(row => period === undefined || (period.halves as readonly string[]).includes(row.period))
        .map(row => row.period),
    );
    for (const each of moved) expect(items.some(item => item.period === each)).toBe(true);
  });

  propTest.prop([rest])('give the revenue of each day', async ({ from, to, currency, bookedBy }) => {
    const asked = {
      ...(from && { from }),
      ...(to && { to }),
      ...(currency && { currency }),
      ...(bookedBy && { bookedBy }),
    };
    const sums = new Map<string, { gross: bigint; platform: bigint; kept: bigint }>();
    for (const row of passing(asked)) {
      const sides = [[row.debit, -row.amount] as const, [row.credit, row.amount] as const];
      for (const [account, amount] of sides) {
        if (account !== 'ad_revenue' && account !== 'platform_share') continue;
        const key = `${row.ledger_date} ${row.currency}`;
        const sum = sums.get(key) ?? { gross: 0n, platform: 0n, kept: 0n };
        sums.set(key, sum);
        if (account === 'ad_revenue') sum.gross -= amount;
        else if (row.decision_id === null) sum.platform += amount;
        else sum.kept += amount;
      }
    }
    const found = await revenueByDay(database.db, asked);
    expect(
      found.map(({ day, currency: of, grossNanos, platformNanos, keptNanos }) => [
        `${day} ${of}`,
        { gross: grossNanos, platform: platformNanos, kept: keptNanos },
      ]),
    ).toEqual([...sums].sort(([a], [b]) => (a < b ? -1 : 1)));
  });
});
