import fc from 'fast-check';
import { often, seldom } from './chance.ts';
import { EXAMPLE_LINE, lines } from './lines.ts';
import type { AppFile, CatalogFile, PlanFileEntry } from './reference.ts';
import { APPS, CATEGORIES, DAYS, LATE_APP, START, unitsOf } from './world.ts';

/** What can happen. Files are named by their place among those already ingested, taken round. */
export type Step =
  | { readonly kind: 'ingest'; readonly lines: readonly string[]; readonly asOf: string | null }
  | { readonly kind: 'ingest-again'; readonly file: number; readonly laterHours: number }
  | { readonly kind: 'process'; readonly bucket: number | null; readonly batchEvents: number }
  | { readonly kind: 'import-catalog'; readonly catalog: CatalogFile }
  | { readonly kind: 'import-plans'; readonly plans: readonly PlanFileEntry[] }
  | { readonly kind: 'accept-plan'; readonly planId: string; readonly developerId: string }
  | { readonly kind: 'settle'; readonly day: string; readonly twice: boolean }
  | { readonly kind: 'settle-due' }
  | { readonly kind: 'request-run'; readonly day: string }
  | { readonly kind: 'work-off-runs' }
  | { readonly kind: 'wait'; readonly hours: number };

const day = fc.constantFrom(...DAYS);
const SHARES = ['0.3', '0.5', '0.333333', '0.412345', '0.50'];
const UP_TOS = ['0.000000001', '0.005', '2.5', '1000000.00', '1500000.5'];

const tiers = fc
  .record({
    upTos: often(fc.subarray(UP_TOS, { maxLength: 3 }), fc.constantFrom<string[]>(['2', '1'], ['0'])),
    shares: fc.array(seldom(fc.constantFrom(...SHARES), fc.constantFrom('0.7', '0.29')), {
      minLength: 4,
      maxLength: 4,
    }),
  })
  .map(({ upTos, shares }) =>
    shares.slice(0, upTos.length + 1).map((share, index) => {
      const upTo = upTos[index];
      return upTo === undefined ? { share } : { up_to: upTo, share };
    }),
  );

const plan: fc.Arbitrary<PlanFileEntry> = fc
  .record({
    named: fc.constantFrom(
      { id: 'p-default', scope: { default: true } },
      { id: 'p-default', scope: { default: true } },
      { id: 'p-other-default', scope: { default: true } },
      { id: 'p-app', scope: { app: 'a1' } },
      { id: 'p-developer', scope: { developer: 'ann' } },
      { id: 'p-category', scope: { category: 'games' } },
      { id: 'p-any', scope: { category: 'tools' } },
      { id: 'p-any', scope: { app: 'b1' } },
      { id: 'p-any', scope: { developer: 'nobody' } },
    ),
    currency: often(fc.constant('CNY'), fc.constantFrom('USD', 'JPY')),
    days: fc
      .record({ from: often(day, fc.constant('2018-01-01')), to: fc.oneof(fc.constant(null), day), odd: fc.nat(19) })
      .map(({ from, to, odd }) => (to !== null && to < from && odd > 0 ? { from: to, to: from } : { from, to })),
    paid: often<Pick<PlanFileEntry, 'basis' | 'mode'>>(
      fc.constantFrom(
        { basis: 'app_day', mode: 'marginal' },
        { basis: 'app_day', mode: 'whole' },
        { basis: 'app_month', mode: 'marginal' },
      ),
      fc.constant({ basis: 'app_month', mode: 'whole' }),
    ),
    tiers,
    reason: fc.option(fc.constant('agreed')),
  })
  .map(({ named, reason, days, paid, ...terms }) => ({
    ...named,
    ...paid,
    effective_from: days.from,
    effective_to: days.to,
    ...terms,
    ...(reason === null ? {} : { outside_band: reason }),
  }));

const changedApp: fc.Arbitrary<AppFile> = fc
  .record({
    app: fc.constantFrom(...APPS.slice(0, 2), ...APPS),
    category: often(fc.constantFrom('tools', 'games'), fc.constantFrom(...CATEGORIES)),
    from: fc.option(fc.constantFrom(...DAYS)),
    name: fc.constantFrom('Old', 'New'),
  })
  .map(({ app, category, from, name }) => ({
    ...app,
    name,
    category,
    ...(from === null ? {} : { category_from: from }),
  }));

