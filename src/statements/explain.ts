import type pg from 'pg';
import { appNames, developerOfApp } from '../catalog/app-names.ts';
import { categoriesOn } from '../catalog/categories.ts';
import { developerName } from '../catalog/developer-name.ts';
import { loadProviders } from '../catalog/provider-book.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { MAX_LIMIT } from '../domain/page-cursor.ts';
import { listTransfers } from '../ledger/list-transfers.ts';
import { postedOn } from '../ledger/posted.ts';
import type { TransferRow } from '../ledger/transfer-row.ts';
import { loadPlans } from '../plans/stored-plans.ts';
import { type RunOfDay, runsOfDays } from '../settlement/runs-of-days.ts';
import { evidenceAt, evidenceNow } from './day-evidence.ts';
import { type CurrencyExplanation, explainCurrencies } from './explain-amounts.ts';
import { type Cutoff, cutoffAt } from './explain-cutoff.ts';
import { type ExplainedIncentive, explainIncentives } from './explain-incentives.ts';

/** One app's day, from the money posted back to the batches of events behind it. */
export interface Explanation {
  /** The instant by which all of it was known; null: now. */
  readonly as_known_on: string | null;
  /** What was known: the bucket's batches up to this place, catalog, plans and decisions up to this version. */
  readonly known: { readonly cutoff_seq: number; readonly reference_version: number };
  readonly app: { readonly id: string; readonly name: string };
  readonly developer: { readonly id: string; readonly name: string };
  readonly business_date: BusinessDay;
  readonly category: string | null;
  /** `pending` while a run would post something for the app, or no plan covers what it earned. */
  readonly status: 'settled' | 'pending';
  /** By currency. */
  readonly items: readonly CurrencyExplanation[];
  /** What funds add to the share, by fund. */
  readonly incentives: readonly ExplainedIncentive[];
  /** Runs that settled this day in the developer's bucket, oldest first. */
  readonly runs: readonly ExplainedRun[];
  /** Batches that could hold events of the day but were too many to be read. */
  readonly unread_batches: number;
  /** Accepted batches with events of that day, of this app or others, that are not processed yet. */
  readonly waiting_batches: number;
}

export interface ExplainedRun {
  readonly run_id: string;
  /** What the run knew: the bucket's batches up to this place, catalog and plans up to this version. */
  readonly cutoff_seq: number;
  readonly reference_version: number;
  readonly finished_at: string;
}

const MAX_TRACED_LINES = 1_000_000;

/** An app's business day. */
export interface ExplainedDay {
  readonly appId: string;
  readonly day: BusinessDay;
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
}

/**
 * Explains what an app's business day is worth and what was posted for it: now, or as it was known on an instant that is past. Now, it
 * reads batches of together about `maxTracedLines` lines (at least one) and tells how many more there are; of an earlier instant it
 * reads all that there were. `tx` is a snapshot.
 * @throws Refusal `unknown_app`
 */
export async function explainAppDay(
  tx: pg.ClientBase,
  {
    asKnownOn = null,
    maxTracedLines = MAX_TRACED_LINES,
    ...of
  }: ExplainedDay & { readonly asKnownOn?: Date | null; readonly maxTracedLines?: number },
): Promise<Explanation> {
  const bucket = bucketOf(await developerOfApp(tx, of.appId), of.bucketCount);
  return await explainAt(tx, { ...of, cutoff: await cutoffAt(tx, { bucket, instant: asKnownOn }), maxTracedLines });
}

/** The same as any cutoff knows it; of a run's, `pending` is what the run posted. */
export async function explainAt(
  tx: pg.ClientBase,
  {
    appId,
    day,
    bucketCount,
    calendar,
    cutoff,
    maxTracedLines = MAX_TRACED_LINES,
  }: ExplainedDay & { readonly cutoff: Cutoff; readonly maxTracedLines?: number },
): Promise<Explanation> {
  const { referenceVersion, instant } = cutoff;
  const developerId = await developerOfApp(tx, appId);
  const bucket = bucketOf(developerId, bucketCount);
  const category = (await categoriesOn(tx, { appIds: [appId], day, referenceVersion })).get(appId) ?? null;
  const of = { bucket, developerId, appId, day, calendar, cutoff };
  const evidence = instant === null ? await evidenceNow(tx, { ...of, maxTracedLines }) : await evidenceAt(tx, of);
  const transfers = (await transfersOfDay(tx, { bucketCount, developerId, appId, day })).filter(cutoff.isPosted);
  const transferIds = transfers.map(({ id }) => id);
  const posted = await postedOn(tx, { bucket, day, developerIds: [developerId], transferIds });
  const providers = await loadProviders(tx, { referenceVersion, appIds: [appId] });
  const items = explainCurrencies({
    ...evidence,
    app: { appId, developerId, category, day },
    plans: await loadPlans(tx, referenceVersion, [{ appId, developerId }]),
    provider: providers.providerOn({ appId, day, referenceVersion }),
    posted: posted.filter(part => part.appId === appId),
    transfers,
  });
  const isSettled = items.every(
    item => item.pending.length === 0 && (item.worth !== null || item.ad_units.length === 0),
  );
  const runs = (await runsOfDays(tx, { bucket, days: [day] })).filter(cutoff.isDone);
  return {
    as_known_on: instant?.toISOString() ?? null,
    known: { cutoff_seq: cutoff.seq, reference_version: referenceVersion },
    app: { id: appId, name: (await appNames(tx, [appId])).get(appId) ?? appId },
    developer: { id: developerId, name: await developerName(tx, developerId) },
    business_date: day,
    category,
    status: isSettled ? 'settled' : 'pending',
    items,
    incentives: await explainIncentives(tx, { bucket, bucketCount, appId, day, instant }),
    runs: runs.map(explainedRun),
    unread_batches: evidence.trace.unreadBatches,
    waiting_batches: evidence.trace.waitingBatches,
  };
}

/** Every transfer of the day in the developer's book, and the other halves of those that have one. */
export async function transfersOfDay(
  tx: pg.ClientBase,
  {
    bucketCount,
    developerId,
    appId,
    day,
  }: {
    readonly bucketCount: number;
    readonly developerId: string;
    readonly appId: string;
    readonly day: BusinessDay;
  },
): Promise<TransferRow[]> {
  const ofDay = { bucketCount, appId, from: day, to: day, limit: MAX_LIMIT };
  const { items } = await listTransfers(tx, { ...ofDay, developerId });
  const providerIds = new Set(items.flatMap(({ provider_id }) => (provider_id === null ? [] : [provider_id])));
  const found = [...items];
  for (const providerId of providerIds) {
    for (const half of (await listTransfers(tx, { ...ofDay, providerId })).items) found.push(half);
  }
  return found;
}

export function explainedRun({ runId, cutoffSeq, referenceVersion, finishedAt }: RunOfDay): ExplainedRun {
  return {
    run_id: runId,
    cutoff_seq: cutoffSeq,
    reference_version: referenceVersion,
    finished_at: finishedAt.toISOString(),
  };
}
