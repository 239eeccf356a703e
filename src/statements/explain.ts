import type pg from 'pg';
import { appNames, developerOfApp } from '../catalog/app-names.ts';
import { categoriesOn } from '../catalog/categories.ts';
import { developerName } from '../catalog/developer-name.ts';
import { loadProviders } from '../catalog/provider-book.ts';
import { currentReferenceVersion } from '../catalog/reference-version.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { MAX_LIMIT } from '../domain/page-cursor.ts';
import { dueDaysOfDeveloper, earningsOfDeveloper } from '../earnings/earnings-of-developer.ts';
import { readMonthBefore } from '../earnings/month-gross.ts';
import { traceAppDay } from '../events/trace-app-day.ts';
import { listTransfers } from '../ledger/list-transfers.ts';
import { postedOn } from '../ledger/posted.ts';
import type { TransferRow } from '../ledger/transfer-row.ts';
import { loadPlans } from '../plans/stored-plans.ts';
import { type RunOfDay, runsOfDays } from '../settlement/runs-of-days.ts';
import { type CurrencyExplanation, explainCurrencies } from './explain-amounts.ts';
import { invalidTrafficOf } from './invalid-traffic.ts';

/** One app's day, from the money posted back to the batches of events behind it. */
export interface Explanation {
  readonly app: { readonly id: string; readonly name: string };
  readonly developer: { readonly id: string; readonly name: string };
  readonly business_date: BusinessDay;
  readonly category: string | null;
  /** `pending` while what is posted is not, or may not be, what the day is worth now. */
  readonly status: 'settled' | 'pending';
  /** By currency. */
  readonly items: readonly CurrencyExplanation[];
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

/**
 * Explains what an app's business day is worth and what was posted for it. Reads batches of together about `maxTracedLines` lines
 * (at least one); how many more there are is told. `tx` is a snapshot.
 * @throws Refusal `unknown_app`
 */
export async function explainAppDay(
  tx: pg.ClientBase,
  {
    appId,
    day,
    bucketCount,
    calendar,
    maxTracedLines = MAX_TRACED_LINES,
  }: {
    readonly appId: string;
    readonly day: BusinessDay;
    readonly bucketCount: number;
    readonly calendar: BusinessCalendar;
    readonly maxTracedLines?: number;
  },
): Promise<Explanation> {
  const developerId = await developerOfApp(tx, appId);
  const bucket = bucketOf(developerId, bucketCount);
  const referenceVersion = await currentReferenceVersion(tx);
  const category = (await categoriesOn(tx, { appIds: [appId], day, referenceVersion })).get(appId) ?? null;
  const trace = await traceAppDay(tx, { bucket, developerId, appId, day, calendar, maxLines: maxTracedLines });
  const due = await dueDaysOfDeveloper(tx, { bucket, developerId, days: [day] });
  const posted = await postedOn(tx, { bucket, day, developerIds: [developerId] });
  const transfers = await transfersOfDay(tx, { bucketCount, developerId, appId, day });
  const providers = await loadProviders(tx, { referenceVersion, appIds: [appId] });
  const items = explainCurrencies({
    app: { appId, developerId, category, day },
    plans: await loadPlans(tx, referenceVersion, [{ appId, developerId }]),
    monthBefore: await readMonthBefore(tx, { bucket, day, apps: [{ appId, developerId }] }),
    provider: providers.providerOn({ appId, day, referenceVersion }),
    earnings: await earningsOfDeveloper(tx, { bucket, developerId, days: [day], appId }),
    invalid: await invalidTrafficOf(tx, { bucket, developerId, days: [day], appId }),
    posted: posted.filter(part => part.appId === appId),
    transfers,
    trace,
  });
  return {
    app: { id: appId, name: (await appNames(tx, [appId])).get(appId) ?? appId },
    developer: { id: developerId, name: await developerName(tx, developerId) },
    business_date: day,
    category,
    status: due.has(day) || items.some(item => item.pending.length > 0) ? 'pending' : 'settled',
    items,
    runs: (await runsOfDays(tx, { bucket, days: [day] })).map(explainedRun),
    unread_batches: trace.unreadBatches,
    waiting_batches: trace.waitingBatches,
  };
}

/** Those in the developer's book, and the other halves of those that have one. */
async function transfersOfDay(
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

function explainedRun({ runId, cutoffSeq, referenceVersion, finishedAt }: RunOfDay): ExplainedRun {
  return {
    run_id: runId,
    cutoff_seq: cutoffSeq,
    reference_version: referenceVersion,
    finished_at: finishedAt.toISOString(),
  };
}
