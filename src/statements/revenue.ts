import type pg from 'pg';
import { appVersions, categoryAmong } from '../catalog/categories.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import {
  type Revenue,
  type RevenueFilters,
  type RevenueOfApp,
  revenueByDay,
  revenueOfApps,
} from '../ledger/platform-revenue.ts';
import { loadPlans } from '../plans/stored-plans.ts';
import { versionsOfRuns } from '../settlement/runs-of-days.ts';

/** What revenue may be told apart by, beside currency, in the order of a row's columns. */
export const REVENUE_DIMENSIONS = ['day', 'category', 'plan'] as const;

export type RevenueDimension = (typeof REVENUE_DIMENSIONS)[number];

export interface RevenueRow {
  /** Only by day. */
  readonly business_date?: BusinessDay;
  /** Only by category; null for what a decision kept. */
  readonly category?: string | null;
  /** Only by plan, with the reference version that recorded its terms; null for what a decision kept. */
  readonly plan_id?: string | null;
  readonly plan_version?: number | null;
  readonly gross: Money;
  /** What developers and service providers have of it. */
  readonly shared: Money;
  readonly platform_share: Money;
  /** Forfeited money that was decided to be the platform's. */
  readonly forfeiture_kept: Money;
  /** `platform_share` + `forfeiture_kept`. */
  readonly revenue: Money;
}

export interface RevenueQuery extends RevenueFilters {
  readonly bucketCount: number;
  readonly by: readonly RevenueDimension[];
}

interface Paged {
  readonly limit?: number | undefined;
  readonly after?: string | undefined;
}

/** Groups that are added up at once: for each day where days are told apart, else of all days. */
const MOST_GROUPS = 1_000_000;
/** What they earned is in memory together; the more days of a bucket, the less often the catalog and the plans are read for its apps. */
const DAYS_OF_BUCKETS_AT_A_TIME = 8;
const KEY_PATTERNS: Record<RevenueDimension, RegExp> = {
  day: /^\d{4}-\d\d-\d\d$/,
  category: /^[^\p{Cc}]{0,200}$/u,
  plan: /^[ -~]{0,64} \d{0,10}$/,
};
const CURRENCY = /^[A-Z]{3}$/;

/**
 * A page of the platform's revenue, in the order of the dimensions, then of currency. `tx` is a snapshot.
 * @throws Refusal `bad_limit`, `bad_cursor`, `too_many_groups`
 */
export async function listRevenue(
  tx: pg.ClientBase,
  { limit = DEFAULT_LIMIT, after, ...query }: RevenueQuery & Paged,
): Promise<{ readonly items: readonly RevenueRow[]; readonly next: string | null }> {
  checkLimit(limit);
  const found: RevenueGroup[] = [];
  for await (const group of groupsBehind(tx, { ...query, after })) {
    found.push(group);
    if (found.length > limit) break;
  }
  const page = found.slice(0, limit);
  const last = found.length > limit ? page.at(-1) : undefined;
  return { items: page.map(rowWith(query.by)), next: last === undefined ? null : writeCursor(last.key) };
}

/**
 * All of it, behind `after` if it is given, a day at a time where days are told apart.
 * @throws Refusal `bad_cursor`, `too_many_groups`
 */
export async function* streamRevenue(
  tx: pg.ClientBase,
  query: RevenueQuery & Pick<Paged, 'after'>,
): AsyncGenerator<RevenueRow> {
  const row = rowWith(query.by);
  for await (const group of groupsBehind(tx, query)) yield row(group);
}

/** Revenue of one key: a value for each dimension, then the currency. */
interface RevenueGroup {
  readonly key: readonly string[];
  grossNanos: bigint;
  platformNanos: bigint;
  keptNanos: bigint;
}

async function* groupsBehind(
  tx: pg.ClientBase,
  { after, ...query }: RevenueQuery & Pick<Paged, 'after'>,
): AsyncGenerator<RevenueGroup> {
  const patterns = [...query.by.map(dimension => KEY_PATTERNS[dimension]), CURRENCY];
  const key = after === undefined ? null : readCursor(after, patterns);
  const from = query.by[0] === 'day' ? (key?.[0] as BusinessDay | undefined) : undefined;
  for await (const group of groupsOf(tx, from === undefined ? query : { ...query, from })) {
    if (key === null || compareKeys(group.key, key) > 0) yield group;
  }
}

async function* groupsOf(tx: pg.ClientBase, query: RevenueQuery): AsyncGenerator<RevenueGroup> {
  const days = await revenueByDay(tx, query);
  if (query.by.every(dimension => dimension === 'day')) {
    for (const { day, currency, ...revenue } of days) yield { key: [day, currency], ...revenue };
    return;
  }
  const allDays = [...new Set(days.map(({ day }) => day))];
  const allBuckets = Array.from({ length: query.bucketCount }, (_, bucket) => bucket);
  const isDayFirst = query.by[0] === 'day';
  const groups = new Map<string, RevenueGroup>();
  for (const some of pieces(allDays, DAYS_OF_BUCKETS_AT_A_TIME)) {
    const most = MOST_GROUPS * (isDayFirst ? some.length : 1);
    for (const buckets of pieces(allBuckets, Math.floor(DAYS_OF_BUCKETS_AT_A_TIME / some.length))) {
      const keyed = await keyedRevenue(tx, query, { buckets, days: some });
      for (const { key, revenue } of keyed) addUp(groups, { key, revenue, most });
    }
    if (!isDayFirst) continue;
    yield* inOrder(groups);
    groups.clear();
  }
  yield* inOrder(groups);
}

