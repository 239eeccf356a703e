import type pg from 'pg';
import { developerOfApp } from '../catalog/app-names.ts';
import { bucketOf } from '../domain/bucket.ts';
import { formatInstant } from '../domain/instant.ts';
import { type Money, money } from '../domain/money.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import { type EventPlace, eventsOfAppDay } from '../events/events-of-app-day.ts';
import { eventKey } from '../traffic/invalidation.ts';
import type { ExplainedDay } from './explain.ts';
import { cutoffAt } from './explain-cutoff.ts';
import { type PricedBy, priceOf } from './price-of-event.ts';
import { invalidReasons } from './verdict.ts';

/** An accepted event of an app's day: a row of JSON and, with the gross's two fields apart, of CSV. */
export interface DayEventRow {
  readonly occurred_at: string;
  readonly id: string;
  readonly type: 'impression' | 'click';
  readonly ad_unit_id: string;
  /** CPM of an impression, CPC of a click. */
  readonly price: string;
  readonly priced_by: PricedBy;
  /** What it earns, or would earn if it counted. */
  readonly gross: Money;
  /** `valid`, or why it does not count. */
  readonly verdict: string;
  /** The decision that says so; null of an automatic check. */
  readonly invalidation_id: string | null;
  readonly batch_seq: number;
  readonly batch_id: string;
  /** As it was given to `ingest`. */
  readonly file: string;
  /** From 1. */
  readonly line_no: number;
}

export interface DayEventPage {
  readonly as_known_on: string | null;
  readonly items: readonly DayEventRow[];
  /** Give it as `after` for the next page; null on the last one. */
  readonly next: string | null;
}

const CURSOR = [/^\d{1,15}$/, /^[ -~]{1,64}$/, /^(impression|click)$/];

/**
 * A page of the accepted events of an app's day, in the order (`occurred_at`, `id`): now, or as they were known on an instant that is
 * past. Memory goes by the page, whatever the day holds. `tx` is a snapshot.
 * @throws Refusal `unknown_app`, `bad_limit`, `bad_cursor`
 */
export async function listDayEvents(
  tx: pg.ClientBase,
  {
    appId,
    day,
    bucketCount,
    calendar,
    asKnownOn = null,
    limit = DEFAULT_LIMIT,
    after,
  }: ExplainedDay & {
    readonly asKnownOn?: Date | null;
    readonly limit?: number | undefined;
    readonly after?: string | undefined;
  },
): Promise<DayEventPage> {
  const most = checkLimit(limit);
  const place = after === undefined ? null : placeOf(after);
  const developerId = await developerOfApp(tx, appId);
  const bucket = bucketOf(developerId, bucketCount);
  const cutoff = await cutoffAt(tx, { bucket, instant: asKnownOn });
  const of = { bucket, developerId, appId, day, calendar, cutoff };
  // One more than is asked for tells whether there is a next page.
  const found = await eventsOfAppDay(tx, { ...of, cutoffSeq: cutoff.seq, after: place, limit: most + 1 });
  const page = found.slice(0, most);
  const keys = new Set(page.map(({ accepted }) => eventKey(accepted.event)));
  const reasons = keys.size === 0 ? new Map() : await invalidReasons(tx, of, key => keys.has(key));
  const items = page.map(({ accepted, batch }): DayEventRow => {
    const { event, grossNanos, lineNo } = accepted;
    const why = reasons.get(eventKey(event));
    return {
      occurred_at: formatInstant(event.occurredAtMs),
      id: event.id,
      type: event.type,
      ad_unit_id: event.adUnitId,
      ...priceOf(accepted),
      gross: money(grossNanos, event.currency),
      verdict: accepted.reasonAlone() ?? why?.reason ?? 'valid',
      invalidation_id: why?.invalidationId ?? null,
      batch_seq: batch.seq,
      batch_id: batch.batchId,
      file: batch.source,
      line_no: lineNo,
    };
  });
  const last = found.length > most ? page.at(-1)?.accepted.event : undefined;
  return { as_known_on: asKnownOn?.toISOString() ?? null, items, next: last === undefined ? null : cursorOf(last) };
}

function placeOf(cursor: string): EventPlace {
  const [at, id, type] = readCursor(cursor, CURSOR) as [string, string, EventPlace['type']];
  return { occurredAtMs: Number(at), id, type };
}

function cursorOf({ occurredAtMs, id, type }: EventPlace): string {
  return writeCursor([String(occurredAtMs), id, type]);
}
