import fc from 'fast-check';
import type { AppFile, CatalogFile, ProviderFile } from './catalog.ts';
import { often, seldom } from './chance.ts';
import type { InvalidationFile } from './invalidations.ts';
import { EXAMPLE_LINE, lines } from './lines.ts';
import type { PlanFileEntry } from './plans.ts';
import type { PolicyFile } from './traffic.ts';
import { APPS, CATEGORIES, DATA_CENTRES, DAYS, LATE_APP, MONTHLY_PLANS, START, unitsOf } from './world.ts';

/** What can happen. Files are named by their place among those already ingested, taken round. */
export type Step =
  | { readonly kind: 'ingest'; readonly lines: readonly string[]; readonly asOf: string | null }
  | { readonly kind: 'ingest-again'; readonly file: number; readonly laterHours: number }
  | { readonly kind: 'process'; readonly bucket: number | null; readonly batchEvents: number }
  | { readonly kind: 'import-catalog'; readonly catalog: CatalogFile }
  | { readonly kind: 'import-plans'; readonly plans: readonly PlanFileEntry[] }
  | { readonly kind: 'accept-plan'; readonly planId: string; readonly developerId: string }
  | { readonly kind: 'confirm-terms'; readonly providerId: string; readonly appId: string | null }
  | { readonly kind: 'import-traffic'; readonly policies: readonly PolicyFile[]; readonly networks: string | null }
  | { readonly kind: 'invalidate'; readonly asked: InvalidationFile }
  | { readonly kind: 'reinstate'; readonly id: string }
  | { readonly kind: 'settle'; readonly day: string; readonly twice: boolean }
  | { readonly kind: 'settle-due' }
  | { readonly kind: 'request-run'; readonly day: string }
  | { readonly kind: 'work-off-runs' }
  | { readonly kind: 'wait'; readonly hours: number }
  | { readonly kind: 'wait-until'; readonly instant: string };

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

/** From a day to a later one or without end. */
const span = fc
  .record({ from: often(day, fc.constant('2018-01-01')), to: fc.option(day) })
  .map(({ from, to }) => ({ effective_from: from, effective_to: to !== null && to < from ? from : to }));

const provider: fc.Arbitrary<ProviderFile> = fc
  .record({
    id: often(fc.constantFrom('p1', 'p2'), fc.constantFrom('p3', 'ann')),
    ratios: fc.oneof(
      fc.constant([]),
      fc
        .record({ span, ratio: fc.constantFrom('0.20', '0.2', '0.123457') })
        .map(({ span, ratio }) => [{ ...span, ratio }]),
      fc.constant([
        { effective_from: '2018-01-01', effective_to: '2018-03-15', ratio: '0.5' },
        { effective_from: '2018-03-16', ratio: '0' },
      ]),
    ),
    apps: fc.subarray(['a1', 'a2', 'b1', 'c1']),
    terms: fc.array(fc.record({ span, ratio: fc.option(fc.constantFrom('0.3', '0.000001', '1')) }), {
      minLength: 4,
      maxLength: 4,
    }),
  })
  .map(({ id, ratios, apps, terms }) => ({
    ...{ id, name: `Agency ${id}`, type: 'company', country: 'CN', ratios },
    apps: apps.flatMap((app_id, index) =>
      terms.slice(index, index + 1).map(({ span, ratio }) => ({ app_id, ...span, ratio })),
    ),
  }));

const confirmation: fc.Arbitrary<Step> = often<readonly [string, string | null]>(
  fc.constantFrom(...(['p1'] as const).flatMap(id => [null, 'a1', 'b1', 'a2'].map(appId => [id, appId] as const)), [
    'p2',
    'c1',
  ] as const),
  fc.tuple(fc.constantFrom('p1', 'p2', 'p3', 'nobody'), fc.constantFrom(null, 'a1', 'a2', 'b1', 'c1', 'd1', 'none')),
).map(([providerId, appId]) => ({ kind: 'confirm-terms', providerId, appId }));

