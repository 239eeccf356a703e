import { describe, expect, test } from 'vitest';
import type { Explanation } from '../../src/statements/explain.ts';
import { renderExplanation } from '../../src/statements/render-explanation.ts';
import { day } from '../support/reference-files.ts';

const RUN = '0196329c-5b00-7000-8000-00000000000a';
const FIRST = '0196329c-5b00-7000-8000-000000000001';
const SECOND = '0196329c-5b00-7000-8000-000000000002';

const cny = (amount: string) => ({ amount, currency: 'CNY' });

const transfer = (id: string, version: number, amount: string) => ({
  id,
  developer_id: 'dev_7',
  app_id: 'app_7_1',
  business_date: day('2018-04-15'),
  period: '2018-04-H1',
  debit: 'ad_revenue' as const,
  credit: 'payable' as const,
  amount: cny(amount),
  reason: 'developer_share',
  decision_id: null,
  run_id: RUN,
  version,
  link: null,
  corrects: version === 1 ? null : FIRST,
  booked_at: '2018-04-16T01:00:00.000Z',
  provider_id: null,
  fund_id: null,
  payout_id: null,
});

const EXPLANATION: Explanation = {
  as_known_on: null,
  known: { cutoff_seq: 12, reference_version: 2 },
  app: { id: 'app_7_1', name: 'Lucky Seven' },
  developer: { id: 'dev_7', name: 'Seven Studio' },
  business_date: day('2018-04-15'),
  category: 'tools',
  status: 'pending',
  items: [
    {
      currency: 'CNY',
      ad_units: [
        { ad_unit_id: 'unit_7_1_b', impressions: 1_000_000, clicks: 1000, gross: cny('149000.00') },
        { ad_unit_id: 'unit_7_1_i', impressions: 0, clicks: 20, gross: cny('1000.000001') },
      ],
      gross: cny('150000.000001'),
      invalid_traffic: [],
      worth: {
        plan: {
          id: 'wechat',
          reference_version: 2,
          scope: 'category',
          scope_id: 'tools',
          effective_from: day('2018-03-28'),
          effective_to: day('2018-07-31'),
          basis: 'app_day',
          mode: 'marginal',
          accepted_on: null,
          accepted_by: null,
        },
        tiers: [
          { up_to: cny('100000.00'), share: '0.50', part: cny('100000.00'), amount: cny('50000.00') },
          { up_to: null, share: '0.333333', part: cny('50000.000001'), amount: cny('16666.650000333333') },
        ],
        unrounded_developer_share: cny('66666.650000333333'),
        month: null,
        provider: null,
        developer_share: cny('66666.650000333'),
        platform_share: cny('83333.350000668'),
      },
      transfers: [transfer(FIRST, 1, '66666.15'), transfer(SECOND, 2, '0.50')],
      held: [],
      posted: [{ reason: 'developer_share', amount: cny('66666.65') }],
      pending: [
        { reason: 'developer_share', amount: cny('0.000000333') },
        { reason: 'platform_share', amount: cny('83333.350000668') },
      ],
      batches: [
        {
          batch_id: '0196329c-5b00-7000-8000-0000000000b1',
          seq: 12,
          source: 'part-00001.ndjson',
          processed_at: '2018-04-15T16:00:00.000Z',
          accepted_events: 1_001_020,
          gross: cny('150000.000001'),
        },
      ],
      traced: true,
    },
  ],
  incentives: [],
  runs: [{ run_id: RUN, cutoff_seq: 12, reference_version: 2, finished_at: '2018-04-16T01:00:00.000Z' }],
  unread_batches: 0,
  waiting_batches: 1,
};

describe('an explanation on a terminal', () => {
  test('goes from the earnings over plan and tiers to transfers, batches and runs', () => {
    expect(renderExplanation(EXPLANATION)).toBe(`\
Lucky Seven (app_7_1) of Seven Studio (dev_7) on 2018-04-15
Category tools; PENDING: the day will be settled again

── CNY ──

Earned        Impressions  Clicks           Gross
  unit_7_1_b    1,000,000   1,000  149,000.00
  unit_7_1_i            0      20    1,000.000001
  Gross         1,000,000   1,020  150,000.000001

Shared out by plan wechat of version 2,
for category tools, 2018-03-28 to 2018-07-31, each tier for its part of the gross
  up to 100,000.00  100,000.00           × 50 %  = 50,000.00
  the rest           50,000.000001  × 33.3333 %  = 16,666.650000333333
  Developer's share 66,666.650000333333, rounded half-even = 66,666.650000333
  Platform's part 150,000.000001 − 66,666.650000333 = 83,333.350000668

Posted
  version 1 developer_share: ad_revenue → payable 66,666.15
    booked 2018-04-16T01:00:00.000Z, run ${RUN}
    transfer ${FIRST}
  version 2 developer_share: ad_revenue → payable 0.50
    booked 2018-04-16T01:00:00.000Z, run ${RUN}
    transfer ${SECOND}, corrects ${FIRST}
  Sum of the developer's share  66,666.65

To be posted by the next run
  developer's share       0.000000333
  platform's part    83,333.350000668

Events behind the gross, which these batches account for entirely
  batch 12: 1,001,020 events, gross 150,000.000001, processed 2018-04-15T16:00:00.000Z
    0196329c-5b00-7000-8000-0000000000b1 from part-00001.ndjson

Runs that settled the day
  ${RUN} finished 2018-04-16T01:00:00.000Z
    knew batches up to 12, catalog and plans up to version 2

Note: accepted batches that reach over this day and wait to be processed: 1
`);
  });

  test.each([
    ['true', true, 'which these batches account for entirely'],
    ['false', false, 'THESE BATCHES COME TO ANOTHER GROSS'],
    ['unknown', null, 'as far as batches were read'],
  ])('says whether the events account for the gross: %s', (_, traced, words) => {
    const items = EXPLANATION.items.map(item => ({ ...item, traced }));
    expect(renderExplanation({ ...EXPLANATION, items })).toContain(words);
  });

  test('says when no plan shares the gross out', () => {
    const items = EXPLANATION.items.map(item => ({ ...item, worth: null, transfers: [], posted: [], pending: [] }));
    const text = renderExplanation({ ...EXPLANATION, items });
    expect(text).toContain('Shared out: not yet, no plan covers the app on that day\n\nPosted: nothing yet\n');
  });
});
