import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { nanos } from '../../src/domain/nanos.ts';
import { ACCOUNT_KINDS, settlementFlow } from '../../src/domain/transfer.ts';

describe('the flow that settles a difference', () => {
  test.each([
    ['platform', 5n, { debit: 'ad_revenue', credit: 'platform_share', amountNanos: 5n }],
    ['platform', -5n, { debit: 'platform_share', credit: 'ad_revenue', amountNanos: 5n }],
    ['developer', 5n, { debit: 'ad_revenue', credit: 'payable', amountNanos: 5n }],
    ['developer', -5n, { debit: 'payable', credit: 'ad_revenue', amountNanos: 5n }],
    ['platform', 0n, null],
    ['developer', 0n, null],
  ] as const)('%s %d', (component, difference, flow) => {
    expect(settlementFlow(component, nanos(difference))).toEqual(flow);
  });

  test.prop([fc.constantFrom('platform' as const, 'developer' as const), fc.bigInt()])(
    'is positive, and changes the balance of its account by the difference',
    (component, difference) => {
      const flow = settlementFlow(component, nanos(difference));
      const account = component === 'platform' ? 'platform_share' : 'payable';
      const change = flow === null ? 0n : flow.credit === account ? flow.amountNanos : -flow.amountNanos;
      expect(change).toBe(difference);
      if (flow !== null) expect(flow.amountNanos > 0n).toBe(true);
    },
  );

  test('account kinds are distinct', () => {
    expect(new Set(ACCOUNT_KINDS).size).toBe(ACCOUNT_KINDS.length);
  });
});