const policy: fc.Arbitrary<PolicyFile> = fc
  .record({
    from: fc.oneof(fc.constant('2018-01-01'), day),
    rate: fc.constantFrom(true, false, { max_impressions: 1, max_clicks: 2 }, { max_clicks: 1 }),
    soon: fc.constantFrom(true, false, { min_ms: 2_000 }),
    repeated: fc.constantFrom(true, false, { window_ms: 300 }, { window_ms: 3_600_000 }),
    switches: fc.record(
      { known_bot: fc.boolean(), data_centre: fc.boolean(), click_without_impression: fc.boolean() },
      { requiredKeys: [] },
    ),
    lookback: fc.constantFrom({}, { lookback_days: 0 }, { lookback_days: 2 }),
  })
  .map(({ from, rate, soon, repeated, switches, lookback }) => ({
    effective_from: from,
    checks: { implausible_rate: rate, click_too_soon: soon, repeated_click: repeated, ...switches },
    ...lookback,
  }));

const traffic: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('import-traffic'),
  policies: fc.oneof(fc.tuple(policy), fc.tuple(policy, policy)),
  networks: fc.oneof(fc.constant(null), fc.constantFrom<string>(...DATA_CENTRES)),
});

const named = fc.record({ type: fc.constantFrom('click', 'impression'), id: fc.nat(25) });

export const invalidation: fc.Arbitrary<InvalidationFile> = fc
  .record({
    id: fc.nat(5).map(number => `i${number}`),
    appId: often(fc.constantFrom('a1', 'a1', 'a2', 'b1', 'c1'), fc.constant('none')),
    of: fc.oneof(
      fc
        .record({
          span,
          unit: fc.option(often(fc.constant('video'), fc.constant('none'))),
          eventType: fc.option(fc.constantFrom('click', 'impression')),
        })
        .map(({ span: { effective_from: from, effective_to: to }, unit, eventType }) => ({
          from,
          to: to ?? from,
          unit,
          eventType,
        })),
      fc.array(named, { minLength: 1, maxLength: 2 }),
    ),
    reason: fc.constantFrom('click_farm', 'refund'),
  })
  .map(({ id, appId, of, reason }) => {
    if (Array.isArray(of)) return { id, appId, reason, events: of.map(({ type, id }) => `${type} e${id}`).join('\n') };
    const { from, to, unit, eventType } = of;
    const adUnitId = unit === null ? {} : { adUnitId: `${appId}-${unit}` };
    return { id, appId, reason, slice: { from, to, ...adUnitId, ...(eventType === null ? {} : { eventType }) } };
  });

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
  { weight: 4, arbitrary: provider.map(each => ({ providers: [each] })) },
  { weight: 1, arbitrary: fc.tuple(provider, provider).map(providers => ({ providers })) },
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

const steps: Record<Exclude<Step['kind'], 'wait-until'>, { weight: number; arbitrary: fc.Arbitrary<Step> }> = {
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
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('process'),
      bucket: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 2, arbitrary: fc.nat(3) }),
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
  'confirm-terms': { weight: 4, arbitrary: confirmation },
  'import-traffic': { weight: 4, arbitrary: traffic },
  invalidate: {
    weight: 10,
    arbitrary: fc.record({ kind: fc.constant('invalidate'), asked: invalidation }),
  },
  reinstate: {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('reinstate'), id: fc.nat(5).map(number => `i${number}`) }),
  },
  settle: { weight: 4, arbitrary: fc.record({ kind: fc.constant('settle'), day, twice: fc.boolean() }) },
  'settle-due': { weight: 8, arbitrary: fc.record({ kind: fc.constant('settle-due') }) },
  'request-run': { weight: 1, arbitrary: fc.record({ kind: fc.constant('request-run'), day }) },
  'work-off-runs': { weight: 1, arbitrary: fc.record({ kind: fc.constant('work-off-runs') }) },
  wait: { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait'), hours: fc.constantFrom(1, 12, 24) }) },
};

/** What decides about traffic that is here already or may come, without naming single events: it can be recorded before or after it. */
export const reference: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: confirmation },
  { weight: 2, arbitrary: changedApp.map((app): Step => ({ kind: 'import-catalog', catalog: { apps: [app] } })) },
  { weight: 2, arbitrary: provider.map((each): Step => ({ kind: 'import-catalog', catalog: { providers: [each] } })) },
  {
    weight: 2,
    arbitrary: policy.map((each): Step => ({ kind: 'import-traffic', policies: [overTime(each)], networks: null })),
  },
  {
    weight: 2,
    arbitrary: invalidation
      .filter(asked => asked.slice !== undefined)
      .map((asked): Step => ({ kind: 'invalidate', asked })),
  },
  ...(['import-plans', 'accept-plan', 'reinstate'] as const).map(kind => steps[kind]),
);

