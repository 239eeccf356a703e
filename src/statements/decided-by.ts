import type pg from 'pg';
import { categoriesOn } from '../catalog/categories.ts';
import { loadProviders } from '../catalog/provider-book.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { formatShare } from '../domain/tiers.ts';
import type { PlanBook } from '../plans/plan-book.ts';
import { loadPlans } from '../plans/stored-plans.ts';
import { runsOfDays } from '../settlement/runs-of-days.ts';

export interface AppOnDay {
  readonly appId: string;
  readonly day: BusinessDay;
  readonly currency: string;
}

/** What decided the settled amounts of an app's day. */
export interface DecidedBy {
  readonly planId: string | null;
  readonly provider: ProviderShare | null;
}

export interface ProviderShare {
  readonly id: string;
  /** A decimal string from "0.00" to "1.00". */
  readonly ratio: string;
}

/**
 * The plans and service providers behind what is posted. A run takes every developer whose day is due, and whatever changes a plan
 * or a provider's terms makes days due, so a day's last run knew what its posted amounts stand for.
 */
export async function decidedBy(
  tx: pg.ClientBase,
  {
    bucket,
    developerId,
    movements,
  }: {
    readonly bucket: number;
    readonly developerId: string;
    readonly movements: readonly { readonly appId: string; readonly businessDay: BusinessDay }[];
  },
): Promise<(app: AppOnDay) => DecidedBy> {
  const versions = await versionsBehind(tx, { bucket, days: movements.map(movement => movement.businessDay) });
  const books = new Map<number, PlanBook>();
  for (const version of new Set(versions.values())) {
    const apps = movements.map(({ appId }) => ({ appId, developerId }));
    books.set(version, await loadPlans(tx, version, apps));
  }
  const categories = new Map<BusinessDay, Map<string, string>>();
  for (const [day, referenceVersion] of versions) {
    if (books.get(referenceVersion)?.knowsCategories !== true) continue;
    const appIds = movements.filter(movement => movement.businessDay === day).map(movement => movement.appId);
    categories.set(day, await categoriesOn(tx, { appIds, day, referenceVersion }));
  }
  const providerOf = await providersBehind(tx, { versions, appIds: movements.map(movement => movement.appId) });
  return app => {
    const plans = books.get(versions.get(app.day) ?? 0);
    const category = categories.get(app.day)?.get(app.appId) ?? null;
    const planId = plans?.planFor({ ...app, developerId, category })?.planId ?? null;
    return { planId, provider: providerOf(app) };
  };
}

/** The reference version that each settled day's last run in the bucket knew. */
export async function versionsBehind(
  tx: pg.ClientBase,
  { bucket, days }: { readonly bucket: number; readonly days: Iterable<BusinessDay> },
): Promise<Map<BusinessDay, number>> {
  const versions = new Map<BusinessDay, number>();
  for (const run of await runsOfDays(tx, { bucket, days: [...new Set(days)] })) {
    versions.set(run.businessDay, run.referenceVersion);
  }
  return versions;
}

/** The providers of apps as those versions knew them. */
export async function providersBehind(
  tx: pg.ClientBase,
  { versions, appIds }: { readonly versions: ReadonlyMap<BusinessDay, number>; readonly appIds: Iterable<string> },
): Promise<(app: Pick<AppOnDay, 'appId' | 'day'>) => ProviderShare | null> {
  const referenceVersion = Math.max(0, ...versions.values());
  const providers = await loadProviders(tx, { referenceVersion, appIds });
  return ({ appId, day }) => {
    const provider = providers.providerOn({ appId, day, referenceVersion: versions.get(day) ?? 0 });
    return provider === null ? null : { id: provider.providerId, ratio: formatShare(provider.ratioPpm) };
  };
}
