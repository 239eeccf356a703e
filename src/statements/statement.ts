import type pg from 'pg';
import { developerName } from '../catalog/developer-name.ts';
import { appsEverConfirmed, loadProviders } from '../catalog/provider-book.ts';
import { providerName } from '../catalog/provider-name.ts';
import { currentReferenceVersion } from '../catalog/reference-version.ts';
import { prepared } from '../db/prepared.ts';
import { bucketOf } from '../domain/bucket.ts';
import { daysInRange } from '../domain/business-day.ts';
import type { Period, PeriodRange } from '../domain/period.ts';
import { dueDaysOfDevelopers } from '../earnings/due-developers.ts';
import { lastSeal, type PeriodSeal, periodSeal } from '../ledger/period-closings.ts';
import { type DueOfProvider, emptyHalf, halfOfBook, NOTHING_DUE } from './half-of-book.ts';
import { issuedStatements, statementIn, statementIssues } from './issued-statements.ts';
import { monthOfHalves } from './month.ts';
import { readBooks } from './read-books.ts';
import type { DeveloperStatement, ProviderStatement, Statement, StatementHalf } from './statement-form.ts';

interface Asked {
  /** A half-month or a month. */
  readonly period: PeriodRange;
  readonly bucketCount: number;
}

interface AskedOfDeveloper extends Asked {
  readonly developerId: string;
}

interface AskedOfProvider extends Asked {
  readonly providerId: string;
}

/**
 * A book's statement, from its owner's rows alone: of issued halves exactly what was issued, of others what the ledger and the
 * earnings say now. `client` is a snapshot.
 * @throws Refusal `unknown_developer`, `unknown_provider`
 */
export async function statementOf(client: pg.ClientBase, asked: AskedOfDeveloper): Promise<DeveloperStatement>;
export async function statementOf(client: pg.ClientBase, asked: AskedOfProvider): Promise<ProviderStatement>;
export async function statementOf(client: pg.ClientBase, asked: AskedOfDeveloper | AskedOfProvider): Promise<Statement>;
export async function statementOf(
  client: pg.ClientBase,
  asked: AskedOfDeveloper | AskedOfProvider,
): Promise<Statement> {
  const tx = prepared(client);
  const { period } = asked;
  const ownerId = 'developerId' in asked ? asked.developerId : asked.providerId;
  const bucket = bucketOf(ownerId, asked.bucketCount);
  const last = await lastSeal(tx);
  const issued = await readIssued(tx, { bucket, ownerId, period, last });
  const read = period.halves.every(half => issued.has(half))
    ? null
    : await readLive(tx, { asked, ownerId, bucket, last });
  const halves = period.halves.map(half => issued.get(half) ?? read?.(half));
  const [first, second] = halves;
  if (first === undefined || !(('developerId' in asked ? 'developer' : 'provider') in first)) {
    await ('developerId' in asked ? developerName : providerName)(tx, ownerId);
    throw new Error(`${ownerId} is known, but its statement could not be read`);
  }
  return second === undefined ? first : monthOfHalves({ month: period, first, second });
}

interface BookOfPeriod {
  readonly bucket: number;
  readonly ownerId: string;
  readonly period: PeriodRange;
  /** Null: no period is closed. */
  readonly last: PeriodSeal | null;
}

/** Only of closed periods are statements issued. */
async function readIssued(
  tx: pg.ClientBase,
  { bucket, ownerId, period, last }: BookOfPeriod,
): Promise<Map<Period, Statement>> {
  const periods = period.halves.filter(half => last !== null && half <= last.period);
  const stored = periods.length === 0 ? [] : await issuedStatements(tx, { bucket, ownerId, periods });
  return new Map(stored.map(each => [each.period, statementIn(each)]));
}

async function readLive(
  tx: pg.ClientBase,
  {
    asked,
    ownerId,
    bucket,
    last,
  }: Omit<BookOfPeriod, 'period'> & { readonly asked: AskedOfDeveloper | AskedOfProvider },
): Promise<(half: Period) => Statement | undefined> {
  const { period, bucketCount } = asked;
  const lastClosed = last?.period ?? null;
  const [sources] = await readBooks(tx, { bucket, bucketCount, ownerIds: [ownerId], period, lastClosed });
  if (sources === undefined) return () => undefined;
  const halves = new Map<Period, StatementHalf>();
  for (const half of period.halves) halves.set(half, await stateOf(tx, half, { last, bucket }));
  const isAnyOpen = [...halves.values()].some(half => half.state === 'open');
  const due =
    sources.kind === 'provider' && isAnyOpen ? await dueOfProvider(tx, { ownerId, period, bucketCount }) : NOTHING_DUE;
  return each => {
    const half = halves.get(each) as StatementHalf;
    return half.state === 'issued' ? emptyHalf(sources, half) : halfOfBook(sources, { half, due });
  };
}

/**
 * Of a half that is not stored for the book. One before the first that was closed holds nothing and has no seal; nothing can come into it
 * any more. One that its bucket has issued held nothing for this book.
 */
async function stateOf(
  tx: pg.ClientBase,
  half: Period,
  { last, bucket }: Pick<BookOfPeriod, 'last' | 'bucket'>,
): Promise<StatementHalf> {
  if (last === null || half > last.period) return { period: half, state: 'open', seal: null, issued_at: null };
  const [issue] = await statementIssues(tx, { period: half, bucket });
  if (issue !== undefined)
    return { period: half, state: 'issued', seal: issue.seal, issued_at: issue.issuedAt.toISOString() };
  const seal = half === last.period ? last : await periodSeal(tx, half);
  return { period: half, state: 'closed', seal: seal?.digest ?? null, issued_at: null };
}

/** The days, with the apps, on which the provider has apps of developers for whom the day is due. */
async function dueOfProvider(
  tx: pg.ClientBase,
  {
    ownerId,
    period,
    bucketCount,
  }: { readonly ownerId: string; readonly period: PeriodRange; readonly bucketCount: number },
): Promise<DueOfProvider> {
  const apps = await appsEverConfirmed(tx, ownerId);
  const referenceVersion = await currentReferenceVersion(tx);
  const providers = await loadProviders(tx, { referenceVersion, appIds: apps.map(app => app.appId) });
  const byDeveloper = Map.groupBy(apps, app => app.developerId);
  const developerIds = [...byDeveloper.keys()];
  const marks = await dueDaysOfDevelopers(tx, {
    buckets: [...new Set(developerIds.map(id => bucketOf(id, bucketCount)))],
    developerIds,
    days: daysInRange({ from: period.firstDay, to: period.lastDay }),
  });
  const has = (appId: string, day: (typeof marks)[number]['businessDay']) =>
    providers.providerOn({ appId, day, referenceVersion })?.providerId === ownerId;
  const due = marks.flatMap(({ businessDay, developerId }) =>
    (byDeveloper.get(developerId) ?? [])
      .filter(({ appId }) => has(appId, businessDay))
      .map(({ appId }) => ({ businessDay, appId })),
  );
  const keys = new Set(due.map(each => `${each.businessDay} ${each.appId}`));
  return {
    isPending: ({ day, appId }) => keys.has(`${day} ${appId}`),
    days: new Set(due.map(each => each.businessDay)),
  };
}
