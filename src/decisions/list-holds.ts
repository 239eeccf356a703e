import type pg from 'pg';
import { bucketOf } from '../domain/bucket.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Money, money } from '../domain/money.ts';
import { nanos } from '../domain/nanos.ts';
import { checkLimit, DEFAULT_LIMIT, readCursor, writeCursor } from '../domain/page-cursor.ts';
import { keptBackIn } from '../ledger/kept-back.ts';
import { holdsInOrder, type RecordedHold } from '../settlement/holds.ts';
import { findDecision } from './stored-decisions.ts';

/** A hold with what it holds. */
export interface HoldRow {
  /** Of the decision that put it in force. */
  readonly id: string;
  readonly book: string;
  /** Null: all apps in the book. */
  readonly app_id: string | null;
  /** Of this day and later ones it took what was payable. */
  readonly from: BusinessDay;
  readonly in_force: boolean;
  readonly reason: string;
  readonly proposed_by: string;
  readonly approved_by: string | null;
  readonly approved_at: string | null;
  /** By currency. Money that two holds are in force on stands with both; it is held once. */
  readonly held: readonly Money[];
}

const CURSOR = [/^\d{1,10}$/];

/** Holds in force and, at will, ended ones, the last one first. Refuses (`bad_limit`, `bad_cursor`) a page that can't be given. */
export async function listHolds(
  tx: pg.ClientBase,
  {
    bucketCount,
    book = null,
    withEnded = false,
    limit = DEFAULT_LIMIT,
    after,
  }: {
    readonly bucketCount: number;
    readonly book?: string | null | undefined;
    readonly withEnded?: boolean | undefined;
    readonly limit?: number;
    readonly after?: string | undefined;
  },
): Promise<{ items: HoldRow[]; next: string | null }> {
  const [before] = after === undefined ? [] : readCursor(after, CURSOR);
  const most = checkLimit(limit);
  const holds = await holdsInOrder(tx, {
    ownerId: book,
    withEnded,
    beforeVersion: before === undefined ? null : Number(before),
    limit: most + 1,
  });
  const items: HoldRow[] = [];
  for (const hold of holds.slice(0, most)) items.push(await holdRow(tx, hold, bucketCount));
  const last = holds.length > most ? holds[most - 1] : undefined;
  return { items, next: last === undefined ? null : writeCursor([String(last.referenceVersion)]) };
}

async function holdRow(tx: pg.ClientBase, hold: RecordedHold, bucketCount: number): Promise<HoldRow> {
  const decision = await findDecision(tx, hold.holdId);
  return {
    id: hold.holdId,
    book: hold.ownerId,
    app_id: hold.appId,
    from: hold.fromDay,
    in_force: hold.endedVersion === null,
    reason: decision?.reason ?? '',
    proposed_by: decision?.proposedBy ?? '',
    approved_by: decision?.outcome?.actor ?? null,
    approved_at: decision?.outcome?.decidedAt.toISOString() ?? null,
    held: hold.endedVersion === null ? await heldUnder(tx, hold, bucketCount) : [],
  };
}

async function heldUnder(tx: pg.ClientBase, { ownerId, appId }: RecordedHold, bucketCount: number): Promise<Money[]> {
  const kept = await keptBackIn(tx, { bucket: bucketOf(ownerId, bucketCount), ownerId, appId });
  const held = kept.filter(each => each.heldNanos > 0n);
  const byCurrency = [...Map.groupBy(held, each => each.currency)].sort(([a], [b]) => (a < b ? -1 : 1));
  return byCurrency.map(([currency, rows]) =>
    money(nanos(rows.reduce((sum, each) => sum + each.heldNanos, 0n)), currency),
  );
}