const catalog: fc.Arbitrary<CatalogFile> = fc.oneof(
  { weight: 5, arbitrary: changedApp.map(app => ({ apps: [app] })) },
  { weight: 1, arbitrary: fc.constant({ apps: [LATE_APP], ad_units: unitsOf(LATE_APP) }) },
  { weight: 1, arbitrary: fc.constant({ apps: [{ ...LATE_APP, id: 'a1' }] }) },
  { weight: 1, arbitrary: fc.constant({ apps: [{ ...LATE_APP, id: 'z', developer_id: 'nobody' }] }) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('0.01', '0.000007').map(cpm => ({
      campaigns: [
        { id: 'c-cny', currency: 'CNY', rate_cards: [{ effective_from: '2018-03-12', effective_to: null, cpm }] },
      ],
    })),
  },
);

const steps: Record<Step['kind'], { weight: number; arbitrary: fc.Arbitrary<Step> }> = {
  ingest: {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('ingest'),
      lines,
      asOf: fc.oneof(
        { weight: 3, arbitrary: fc.constant(null) },
        { weight: 2, arbitrary: fc.constantFrom(START, '2018-03-16T00:00:00+08:00') },
      ),
    }),
  },
  'ingest-again': {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('ingest-again'), file: fc.nat(9), laterHours: fc.constantFrom(0, 1, 40) }),
  },
  process: {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('process'),
      bucket: fc.oneof(fc.constant(null), fc.nat(3)),
      batchEvents: fc.constantFrom(1, 7, 1000),
    }),
  },
  'import-catalog': { weight: 5, arbitrary: fc.record({ kind: fc.constant('import-catalog'), catalog }) },
  'import-plans': {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('import-plans'),
      plans: often<PlanFileEntry[]>(fc.tuple(plan), fc.tuple(plan, plan)),
    }),
  },
  'accept-plan': {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('accept-plan'),
      planId: often(fc.constantFrom('p-app', 'p-developer'), fc.constantFrom('p-any', 'p-default', 'p-none')),
      developerId: often(fc.constant('ann'), fc.constantFrom('ben', 'nobody')),
    }),
  },
  settle: { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle'), day, twice: fc.boolean() }) },
  'settle-due': { weight: 5, arbitrary: fc.record({ kind: fc.constant('settle-due') }) },
  'request-run': { weight: 1, arbitrary: fc.record({ kind: fc.constant('request-run'), day }) },
  'work-off-runs': { weight: 1, arbitrary: fc.record({ kind: fc.constant('work-off-runs') }) },
  wait: { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait'), hours: fc.constantFrom(1, 12, 24) }) },
};

/** Any steps in any order. */
export const history: fc.Arbitrary<Step[]> = fc.array(fc.oneof(...Object.values(steps)), {
  minLength: 12,
  maxLength: 30,
  size: 'max',
});

/** Histories that have shown a fault once. */
export const EXAMPLES: Step[][] = [
  // A category that held before and after another one, and is then said to have held throughout.
  [
    ...(['games', 'tools', 'tools'] as const).map((category, index) => ({
      ...({ kind: 'import-catalog' } as const),
      catalog: { apps: [{ ...(APPS[0] as AppFile), category, category_from: `2018-03-${[14, 16, 10][index]}` }] },
    })),
    { kind: 'ingest', lines: [EXAMPLE_LINE], asOf: null },
    { kind: 'process', bucket: null, batchEvents: 1 },
    { kind: 'settle-due' },
  ],
  // Two days under an accepted plan that goes by the month, and then a late event of the first.
  [
    {
      kind: 'import-plans',
      plans: [
        {
          ...{ id: 'p-app', scope: { app: 'a1' }, currency: 'CNY', effective_from: '2018-01-01', effective_to: null },
          ...{ basis: 'app_month', mode: 'marginal', tiers: [{ up_to: '1.50', share: '0.5' }, { share: '0.333333' }] },
        },
      ],
    },
    { kind: 'accept-plan', planId: 'p-app', developerId: 'ann' },
    { kind: 'wait', hours: 36 },
    ...(['18', '19', '18'] as const).flatMap((date, index): Step[] => [
      {
        kind: 'ingest',
        lines: [clickOn(`2018-03-${date}T20:00:00+08:00`, `m${index}`)],
        asOf: '2018-03-20T00:00:00+08:00',
      },
      { kind: 'process', bucket: null, batchEvents: 1 },
      { kind: 'wait', hours: 12 },
      { kind: 'settle-due' },
    ]),
  ],
];

function clickOn(occurredAt: string, id: string): string {
  const event = { id, type: 'click', occurred_at: occurredAt, app_id: 'a1', ad_unit_id: 'a1-video' };
  return JSON.stringify({ ...event, currency: 'CNY', price: '1.000001' });
}
