import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { nanos } from '../../src/domain/nanos.ts';
import { shareWithProvider } from '../../src/domain/provider-part.ts';
import { providerIncomeFlow, settlementFlow } from '../../src/domain/transfer.ts';
import { worthOfDay } from '../../src/domain/worth.ts';

describe("a provider's part of the developer's total", () => {
  test.each([
    // total × ratio, what the provider gets of it, and the developer
    [65_000_000_000_000n, 200_000n, 13_000_000_000_000n, 52_000_000_000_000n], // × 0.20, exact
    [65_000_000_703_701n, 200_000n, 13_000_000_140_740n, 52_000_000_562_961n], // …140,740.2, down
    [5n, 100_000n, 0n, 5n], // 0.5, a tie to the even 0
    [15n, 100_000n, 2n, 13n], // 1.5, a tie to the even 2
    [25n, 100_000n, 2n, 23n], // 2.5, a tie to the even 2
    [35n, 100_000n, 4n, 31n], // 3.5, a tie to the even 4
    [1n, 500_000n, 0n, 1n], // 0.5
    [3n, 500_000n, 2n, 1n], // 1.5: more than half of it
    [1n, 500_001n, 1n, 0n], // 0.500001, up
    [7n, 0n, 0n, 7n], // nothing
    [7n, 1_000_000n, 7n, 0n], // all of it
    [0n, 300_000n, 0n, 0n],
    [-5n, 100_000n, 0n, -5n], // −0.5, a tie to the even 0
    [-15n, 100_000n, -2n, -13n], // −1.5, a tie to the even −2
  ])('%d nanos × %d millionths = %d, the rest %d', (total, ratioPpm, provider, developer) => {
    expect(shareWithProvider(nanos(total), ratioPpm)).toEqual({ providerNanos: provider, developerNanos: developer });
  });

  const ratio = fc.bigInt({ min: 0n, max: 1_000_000n });
  const amount = fc.bigInt({ min: 0n, max: 10n ** 24n });

  test.prop([amount, amount, ratio, ratio, fc.constantFrom('app_day' as const, 'app_month' as const)])(
    'leaves gross = platform + developer + provider, exactly, whatever the plan',
    (gross, monthBefore, ratioPpm, sharePpm, basis) => {
      const tiers = [
        { upToNanos: nanos(10n ** 12n), sharePpm },
        { upToNanos: null, sharePpm: 300_000n },
      ];
      const day = { grossNanos: nanos(gross), monthBeforeNanos: nanos(monthBefore) };
      const { platformNanos, developerNanos: total } = worthOfDay({ basis, mode: 'marginal', tiers }, day);
      const { developerNanos, providerNanos } = shareWithProvider(total, ratioPpm);
      expect(platformNanos + developerNanos + providerNanos).toBe(gross);
    },
  );

  test.prop([amount, ratio])('lies within half a nano of its ratio, and within the total', (total, ratioPpm) => {
    const { developerNanos, providerNanos } = shareWithProvider(nanos(total), ratioPpm);
    const off = providerNanos * 1_000_000n - total * ratioPpm;
    expect(off <= 500_000n && off >= -500_000n).toBe(true);
    expect(providerNanos >= 0n && providerNanos <= total).toBe(true);
    expect(developerNanos + providerNanos).toBe(total);
  });

  test.prop([amount, ratio, ratio])('never falls as the ratio rises', (total, one, other) => {
    const [lower, higher] = one < other ? [one, other] : [other, one];
    const partAt = (ratioPpm: bigint) => shareWithProvider(nanos(total), ratioPpm).providerNanos;
    expect(partAt(lower) <= partAt(higher)).toBe(true);
  });
});

test.prop([fc.bigInt()])("what leaves the developer's book arrives in the provider's", difference => {
  const [out, into] = [settlementFlow('provider', nanos(difference)), providerIncomeFlow(nanos(difference))];
  const onTransit = [out, into].map(flow => {
    if (flow === null) return 0n;
    return flow.credit === 'provider_share' ? flow.amountNanos : -flow.amountNanos;
  });
  expect(onTransit).toEqual([difference, -difference]);
  expect(into?.amountNanos).toBe(out?.amountNanos);
  if (difference > 0n) expect([out?.debit, into?.credit]).toEqual(['ad_revenue', 'payable']);
  if (difference < 0n) expect([out?.credit, into?.debit]).toEqual(['ad_revenue', 'payable']);
});
