import type pg from 'pg';
import type { BookName } from '../catalog/book-names.ts';
import { type AppVersion, appVersions, categoryAmong } from '../catalog/categories.ts';
import { developersOfApps } from '../catalog/known-ids.ts';
import { loadProvidersOf, type ProviderBook } from '../catalog/provider-book.ts';
import { reasonsOfTransfers } from '../decisions/reasons-of-transfers.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { Nanos } from '../domain/nanos.ts';
import type { Period, PeriodRange } from '../domain/period.ts';
import { formatShare } from '../domain/tiers.ts';
import type { DaysOfDeveloper } from '../earnings/days-of-books.ts';
import type { BookTransfer } from '../ledger/book-transfers.ts';
import { developerTotals } from '../ledger/developer-totals.ts';
import type { PlanBook } from '../plans/plan-book.ts';
import { loadPlansAt } from '../plans/stored-plans.ts';
import { versionsKnownToRuns } from '../settlement/runs.ts';
import { readPayouts } from './payout-terms-of-lines.ts';
import type { PayoutTermsOfLine } from './payouts.ts';
import type { AppOnDay, DecidedBy, ProviderShare } from './statement-lines.ts';

/** Books of one bucket, and the half-month or month that is asked for of them. */
export interface BooksAsked {
  readonly bucket: number;
  readonly bucketCount: number;
  readonly ownerIds: readonly string[];
  readonly period: PeriodRange;
  /** Null: no period is closed. */
  readonly lastClosed: Period | null;
}

/** What stands behind amounts: names, plans, providers, decisions, payouts. */
export interface BehindAmounts {
  readonly nameOf: (appId: string) => string;
  readonly developerOf: (appId: string) => string;
  /** The plan and the provider by what the run knew of the app's day. */
  readonly decidedBy: (app: AppOnDay, runId: string | null) => DecidedBy;
  readonly providerOf: (app: AppOnDay, runId: string | null) => ProviderShare | null;
  /** Of a decision's transfer, in the words of who proposed it. */
  readonly whyOf: (transferId: string) => string;
  readonly payoutOf: (payoutId: string) => PayoutTermsOfLine;
  /** What the developer's side of an app's day came to in the period; null where nothing was posted. */
  readonly totalOf: (app: AppOnDay, period: Period) => Nanos | null;
}

interface BooksRead extends BooksAsked {
  readonly names: ReadonlyMap<string, BookName>;
  readonly transfers: ReadonlyMap<string, readonly BookTransfer[]>;
  readonly days: ReadonlyMap<string, DaysOfDeveloper>;
}

/** Who of the catalog stands behind the apps of the books. */
interface Apps {
  readonly versions: ReadonlyMap<string, readonly AppVersion[]>;
  readonly developers: ReadonlyMap<string, string>;
}

/** What stands behind every settled day. */
export type BehindDays = Pick<BehindAmounts, 'nameOf' | 'developerOf' | 'decidedBy' | 'providerOf'>;

export async function readBehindDays(client: pg.ClientBase, of: BooksRead): Promise<BehindDays> {
  const settled = settledAmong(of);
  const apps = await readApps(client, of, settled);
  const developerOf = (appId: string) => apps.developers.get(appId) ?? '';
  const versionOf = await readVersions(client, of, { settled, developerOf });
  const decided = await readPlansAndProviders(client, { settled, apps, developerOf, versionOf });
  return { nameOf: appId => apps.versions.get(appId)?.at(-1)?.name ?? appId, developerOf, ...decided };
}

/** The same with what stands behind few amounts: decisions, payouts, providers' parts. */
export async function readBehind(client: pg.ClientBase, of: BooksRead, days: BehindDays): Promise<BehindAmounts> {
  const all = [...of.transfers.values()].flat();
  return {
    ...days,
    whyOf: await readReasons(client, of, all),
    payoutOf: await readPayouts(client, of.bucket, all),
    totalOf: await readTotals(client, of, { settled: settledAmong(of), developerOf: days.developerOf }),
  };
}

function settledAmong({ transfers }: BooksRead): BookTransfer[] {
  const isSettled = (each: BookTransfer) => each.version !== null && each.runId !== null && each.appId !== null;
  return [...transfers.values()].flatMap(book => book.filter(isSettled));
}

async function readApps(client: pg.ClientBase, of: BooksRead, settled: readonly BookTransfer[]): Promise<Apps> {
  const developers = new Map<string, string>();
  const ofProviders = new Set<string>();
  for (const { ownerId, appId } of settled) {
    if (appId === null) continue;
    if (of.names.get(ownerId)?.kind === 'provider') ofProviders.add(appId);
    else developers.set(appId, ownerId);
  }
  for (const { earned } of of.days.values())
    for (const { appId, developerId } of earned) developers.set(appId, developerId);
  if (ofProviders.size > 0) {
    for (const [appId, developerId] of await developersOfApps(client, [...ofProviders]))
      developers.set(appId, developerId);
  }
  const appIds = [...developers.keys()];
  return { developers, versions: appIds.length === 0 ? new Map() : await appVersions(client, appIds) };
}

