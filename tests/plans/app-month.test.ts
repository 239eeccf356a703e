import { fc, it } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { formatAmount, type Nanos, nanos, parseAmount } from '../../src/domain/nanos.ts';
import { parseShare, shareOf, type Tier } from '../../src/domain/tiers.ts';
import { developerTotal, worthOfDay } from '../../src/domain/worth.ts';

/** The share up to each amount, and then of the rest. */
function tiersOf(...tiers: [upTo: string | null, share: string][]): Tier[] {
  return tiers.map(([upTo, share]) => ({
    upToNanos: upTo === null ? null : parseAmount(upTo),
    sharePpm: parseShare(share),
  }));
}

const monthly = (tiers: readonly Tier[]) => ({ basis: 'app_month', mode: 'marginal', tiers }) as const;

/** The developer's share of each day of a month, from what the app earned on each. */
function sharesOf(tiers: readonly Tier[], grosses: readonly Nanos[]): Nanos[] {
  let monthBefore = 0n;
  return grosses.map(grossNanos => {
    const share = developerTotal(monthly(tiers), { grossNanos, monthBeforeNanos: nanos(monthBefore) });
    monthBefore += grossNanos;
    return share;
  });
}

const WECHAT = tiersOf(['100000.00', '0.50'], [null, '0.30']);
const ODD = tiersOf(['0.000000001', '0.50'], [null, '1']);

describe('a day under a plan that goes by the month', () => {
  it.each<[what: string, tiers: Tier[], grosses: string[], shares: string[]]>([
    ['begins with the first tier', WECHAT, ['60000.00'], ['30000.00']],
    // 120,000: 100,000 × 0.50 + 20,000 × 0.30 = 56,000, less 30,000 to the day before
    ['is worth what it adds to the share of the month', WECHAT, ['60000.00', '60000.00'], ['30000.00', '26000.00']],
    ['without earnings is worth nothing', WECHAT, ['60000.00', '0.00', '10.00'], ['30000.00', '0.00', '5.00']],
    ['that ends at an up_to lies in its tier', WECHAT, ['100000.00', '0.01'], ['50000.00', '0.003']],
    // Shares of the month: 0.5 nanos → 0, 1.5 → 2 (both half-even), so the second nano is worth two.
    ['may be worth a nano more than it earned', ODD, ['0.000000001', '0.000000001'], ['0.00', '0.000000002']],
  ])('%s', (_what, tiers, grosses, shares) => {
    expect(sharesOf(tiers, grosses.map(parseAmount)).map(share => formatAmount(share, 'CNY'))).toEqual(shares);
  });
});

const anyGross = fc.bigInt({ min: 0n, max: 10n ** 15n }).map(nanos);
const anyMonth = fc.array(fc.oneof(anyGross, fc.constant(nanos(0n))), { minLength: 1, maxLength: 31 });
const anyShare = fc.bigInt({ min: 0n, max: 1_000_000n });
const anyTiers = fc
  .record({
    upTos: fc.uniqueArray(fc.bigInt({ min: 1n, max: 10n ** 15n }), { maxLength: 4 }),
    shares: fc.array(anyShare, { minLength: 5, maxLength: 5 }),
  })
  .map(({ upTos, shares }): Tier[] => {
    const bounds = [...upTos.sort((a, b) => (a < b ? -1 : 1)).map(nanos), null];
    return bounds.map((upToNanos, index) => ({ upToNanos, sharePpm: shares[index] ?? 0n }));
  });

const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);

describe('the days of a month under one plan', () => {
  it.prop([anyTiers, anyMonth])('add up to the share of the month, whatever each of them rounds', (tiers, month) => {
    expect(sum(sharesOf(tiers, month))).toBe(shareOf('marginal', tiers, nanos(sum(month))).shareNanos);
  });

  it.prop([anyTiers, anyMonth, fc.nat()])('come to the same in any order of the days', (tiers, month, seed) => {
    const other = month.toSorted((a, b) => Number(((a ^ BigInt(seed)) - (b ^ BigInt(seed))) % 97n));
    expect(sum(sharesOf(tiers, other))).toBe(sum(sharesOf(tiers, month)));
  });

  it.prop([anyTiers, anyGross, anyGross])(
    'are each worth between the lowest and the highest share of their gross, to a nano; both sides add up to it',
    (tiers, grossNanos, monthBeforeNanos) => {
      const { platformNanos, developerNanos } = worthOfDay(monthly(tiers), { grossNanos, monthBeforeNanos });
      expect(platformNanos + developerNanos).toBe(grossNanos);
      const shares = tiers.map(tier => tier.sharePpm).toSorted((a, b) => (a < b ? -1 : 1));
      const [lowest = 0n, highest = 0n] = [shares.at(0), shares.at(-1)];
      expect(developerNanos * 1_000_000n >= lowest * grossNanos - 1_000_000n).toBe(true);
      expect(developerNanos * 1_000_000n <= highest * grossNanos + 1_000_000n).toBe(true);
    },
  );

  it.prop([anyTiers, anyGross])('on the first day are worth what they are by the day', (tiers, grossNanos) => {
    const gross = { grossNanos, monthBeforeNanos: nanos(0n) };
    expect(developerTotal(monthly(tiers), gross)).toBe(developerTotal({ ...monthly(tiers), basis: 'app_day' }, gross));
  });
});
