import type pg from 'pg';
import { appsEverConfirmed, loadProviders, type ProviderBook } from '../catalog/provider-book.ts';
import { providerName } from '../catalog/provider-name.ts';
import { currentReferenceVersion } from '../catalog/reference-version.ts';
import { decidedAmounts } from '../decisions/decided-amounts.ts';
import { bucketOf } from '../domain/bucket.ts';
import { type BusinessDay, daysInRange } from '../domain/business-day.ts';
import type { PeriodRange } from '../domain/period.ts';
import { dueDaysOfDevelopers } from '../earnings/due-developers.ts';
import { correctionsOfBook, payableMovements } from '../ledger/app-day-movements.ts';
import { heldMovements } from '../ledger/held-movements.ts';
import { developerTotals, type ProviderMovement, providerMovements } from '../ledger/provider-movements.ts';
import { providersBehind, versionsBehind } from './decided-by.ts';
import { type ProviderCurrencyStatement, providerStatementsByCurrency, type SharedDay } from './provider-lines.ts';
import { namesOf } from './statement.ts';

/** What a service provider reads about a half-month or a month. */
export interface ProviderStatement {
  readonly provider: { readonly id: string; readonly name: string };
  readonly period: { readonly id: string; readonly from: BusinessDay; readonly to: BusinessDay };
  /** `pending` while a day of the period, on which the provider has an app, has changed since it was last settled. */
  readonly status: 'settled' | 'pending';
  /** A statement for each currency in which the provider has or is owed anything. */
  readonly items: readonly ProviderCurrencyStatement[];
}

interface ProvidersApp {
  readonly appId: string;
  readonly developerId: string;
}

/**
 * A provider's statement: its parts from its own book, the totals that they are parts of from the developers' books. `tx` is a
 * snapshot.
 * @throws Refusal `unknown_provider`
 */
export async function providerStatementOf(
  tx: pg.ClientBase,
  {
    providerId,
    period,
    bucketCount,
  }: { readonly providerId: string; readonly period: PeriodRange; readonly bucketCount: number },
): Promise<ProviderStatement> {
  const name = await providerName(tx, providerId);
  const bucket = bucketOf(providerId, bucketCount);
  const days = daysInRange({ from: period.firstDay, to: period.lastDay });
  const book = { bucket, developerId: providerId, periods: period.halves };
  const movements = await providerMovements(tx, { bucket, providerId, periods: period.halves });
  const apps = await appsEverConfirmed(tx, providerId);
  const referenceVersion = await currentReferenceVersion(tx);
  const providers = await loadProviders(tx, { referenceVersion, appIds: apps.map(app => app.appId) });
  const moved = new Map(movements.map(movement => [keyOf(movement), movement]));
  const shared: SharedDay[] = [];
  const due = new Set<string>();
  // Developers' books lie in buckets of their own, which are read one after the other.
  for (const [ofBucket, inBucket] of Map.groupBy(apps, app => bucketOf(app.developerId, bucketCount))) {
    const source = { bucket: ofBucket, apps: inBucket, days, periods: period.halves };
    for (const key of await dueOf(tx, { ...source, providers, providerId, referenceVersion })) due.add(key);
    shared.push(...(await sharedDays(tx, { ...source, providerId, moved })));
  }
  const items = providerStatementsByCurrency({
    payables: await payableMovements(tx, book),
    shared: shared.map(day => ({ ...day, isPending: due.has(`${day.businessDay} ${day.appId}`) })),
    corrections: await correctionsOfBook(tx, { ...book, source: 'provider_share' }),
    decided: await decidedAmounts(tx, { bucket, ownerId: providerId, periods: period.halves }),
    kept: await heldMovements(tx, book),
    nameOf: await namesOf(tx, apps),
  });
  return {
    provider: { id: providerId, name },
    period: { id: period.label, from: period.firstDay, to: period.lastDay },
    status: due.size > 0 ? 'pending' : 'settled',
    items,
  };
}

interface AppsOfBucket {
  readonly bucket: number;
  readonly apps: readonly ProvidersApp[];
  readonly days: readonly BusinessDay[];
  readonly periods: PeriodRange['halves'];
  readonly providerId: string;
}

/** The days, with the apps, on which the provider has apps of developers for whom the day is due: `day app`. */
async function dueOf(
  tx: pg.ClientBase,
  {
    bucket,
    apps,
    days,
    providers,
    providerId,
    referenceVersion,
  }: AppsOfBucket & { readonly providers: ProviderBook; readonly referenceVersion: number },
): Promise<string[]> {
  const byDeveloper = Map.groupBy(apps, app => app.developerId);
  const marks = await dueDaysOfDevelopers(tx, { bucket, developerIds: [...byDeveloper.keys()], days });
  return marks.flatMap(({ businessDay: day, developerId }) =>
    (byDeveloper.get(developerId) ?? [])
      .filter(({ appId }) => providers.providerOn({ appId, day, referenceVersion })?.providerId === providerId)
      .map(({ appId }) => `${day} ${appId}`),
  );
}

/** The provider's parts of the developers in one bucket, with what they are parts of. */
async function sharedDays(
  tx: pg.ClientBase,
  {
    bucket,
    apps,
    periods,
    providerId,
    moved,
  }: AppsOfBucket & { readonly moved: ReadonlyMap<string, ProviderMovement> },
): Promise<SharedDay[]> {
  const movements = [...moved.values()];
  const movedApps = new Set(movements.map(movement => movement.appId));
  const asked = apps.filter(app => movedApps.has(app.appId));
  if (asked.length === 0) return [];
  const developers = new Map(asked.map(app => [app.appId, app.developerId]));
  const ofBucket = movements.filter(movement => developers.has(movement.appId));
  const versions = await versionsBehind(tx, { bucket, days: ofBucket.map(movement => movement.businessDay) });
  const providerOf = await providersBehind(tx, { versions, appIds: developers.keys() });
  const totals = new Map(
    (await developerTotals(tx, { bucket, apps: asked, periods })).map(total => [keyOf(total), total.amountNanos]),
  );
  return ofBucket.map(movement => {
    const behind = providerOf({ appId: movement.appId, day: movement.businessDay });
    const ratio = behind?.id === providerId ? behind.ratio : null;
    return {
      ...movement,
      developerId: developers.get(movement.appId) as string,
      ratio,
      totalNanos: ratio === null ? null : (totals.get(keyOf(movement)) ?? null),
      isPending: false,
    };
  });
}

function keyOf({ businessDay, appId, currency }: Omit<ProviderMovement, 'amountNanos'>): string {
  return `${businessDay}\0${appId}\0${currency}`;
}
