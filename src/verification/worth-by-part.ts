import type pg from 'pg';
import { categoriesOn } from '../catalog/categories.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { PlanBook } from '../plans/plan.ts';
import { type AppGross, worthOfApp } from '../settlement/worth-of-apps.ts';

/** A part of what an app's day is worth in one currency. */
export interface Part {
  readonly developerId: string;
  readonly appId: string;
  readonly currency: string;
  readonly reason: string;
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
  }: {
    readonly day: BusinessDay;
    readonly referenceVersion: number;
    readonly plans: PlanBook;
    readonly grosses: readonly AppGross[];
  },
): Promise<DayWorth> {
  const categories = await categoriesOn(client, { appIds: grosses.map(app => app.appId), day, referenceVersion });
  const parts = new Map<string, Part & { worthNanos: Nanos }>();
  const unplanned = new Map<string, AppGross>();
  for (const gross of grosses) {
    const worth = worthOfApp(gross, { day, category: categories.get(gross.appId) ?? null, plans });
    if (worth.plan === null) unplanned.set(appKey(gross), gross);
    for (const { reason, worthNanos } of worth.parts) {
      const part = { ...gross, reason, worthNanos };
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

export function appKey({ developerId, appId, currency }: Omit<Part, 'reason'>): string {
  return `developer ${developerId} app ${appId} ${currency}`;
}

export function partKey(part: Part): string {
  return `${appKey(part)} ${part.reason}`;
}
