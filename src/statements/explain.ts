import type pg from 'pg';
import { appNames, developerOfApp } from '../catalog/app-names.ts';
import { categoriesOn } from '../catalog/categories.ts';
import { developerName } from '../catalog/developer-name.ts';
import { currentReferenceVersion } from '../catalog/reference-version.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { dueDaysOfDeveloper, earningsOfDeveloper } from '../earnings/earnings-of-developer.ts';
import { traceAppDay } from '../events/trace-app-day.ts';
import { MAX_LIMIT } from '../ledger/cursor.ts';
import { listTransfers } from '../ledger/list-transfers.ts';
import { postedOn } from '../ledger/posted.ts';
import { loadPlans } from '../plans/plan.ts';
import { type RunOfDay, runsOfDays } from '../settlement/runs-of-days.ts';
import { type CurrencyExplanation, explainCurrencies } from './explain-amounts.ts';

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
  const transfers = await listTransfers(tx, { bucketCount, developerId, appId, from: day, to: day, limit: MAX_LIMIT });
  const items = explainCurrencies({
    app: { appId, developerId, category, day },
    plans: await loadPlans(tx, referenceVersion),
    earnings: await earningsOfDeveloper(tx, { bucket, developerId, days: [day], appId }),
    posted: posted.filter(part => part.appId === appId),
    transfers: transfers.items,
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

function explainedRun({ runId, cutoffSeq, referenceVersion, finishedAt }: RunOfDay): ExplainedRun {
  return {
    run_id: runId,
    cutoff_seq: cutoffSeq,
    reference_version: referenceVersion,
    finished_at: finishedAt.toISOString(),
  };
}
