import type pg from 'pg';
import { categoriesOn } from '../catalog/categories.ts';
import type { ProviderBook } from '../catalog/provider-book.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { MonthBefore } from '../earnings/month-gross.ts';
import type { PlanBook } from '../plans/plan-book.ts';
import { type AppGross, worthOfApp } from '../settlement/worth-of-apps.ts';

/** A part of what an app's day is worth in one currency. */
export interface Part {
  readonly developerId: string;
  readonly appId: string;
  readonly currency: string;
  readonly reason: string;
  /** Whose part it is, where it is a provider's. */
  readonly providerId: string | null;
}

export interface PostedPart extends Part {
  readonly amountNanos: Nanos;
}

export interface DayWorth {
  readonly parts: ReadonlyMap<string, Part & { readonly worthNanos: Nanos }>;
  /** Apps and currencies that a plan covers. */
  readonly planned: number;
  /** Those that none covers, by `appKey`: nothing is known of their worth. */
  readonly unplanned: ReadonlyMap<string, AppGross>;
}

/** What a day is worth by one version of catalog and plans. */
export async function worthByPart(
  client: pg.ClientBase,
  {
    day,
    referenceVersion,
    plans,
    grosses,
    monthBefore,
    providers,
  }: {
    readonly day: BusinessDay;
    readonly referenceVersion: number;
    readonly plans: PlanBook;
    readonly grosses: readonly AppGross[];
    readonly monthBefore: MonthBefore;
    readonly providers: ProviderBook;
  },
): Promise<DayWorth> {
  const appIds = plans.knowsCategories ? grosses.map(app => app.appId) : [];
  const categories = await categoriesOn(client, { appIds, day, referenceVersion });
  const parts = new Map<string, Part & { worthNanos: Nanos }>();
  const unplanned = new Map<string, AppGross>();
  for (const gross of grosses) {
    const category = categories.get(gross.appId) ?? null;
    const provider = providers.providerOn({ appId: gross.appId, day, referenceVersion });
    const worth = worthOfApp(gross, { day, category, plans, monthBefore, provider });
    if (worth.plan === null) unplanned.set(appKey(gross), gross);
    for (const { reason, providerId, worthNanos } of worth.parts) {
      const part = { ...gross, reason, providerId, worthNanos };
      parts.set(partKey(part), part);
    }
  }
  return { parts, planned: grosses.length - unplanned.size, unplanned };
}

/** Where a day's worth and what was posted for it differ; apps that no plan covers are left out. */
export function* differingParts(
  { parts, unplanned }: DayWorth,
  posted: Iterable<PostedPart>,
): Generator<{ part: string; worthNanos: Nanos; postedNanos: Nanos }> {
  const unposted = new Map(parts);
  for (const each of posted) {
    const part = partKey(each);
    const worthNanos = parts.get(part)?.worthNanos ?? nanos(0n);
    unposted.delete(part);
    if (worthNanos !== each.amountNanos && !unplanned.has(appKey(each))) {
      yield { part, worthNanos, postedNanos: each.amountNanos };
    }
  }
  for (const [part, { worthNanos }] of unposted) {
    if (worthNanos !== 0n) yield { part, worthNanos, postedNanos: nanos(0n) };
  }
}

export function appKey({ developerId, appId, currency }: Omit<Part, 'reason' | 'providerId'>): string {
  return `developer ${developerId} app ${appId} ${currency}`;
}

export function partKey(part: Part): string {
  return `${appKey(part)} ${part.reason}${part.providerId === null ? '' : ` of ${part.providerId}`}`;
}