function* pieces<Each>(all: readonly Each[], length: number): Generator<readonly Each[]> {
  for (let first = 0; first < all.length; first += length) yield all.slice(first, first + length);
}

function addUp(
  groups: Map<string, RevenueGroup>,
  { key, revenue, most }: { readonly key: readonly string[]; readonly revenue: Revenue; readonly most: number },
): void {
  const name = key.join('\n');
  let group = groups.get(name);
  if (group === undefined) {
    if (groups.size === most) throw tooManyGroups();
    group = { key, grossNanos: 0n, platformNanos: 0n, keptNanos: 0n };
    groups.set(name, group);
  }
  group.grossNanos += revenue.grossNanos;
  group.platformNanos += revenue.platformNanos;
  group.keptNanos += revenue.keptNanos;
}

function inOrder(groups: ReadonlyMap<string, RevenueGroup>): RevenueGroup[] {
  return [...groups.values()].sort((a, b) => compareKeys(a.key, b.key));
}

function compareKeys(some: readonly string[], others: readonly string[]): number {
  const index = some.findIndex((part, place) => part !== others[place]);
  if (index < 0) return 0;
  return (some[index] ?? '') < (others[index] ?? '') ? -1 : 1;
}

/** What a run posted belongs to the category and the plan by which it posted it: those that its reference version gives the app. */
async function keyedRevenue(
  tx: pg.ClientBase,
  { by, ...filters }: RevenueQuery,
  of: { readonly buckets: readonly number[]; readonly days: readonly BusinessDay[] },
): Promise<{ key: readonly string[]; revenue: Revenue }[]> {
  const revenues = await revenueOfApps(tx, { ...filters, ...of });
  if (revenues.length === 0) return [];
  const runIds = [...new Set(revenues.flatMap(({ runId }) => (runId === null ? [] : [runId])))];
  const versions = await versionsOfRuns(tx, { buckets: of.buckets, runIds });
  const byVersion = Map.groupBy(revenues, ({ runId, bucket }) => versions.get(`${runId} ${bucket}`) ?? null);
  const keyed: { key: readonly string[]; revenue: Revenue }[] = [];
  for (const [referenceVersion, ofVersion] of byVersion) {
    const behind = await behindRuns(tx, ofVersion, { referenceVersion, by });
    for (const revenue of ofVersion) {
      const values = { day: revenue.day, ...behind(revenue) };
      keyed.push({ key: [...by.map(dimension => values[dimension]), revenue.currency], revenue });
    }
  }
  return keyed;
}

type Behind = Record<Exclude<RevenueDimension, 'day'>, string>;

const NOTHING_BEHIND: Behind = { category: '', plan: ' ' };

async function behindRuns(
  tx: pg.ClientBase,
  revenues: readonly RevenueOfApp[],
  { referenceVersion, by }: { readonly referenceVersion: number | null; readonly by: readonly RevenueDimension[] },
): Promise<(revenue: RevenueOfApp) => Behind> {
  if (referenceVersion === null) return () => NOTHING_BEHIND;
  const apps = new Map(
    revenues.flatMap(({ appId, developerId }) => (appId === null ? [] : [[appId, { appId, developerId }]])),
  );
  const plans = by.includes('plan') ? await loadPlans(tx, referenceVersion, apps.values()) : null;
  const versions =
    by.includes('category') || plans?.knowsCategories === true ? await appVersions(tx, [...apps.keys()]) : null;
  return ({ appId, developerId, currency, day }) => {
    if (appId === null) return NOTHING_BEHIND;
    const category = categoryAmong(versions?.get(appId) ?? [], { day, referenceVersion });
    const plan = plans?.planFor({ appId, developerId, category, currency, day }) ?? null;
    return { category: category ?? '', plan: plan === null ? ' ' : `${plan.planId} ${plan.referenceVersion}` };
  };
}

function rowWith(by: readonly RevenueDimension[]): (group: RevenueGroup) => RevenueRow {
  return ({ key, grossNanos, platformNanos, keptNanos }) => {
    const currency = key.at(-1) as string;
    const inMoney = (amount: bigint) => money(nanos(amount), currency);
    return {
      ...Object.assign({}, ...by.map((dimension, index) => columnsOf(dimension, key[index] ?? ''))),
      gross: inMoney(grossNanos),
      shared: inMoney(grossNanos - platformNanos),
      platform_share: inMoney(platformNanos),
      forfeiture_kept: inMoney(keptNanos),
      revenue: inMoney(platformNanos + keptNanos),
    };
  };
}

function columnsOf(dimension: RevenueDimension, value: string): Partial<RevenueRow> {
  if (dimension === 'day') return { business_date: value as BusinessDay };
  if (dimension === 'category') return { category: value === '' ? null : value };
  const space = value.lastIndexOf(' ');
  const planId = value.slice(0, space);
  return planId === ''
    ? { plan_id: null, plan_version: null }
    : { plan_id: planId, plan_version: Number(value.slice(space + 1)) };
}

function tooManyGroups(): Refusal {
  return new Refusal({
    code: 'too_many_groups',
    message: `there are more than ${MOST_GROUPS} groups of revenue`,
    remedy: 'ask by day too, or for fewer days',
    details: { most: MOST_GROUPS },
  });
}
