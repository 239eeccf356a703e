import type pg from 'pg';
import { loadRateCards, type RateCards } from '../catalog/rate-cards.ts';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { type BatchEvent, unpackBatch } from './batch.ts';
import { BatchFold, prepareBatch } from './batch-fold.ts';
import { type BatchOfDay, batchesOfDay, countWaitingBatches, payloadOf } from './batches-of-day.ts';
import { findIdentities } from './identities.ts';
import { identityOf } from './identity.ts';
import { poisonousLines } from './stored-evidence.ts';

/** What one batch added to an app's day in one currency. */
export interface BatchTrace {
  readonly batch: BatchOfDay;
  readonly currency: string;
  readonly acceptedEvents: number;
  readonly grossNanos: Nanos;
}

export interface AppDayTrace {
  readonly traces: readonly BatchTrace[];
  /** Batches with events of that day that were left unread because there were too many. */
  readonly unreadBatches: number;
  /** Batches with events of that day, of this app or others, that wait to be processed. */
  readonly waitingBatches: number;
}

export interface TraceOptions {
  readonly bucket: number;
  readonly developerId: string;
  readonly appId: string;
  readonly day: BusinessDay;
  readonly calendar: BusinessCalendar;
  /** Batches are read while they have together no more lines than this. */
  readonly maxLines: number;
}

const MAX_BATCHES = 1000;

/** The batches behind an app's day: its events are folded again, as they were when each batch was processed. */
export async function traceAppDay(tx: pg.ClientBase, options: TraceOptions): Promise<AppDayTrace> {
  const { batches, total } = await batchesOfDay(tx, { ...options, limit: MAX_BATCHES });
  const poisonous = await poisonousLines(tx, options.bucket);
  const cards = new Map<number, RateCards>();
  const traces: BatchTrace[] = [];
  let lines = 0;
  let read = 0;
  for (const batch of batches) {
    lines += batch.lineCount;
    if (lines > options.maxLines && read > 0) break;
    const rateCards = cards.get(batch.referenceVersion) ?? (await loadRateCards(tx, batch.referenceVersion));
    cards.set(batch.referenceVersion, rateCards);
    traces.push(...(await traceBatch(tx, batch, { ...options, rateCards, poisonous: poisonous.get(batch.seq) })));
    read += 1;
  }
  return { traces, unreadBatches: total - read, waitingBatches: await countWaitingBatches(tx, options) };
}

async function traceBatch(
  tx: pg.ClientBase,
  batch: BatchOfDay,
  {
    bucket,
    developerId,
    appId,
    day,
    calendar,
    rateCards,
    poisonous,
  }: TraceOptions & {
    readonly rateCards: RateCards;
    readonly poisonous: ReadonlySet<number> | undefined;
  },
): Promise<BatchTrace[]> {
  const { events } = await unpackBatch(await payloadOf(tx, batch));
  const { relevant, identities } = relevantEvents(
    events.filter(event => event.developerId === developerId),
    ({ event }) => event.appId === appId && calendar.dayOf(event.occurredAtMs) === day,
  );
  if (relevant.length === 0) return [];
  const claimed = await findIdentities(tx, bucket, identities);
  const before = claimed.filter(claim => claim.seq < batch.seq);
  const fold = new BatchFold(new Map(before.map(claim => [claim.identity, claim.content])));
  fold.add(prepareBatch({ events: relevant, refused: [] }, { seq: batch.seq, calendar, rateCards }), poisonous);
  const units = fold.earnings.sorted().filter(unit => unit.appId === appId && unit.businessDay === day);
  return [...Map.groupBy(units, unit => unit.currency)].map(([currency, rows]) => ({
    batch,
    currency,
    acceptedEvents: rows.reduce((sum, row) => sum + row.impressions + row.clicks, 0),
    grossNanos: nanos(rows.reduce((sum, row) => sum + row.grossNanos, 0n)),
  }));
}

/** The wanted events and, with them, whatever may have claimed one of their identities first: an app or a day is no part of it. */
function relevantEvents(events: readonly BatchEvent[], isWanted: (event: BatchEvent) => boolean) {
  const identityOfEvent = events.map(each => identityOf(each.developerId, each.event).identity);
  const wanted = new Set(identityOfEvent.filter((_, index) => isWanted(events[index] as BatchEvent)));
  return {
    relevant: events.filter((_, index) => wanted.has(identityOfEvent[index] as string)),
    identities: [...wanted],
  };
}
