import type pg from 'pg';
import { developerOfApp } from '../catalog/app-names.ts';
import { developerName } from '../catalog/developer-name.ts';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import { formatInstant } from '../domain/instant.ts';
import { type Money, money } from '../domain/money.ts';
import { shown } from '../domain/shown.ts';
import type { EventName } from '../events/find-accepted.ts';
import { type TracedEvent, traceEvent } from '../events/trace-event.ts';
import type { TransferRow } from '../ledger/transfer-row.ts';
import { runsOfDays } from '../settlement/runs-of-days.ts';
import { eventKey } from '../traffic/invalidation.ts';
import { type ExplainedRun, explainedRun, transfersOfDay } from './explain.ts';
import { inVersionOrder } from './explain-amounts.ts';
import { type Cutoff, cutoffAt } from './explain-cutoff.ts';
import { type PricedBy, priceOf } from './price-of-event.ts';
import { explainVerdict, invalidReasons, type Verdict } from './verdict.ts';

/** One accepted event, up to the money that it is in. */
export interface EventExplanation {
  readonly as_known_on: string | null;
  /** What was accepted; null: the line did not have the field. */
  readonly event: AcceptedFields;
  readonly developer_id: string;
  readonly business_date: BusinessDay;
  /** CPM of an impression, CPC of a click: the line's, or that of its campaign's rate card. */
  readonly price: string;
  readonly priced_by: PricedBy;
  readonly gross: Money;
  readonly verdict: Verdict;
  readonly accepted: {
    readonly ingest_id: string;
    /** As it was given to `ingest`. */
    readonly file: string;
    /** From 1. */
    readonly line_no: number;
    readonly accepted_at: string;
    readonly batch_id: string;
    readonly batch_seq: number;
    readonly processed_at: string;
    /** The version of the rate cards and lists that the batch was processed by. */
    readonly reference_version: number;
  };
  /** Lines with its identity and other content, the first of each content; at most 100. */
  readonly conflicts: readonly ExplainedConflict[];
  /** Runs of its day that knew it, oldest first. */
  readonly runs: readonly ExplainedRun[];
  /** What these runs posted for its app, day and currency. */
  readonly transfers: readonly TransferRow[];
}

export interface AcceptedFields {
  readonly id: string;
  readonly type: EventName['type'];
  readonly occurred_at: string;
  readonly app_id: string;
  readonly ad_unit_id: string;
  readonly currency: string;
  readonly price: string | null;
  readonly campaign_id: string | null;
  readonly impression_id: string | null;
  readonly device_id: string | null;
  readonly user_agent: string | null;
  readonly ip: string | null;
}

export interface ExplainedConflict {
  readonly file: string;
  readonly line_no: number;
  readonly batch_seq: number;
  readonly processed_at: string;
  readonly line: string;
}

/** An event belongs to a developer, who is told by the id or by one of the apps. */
export type OwnerOfEvent = { readonly developerId: string } | { readonly appId: string };

/**
 * Explains an accepted event by its name: now, or as it was known on an instant that is past. `tx` is a snapshot.
 * @throws Refusal `unknown_event`, `unknown_developer`, `unknown_app`
 */