/** Without the checks that judge when an event is processed, by what is known then. */
function overTime({ checks, ...policy }: PolicyFile): PolicyFile {
  return { ...policy, checks: { ...checks, known_bot: false, data_centre: false } };
}

const UNTIL_START: Step = { kind: 'wait-until', instant: START };

export const FIRST_CONSENTS: readonly Step[] = [
  { kind: 'confirm-terms', providerId: 'p1', appId: null },
  { kind: 'confirm-terms', providerId: 'p1', appId: 'a1' },
  { kind: 'confirm-terms', providerId: 'p2', appId: 'c1' },
  { kind: 'accept-plan', planId: 'p-app', developerId: 'ann' },
  { kind: 'accept-plan', planId: 'p-developer', developerId: 'ann' },
];

/** What is recorded before there is traffic, a day apart. */
const early: fc.Arbitrary<Step[]> = fc
  .tuple(
    fc.subarray([...FIRST_CONSENTS]),
    fc.array(
      fc.oneof(
        { weight: 4, arbitrary: confirmation },
        ...(['accept-plan', 'import-traffic', 'import-plans', 'import-catalog'] as const).map(kind => steps[kind]),
      ),
      { minLength: 1, maxLength: 5, size: 'max' },
    ),
  )
  .map(all => [...all.flat().flatMap((step): Step[] => [step, { kind: 'wait', hours: 24 }]), UNTIL_START]);

/** Traffic of most days, which is settled, so that most of what follows is a correction. */
const settledTraffic: fc.Arbitrary<Step[]> = fc
  .tuple(lines, lines)
  .map(([first, second]) => [
    { kind: 'ingest', lines: first, asOf: null },
    { kind: 'ingest', lines: second, asOf: null },
    { kind: 'process', bucket: null, batchEvents: 7 },
    { kind: 'settle-due' },
  ]);

/** Any steps in any order, in half of the histories without plans that go by the month. */
export const history: fc.Arbitrary<Step[]> = fc
  .record({
    isMonthly: fc.boolean(),
    early,
    settledTraffic,
    more: fc.array(fc.oneof(...Object.values(steps)), { minLength: 10, maxLength: 30, size: 'max' }),
  })
  .map(({ isMonthly, early, settledTraffic, more }) => {
    const all = [...early, ...settledTraffic, ...more];
    return isMonthly ? [{ kind: 'import-plans', plans: MONTHLY_PLANS }, ...all] : all.map(byTheDay);
  });

function byTheDay(step: Step): Step {
  if (step.kind !== 'import-plans') return step;
  return { ...step, plans: step.plans.map(plan => ({ ...plan, basis: 'app_day' })) };
}

/** Histories that have shown a fault once. */
export const EXAMPLES: Step[][] = [
  // A category that held before and after another one, and is then said to have held throughout.
  [
    UNTIL_START,
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
    UNTIL_START,
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
  // A click just before midnight that comes after both days were settled: it makes one of the next day a repeated one.
  [
    { kind: 'import-traffic', policies: [{ effective_from: '2018-01-01' }], networks: null },
    UNTIL_START,
    ...(['17T00:00:05', '16T23:59:58'] as const).flatMap((time, index): Step[] => [
      { kind: 'ingest', lines: [clickOn(`2018-03-${time}+08:00`, `n${index}`, { device_id: 'x' })], asOf: null },
      { kind: 'process', bucket: null, batchEvents: 1 },
      { kind: 'settle-due' },
    ]),
  ],
];

function clickOn(occurredAt: string, id: string, more: object = {}): string {
  const event = { id, type: 'click', occurred_at: occurredAt, app_id: 'a1', ad_unit_id: 'a1-video' };
  return JSON.stringify({ ...event, currency: 'CNY', price: '1.000001', ...more });
}
