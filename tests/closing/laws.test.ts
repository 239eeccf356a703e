import { fc, test } from '@fast-check/vitest';
import { expect } from 'vitest';
import { addDays, type BusinessDay, parseBusinessDay } from '../../src/domain/business-day.ts';
import { nanos } from '../../src/domain/nanos.ts';
import {
  nextPeriod,
  openPeriodOf,
  type Period,
  parsePeriod,
  periodOf,
  previousPeriod,
} from '../../src/domain/period.ts';
import { ACCOUNT_KINDS, type AccountKind } from '../../src/domain/transfer.ts';
import { sealBook, sealBucket } from '../../src/ledger/seal.ts';
import type { MovedBook } from '../../src/ledger/sealed-books.ts';

const FIRST_DAY = parseBusinessDay('1999-12-30');
const day = fc.integer({ min: 0, max: 20_000 }).map((days): BusinessDay => addDays(FIRST_DAY, days));
const period = day.map(periodOf);

test.prop([period])(
  'the next period begins on the day after the last one, and follows in the order of texts',
  before => {
    const after = nextPeriod(before);
    expect(parsePeriod(after).firstDay).toBe(addDays(parsePeriod(before).lastDay, 1));
    expect(after > before).toBe(true);
    expect(previousPeriod(after)).toBe(before);
  },
);

test.prop([day])('a day lies in its period', each => {
  const { firstDay, lastDay } = parsePeriod(periodOf(each));
  expect(firstDay <= each && each <= lastDay).toBe(true);
});

test.prop([day, fc.option(period)])(
  'a transfer goes to its own period or the earliest open one, whichever is later',
  (each, firstOpen) => {
    const filed = openPeriodOf(each, firstOpen);
    expect([periodOf(each), firstOpen]).toContain(filed);
    expect(filed >= periodOf(each) && filed >= (firstOpen ?? filed)).toBe(true);
  },
);

test.prop([day, day, fc.option(period)])(
  'what is filed later by its day is never filed earlier',
  (one, other, firstOpen) => {
    const [earlier, later] = one < other ? [one, other] : [other, one];
    expect(openPeriodOf(earlier, firstOpen) <= openPeriodOf(later, firstOpen)).toBe(true);
  },
);

test.prop([period, fc.array(fc.tuple(day, fc.boolean()))])(
  'closing in order never files anything in a closed period',
  (first, history) => {
    let firstOpen: Period | null = null;
    const closed = new Set<Period>();
    for (const [each, closes] of history) {
      if (closes) {
        firstOpen ??= first;
        closed.add(firstOpen);
        firstOpen = nextPeriod(firstOpen);
      }
      const filed = openPeriodOf(each, firstOpen);
      expect(closed.has(filed)).toBe(false);
      expect(firstOpen === null || filed >= firstOpen).toBe(true);
    }
  },
);

const amount = fc.bigInt({ min: 0n, max: 10n ** 20n }).map(nanos);
const movement = fc.record({
  account: fc.constantFrom<AccountKind>(...ACCOUNT_KINDS),
  debitNanos: amount,
  creditNanos: amount,
});
const book: fc.Arbitrary<MovedBook> = fc.record({
  ownerId: fc.string({ minLength: 1, maxLength: 4 }),
  currency: fc.constantFrom('CNY', 'USD'),
  transfers: fc.integer({ min: 1, max: 9 }),
  digest: fc.stringMatching(/^[0-9a-f]{64}$/),
  movements: fc.uniqueArray(movement, { selector: each => each.account }),
});

test.prop([book, book])('balances at the end are those before and what moved, whatever the halves', (first, second) => {
  const after = sealBook(second, sealBook(first, {}).balances).balances;
  for (const account of ACCOUNT_KINDS) {
    const moved = [...first.movements, ...second.movements]
      .filter(each => each.account === account)
      .reduce((sum, each) => sum + each.creditNanos - each.debitNanos, 0n);
    expect(after[account]).toBe(moved === 0n ? undefined : String(moved));
  }
});

const books = fc.uniqueArray(book, { selector: each => `${each.ownerId}\0${each.currency}`, maxLength: 6 });

test.prop([books, fc.integer()])(
  'a bucket’s seal does not depend on the order in which its books come',
  (each, seed) => {
    const seals = each.map(one => sealBook(one, {}));
    const shuffled = [...seals].sort((a, b) => ((a.transfers * seed) % 7) - ((b.transfers * seed) % 7));
    expect(sealBucket(3, shuffled)).toEqual(sealBucket(3, seals));
  },
);

test.prop([books, books])('two different sets of books never have one seal', (one, other) => {
  const [first, second] = [one, other].map(each => each.map(moved => sealBook(moved, {})));
  const same = JSON.stringify(sortedBooks(first)) === JSON.stringify(sortedBooks(second));
  expect(sealBucket(3, first ?? []).digest === sealBucket(3, second ?? []).digest).toBe(same);
});

function sortedBooks(seals: readonly { readonly ownerId: string; readonly currency: string }[] = []): unknown {
  const key = (seal: { readonly ownerId: string; readonly currency: string }) => `${seal.ownerId}\0${seal.currency}`;
  return [...seals].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