export async function explainEvent(
  tx: pg.ClientBase,
  {
    name,
    owner,
    bucketCount,
    calendar,
    asKnownOn = null,
  }: {
    readonly name: EventName;
    readonly owner: OwnerOfEvent;
    readonly bucketCount: number;
    readonly calendar: BusinessCalendar;
    readonly asKnownOn?: Date | null;
  },
): Promise<EventExplanation> {
  const developerId = 'appId' in owner ? await developerOfApp(tx, owner.appId) : owner.developerId;
  await developerName(tx, developerId);
  const bucket = bucketOf(developerId, bucketCount);
  const cutoff = await cutoffAt(tx, { bucket, instant: asKnownOn });
  const traced = await traceEvent(tx, { bucket, developerId, name, cutoffSeq: cutoff.seq, calendar });
  if (traced === null) throw unknownEvent(name, { developerId, asKnownOn });
  const { accepted, batch } = traced;
  const { event, businessDay: day, grossNanos } = accepted;
  const { runs, transfers } = await postedWith(tx, traced, { bucket, bucketCount, developerId, cutoff });
  return {
    as_known_on: asKnownOn?.toISOString() ?? null,
    event: fieldsOf(traced),
    developer_id: developerId,
    business_date: day,
    ...priceOf(accepted),
    gross: money(grossNanos, event.currency),
    verdict: await verdictOf(tx, traced, { bucket, developerId, day, calendar, cutoff }),
    accepted: {
      ingest_id: batch.ingestId,
      file: batch.source,
      line_no: accepted.lineNo,
      accepted_at: batch.acceptedAt.toISOString(),
      batch_id: batch.batchId,
      batch_seq: batch.seq,
      processed_at: batch.processedAt.toISOString(),
      reference_version: batch.referenceVersion,
    },
    conflicts: traced.conflicts.map(each => ({
      file: each.source,
      line_no: each.lineNo,
      batch_seq: each.seq,
      processed_at: each.processedAt.toISOString(),
      line: each.line,
    })),
    runs,
    transfers,
  };
}

async function verdictOf(
  tx: pg.ClientBase,
  { accepted, batch }: TracedEvent,
  of: Parameters<typeof invalidReasons>[1],
): Promise<Verdict> {
  const { day, cutoff } = of;
  const alone = accepted.reasonAlone();
  if (alone !== null) {
    const why = { reason: alone, invalidationId: null };
    return await explainVerdict(tx, why, { day, referenceVersion: batch.referenceVersion });
  }
  const wanted = eventKey(accepted.event);
  const why = (await invalidReasons(tx, of, key => key === wanted)).get(wanted) ?? null;
  return await explainVerdict(tx, why, { day, referenceVersion: cutoff.referenceVersion });
}

/** The runs of the event's day that knew it, and what they posted. */
async function postedWith(
  tx: pg.ClientBase,
  { accepted: { event, businessDay: day }, batch }: TracedEvent,
  {
    bucket,
    bucketCount,
    developerId,
    cutoff,
  }: {
    readonly bucket: number;
    readonly bucketCount: number;
    readonly developerId: string;
    readonly cutoff: Cutoff;
  },
): Promise<{ runs: ExplainedRun[]; transfers: TransferRow[] }> {
  const ofDay = await runsOfDays(tx, { bucket, days: [day] });
  const runs = ofDay.filter(run => cutoff.isDone(run) && run.cutoffSeq >= batch.seq);
  const runIds = new Set(runs.map(run => run.runId));
  const transfers = await transfersOfDay(tx, { bucketCount, developerId, appId: event.appId, day });
  return {
    runs: runs.map(explainedRun),
    transfers: inVersionOrder(
      transfers.filter(
        ({ run_id, amount }) => run_id !== null && runIds.has(run_id) && amount.currency === event.currency,
      ),
    ),
  };
}

function fieldsOf({ accepted: { event } }: TracedEvent): AcceptedFields {
  return {
    id: event.id,
    type: event.type,
    occurred_at: formatInstant(event.occurredAtMs),
    app_id: event.appId,
    ad_unit_id: event.adUnitId,
    currency: event.currency,
    price: event.price,
    campaign_id: event.campaignId,
    impression_id: event.impressionId,
    device_id: event.deviceId,
    user_agent: event.userAgent,
    ip: event.ip,
  };
}

function unknownEvent(
  { type, id }: EventName,
  { developerId, asKnownOn }: { readonly developerId: string; readonly asKnownOn: Date | null },
): Refusal {
  const then = asKnownOn === null ? '' : ` by ${asKnownOn.toISOString()}`;
  return new Refusal({
    code: 'unknown_event',
    message: `no ${type} ${shown(id)} of developer ${shown(developerId)} was accepted${then}`,
    remedy: `check type, id and developer; "apportion rejected list --developer ${developerId}" shows lines that were refused, "apportion status" what still waits`,
    details: { type, id: shown(id), developer_id: shown(developerId) },
  });
}
