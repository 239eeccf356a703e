import { fc, test as law } from '@fast-check/vitest';
import { describe, expect, test } from 'vitest';
import { bucketOf } from '../../src/domain/bucket.ts';
import { bucketOfReference, payoutReference } from '../../src/domain/payout-reference.ts';
import type { Period } from '../../src/domain/period.ts';

const PERIOD = '2018-04-H1' as Period;
const ids = fc.string({ minLength: 1, maxLength: 64, unit: fc.constantFrom(...'abcXYZ019_- .~') });

describe('a payout reference', () => {
  law.prop([ids, fc.integer({ min: 1, max: 32_767 })])('leads to the bucket of the book', (ownerId, bucketCount) => {
    const reference = payoutReference({ ownerId, currency: 'CNY', period: PERIOD });
    expect(reference).toMatch(/^[A-Z0-9-]{1,35}$/);
    expect(bucketOfReference(reference, bucketCount)).toBe(bucketOf(ownerId, bucketCount));
  });

  law.prop([ids, ids])('tells owners, currencies and periods apart', (one, other) => {
    const of = (ownerId: string, currency = 'CNY', period = PERIOD) => payoutReference({ ownerId, currency, period });
    expect(of(one) === of(other)).toBe(one === other);
    expect(new Set([of(one), of(one, 'USD'), of(one, 'CNY', '2018-04-H2' as Period)]).size).toBe(3);
  });

  test.each([
    '',
    'x',
    '201804H3-CNY-YVFW9SFG6SPHEHR5',
    '201804H1-CNY-YVFW9SFG6SPHEHRI',
    '201804H1-CNY-YVFW9SFG6SPHEHR5 ',
  ])('%j is none', text => expect(bucketOfReference(text, 64)).toBeNull());

  test('is what it was: banks give it back after years', () => {
    expect(payoutReference({ ownerId: 'dev_7', currency: 'CNY', period: PERIOD })).toBe(
      '201804H1-CNY-YVFW9SFG6SPHEHR5',
    );
  });
});