type VersionOf = (appId: string, runId: string | null) => number;

/** What the runs knew, each in the bucket of the app's developer. */
async function readVersions(
  client: pg.ClientBase,
  { bucketCount }: BooksRead,
  {
    settled,
    developerOf,
  }: { readonly settled: readonly BookTransfer[]; readonly developerOf: (appId: string) => string },
): Promise<VersionOf> {
  const bucketOfApp = new Map<string, number>();
  const runIds = new Set<string>();
  for (const { appId, runId } of settled) {
    if (appId === null || runId === null) continue;
    runIds.add(runId);
    if (!bucketOfApp.has(appId)) bucketOfApp.set(appId, bucketOf(developerOf(appId), bucketCount));
  }
  const buckets = [...new Set(bucketOfApp.values())];
  const versions = runIds.size === 0 ? new Map() : await versionsKnownToRuns(client, [...runIds], buckets);
  return (appId, runId) => versions.get(`${bucketOfApp.get(appId)} ${runId}`) ?? 0;
}

async function readPlansAndProviders(
  client: pg.ClientBase,
  {
    settled,
    apps,
    developerOf,
    versionOf,
  }: {
    readonly settled: readonly BookTransfer[];
    readonly apps: Apps;
    readonly developerOf: (appId: string) => string;
    readonly versionOf: VersionOf;
  },
): Promise<Pick<BehindAmounts, 'decidedBy' | 'providerOf'>> {
  const versions = new Set<number>();
  const settledApps = new Map<string, { readonly appId: string; readonly developerId: string }>();
  for (const { appId, runId } of settled) {
    if (appId === null) continue;
    versions.add(versionOf(appId, runId));
    if (!settledApps.has(appId)) settledApps.set(appId, { appId, developerId: developerOf(appId) });
  }
  if (settledApps.size === 0) return { decidedBy: () => ({ planId: null, provider: null }), providerOf: () => null };
  const plans = await loadPlansAt(client, { versions, apps: settledApps.values() });
  const referenceVersion = Math.max(...versions);
  const providers = await loadProvidersOf(client, { referenceVersion, appIds: settledApps.keys() });
  const providerOf: BehindAmounts['providerOf'] = ({ appId, day }, runId) =>
    shareOf(providers, { appId, day, referenceVersion: versionOf(appId, runId) });
  return {
    providerOf,
    decidedBy: (app, runId) => ({
      planId: planOf({ app, version: versionOf(app.appId, runId), plans, apps }),
      provider: providerOf(app, runId),
    }),
  };
}

function planOf({
  app,
  version,
  plans,
  apps,
}: {
  readonly app: AppOnDay;
  readonly version: number;
  readonly plans: ReadonlyMap<number, PlanBook>;
  readonly apps: Apps;
}): string | null {
  const book = plans.get(version);
  if (book === undefined) return null;
  const ofApp = apps.versions.get(app.appId) ?? [];
  const category = book.knowsCategories ? categoryAmong(ofApp, { day: app.day, referenceVersion: version }) : null;
  return book.planFor({ ...app, developerId: apps.developers.get(app.appId) ?? '', category })?.planId ?? null;
}

function shareOf(providers: ProviderBook, app: Parameters<ProviderBook['providerOn']>[0]): ProviderShare | null {
  const provider = providers.providerOn(app);
  return provider === null ? null : { id: provider.providerId, ratio: formatShare(provider.ratioPpm) };
}

async function readReasons(
  client: pg.ClientBase,
  { bucket }: BooksRead,
  all: readonly BookTransfer[],
): Promise<(transferId: string) => string> {
  const decided = all.filter(each => each.reason === 'adjustment' || each.reason === 'write_off');
  const reasons = await reasonsOfTransfers(client, {
    bucket,
    ownerIds: [...new Set(decided.map(each => each.ownerId))],
    decisionIds: [...new Set(decided.flatMap(each => each.decisionId ?? []))],
  });
  return transferId => reasons.get(transferId) ?? '';
}

async function readTotals(
  client: pg.ClientBase,
  { bucketCount, period, names }: BooksRead,
  {
    settled,
    developerOf,
  }: { readonly settled: readonly BookTransfer[]; readonly developerOf: (appId: string) => string },
): Promise<BehindAmounts['totalOf']> {
  const parts = settled.filter(each => names.get(each.ownerId)?.kind === 'provider');
  if (parts.length === 0) return () => null;
  const appIds = [...new Set(parts.flatMap(each => each.appId ?? []))];
  const developerIds = [...new Set(appIds.map(developerOf))];
  const buckets = [...new Set(developerIds.map(id => bucketOf(id, bucketCount)))];
  const totals = await developerTotals(client, { buckets, developerIds, appIds, periods: period.halves });
  const byKey = new Map(totals.map(each => [keyOf({ ...each, day: each.businessDay }, each.period), each.amountNanos]));
  return (app, half) => byKey.get(keyOf(app, half)) ?? null;
}

function keyOf({ appId, day, currency }: AppOnDay, period: Period): string {
  return [period, day, appId, currency].join('\0');
}
