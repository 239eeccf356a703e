import type pg from 'pg';
import type { NewRows } from '../catalog/reference-rows.ts';
import { recordReferenceVersion } from '../catalog/reference-version.ts';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { HoldDeed } from '../domain/held-money.ts';

/** A hold as it was approved. */
export interface Hold {
  /** Of the decision. */
  readonly holdId: string;
  /** Whose book: a developer's or a service provider's. */
  readonly ownerId: string;
  /** Null: all apps in the book. */
  readonly appId: string | null;
  /** Of this day and later ones it took what was payable when it was approved. */
  readonly fromDay: BusinessDay;
  /** What the owner was owed when it was approved, by currency; it took no more. */
  readonly owedNanos: ReadonlyMap<string, bigint>;
}

export interface RecordedHold extends Hold {
  readonly referenceVersion: number;
  /** What ended it; null while it is in force. */
  readonly endedVersion: number | null;
}

/** Which (app, days) of a book; null: without a bound. */
export interface Extent {
  readonly appId: string | null;
  readonly fromDay: BusinessDay | null;
  readonly toDay: BusinessDay | null;
}

/** What became of money that was held; `keep` is of a book's forfeited money, the others of one hold. */
export interface HoldAct extends Extent {
  readonly decisionId: string;
  readonly act: Exclude<HoldDeed, 'hold'>;
  readonly holdId: string | null;
  readonly ownerId: string;
  readonly endsHold: boolean;
}

export interface RecordedAct extends HoldAct {
  readonly referenceVersion: number;
}

/** Holds of some books, as any one reference version knows them. */
export class HoldBook {
  readonly #byOwner: ReadonlyMap<string, readonly RecordedHold[]>;

  constructor(holds: Iterable<RecordedHold>) {
    this.#byOwner = Map.groupBy(holds, hold => hold.ownerId);
  }

  /** Those who have a hold or had one. */
  get ownerIds(): ReadonlySet<string> {
    return new Set(this.#byOwner.keys());
  }

  /** Whether a hold is in force on the app's money, one of `except` apart. */
  covers(
    { ownerId, appId }: { readonly ownerId: string; readonly appId: string },
    { referenceVersion, except = null }: { readonly referenceVersion: number; readonly except?: string | null },
  ): boolean {
    const ofOwner = this.#byOwner.get(ownerId) ?? [];
    return ofOwner.some(
      hold =>
        hold.holdId !== except && isInForce(hold, referenceVersion) && (hold.appId === null || hold.appId === appId),
    );
  }
}

function isInForce({ referenceVersion: from, endedVersion }: RecordedHold, at: number): boolean {
  return from <= at && (endedVersion === null || endedVersion > at);
}

export function isWithin(
  { appId, businessDay }: { readonly appId: string; readonly businessDay: string },
  extent: Extent,
): boolean {
  if (extent.appId !== null && extent.appId !== appId) return false;
  return (extent.fromDay ?? businessDay) <= businessDay && businessDay <= (extent.toDay ?? businessDay);
}

/** Whether an act is about an (app, day). A release leaves held what another hold is in force on; `holds` are all of the book. */
export function isMovedBy(
  act: Omit<HoldAct, 'decisionId' | 'endsHold'>,
  of: { readonly appId: string; readonly businessDay: string },
  { holds, referenceVersion }: { readonly holds: HoldBook; readonly referenceVersion: number },
): boolean {
  if (!isWithin(of, act)) return false;
  const { ownerId, holdId: except } = act;
  return act.act !== 'release' || !holds.covers({ ownerId, appId: of.appId }, { referenceVersion, except });
}

/** Whether any hold was ever recorded, which most installations can answer by looking at an empty table. */
export async function knowsHolds(q: Queryable): Promise<boolean> {
  const { rows } = await q.query<{ known: boolean }>('select exists (select from holds) as known');
  return rows[0]?.known ?? false;
}

/** The holds of these books or, if null, of all, ended ones among them, in the order of recording. */
export async function holdsOf(q: Queryable, ownerIds: readonly string[] | null): Promise<RecordedHold[]> {
  return await selectHolds(q, 'where $1::text[] is null or h.owner_id = any ($1)', [ownerIds]);
}

/** A hold by its decision; null: none of that id was ever approved. */
export async function findHold(q: Queryable, holdId: string): Promise<RecordedHold | null> {
  const [hold] = await selectHolds(q, 'where h.hold_id = $1', [holdId]);
  return hold ?? null;
}

/** Those in force (or, at will, ended ones too), the last recorded first, before `beforeVersion`. */
export async function holdsInOrder(
  q: Queryable,
  {
    ownerId,
    withEnded,
    beforeVersion,
    limit,
  }: {
    readonly ownerId: string | null;
    readonly withEnded: boolean;
    readonly beforeVersion: number | null;
    readonly limit: number;
  },
): Promise<RecordedHold[]> {
  return await selectHolds(
    q,
    `where ($1::text is null or h.owner_id = $1) and ($2 or ended.reference_version is null)
       and ($3::int is null or h.reference_version < $3)`,
    [ownerId, withEnded, beforeVersion],
    `desc limit ${limit}`,
  );
}

async function selectHolds(q: Queryable, where: string, values: unknown[], order = ''): Promise<RecordedHold[]> {
  const { rows } = await q.query<Omit<RecordedHold, 'owedNanos'> & { owed: Record<string, string> }>(
    `select h.hold_id as "holdId", h.owner_id as "ownerId", h.app_id as "appId", h.from_day as "fromDay", owed,
       h.reference_version as "referenceVersion", ended.reference_version as "endedVersion"
     from holds as h
     left join hold_acts as ended on ended.hold_id = h.hold_id and ended.ends_hold
     ${where}
     order by h.reference_version ${order}`,
    values,
  );
  return rows.map(({ owed, ...row }) => ({
    ...row,
    owedNanos: new Map(Object.entries(owed).map(([currency, nanos]) => [currency, BigInt(nanos)])),
  }));
}

/** What became of money of these books that was held or forfeited, in the order of recording. */
export async function holdActsOf(q: Queryable, ownerIds: readonly string[]): Promise<RecordedAct[]> {
  const { rows } = await q.query<RecordedAct>(
    `select decision_id as "decisionId", act, hold_id as "holdId", owner_id as "ownerId", app_id as "appId",
       from_day as "fromDay", to_day as "toDay", ends_hold as "endsHold", reference_version as "referenceVersion"
     from hold_acts
     where owner_id = any ($1)
     order by reference_version`,
    [ownerIds],
  );
  return rows;
}

/** The decisions that are on record as holds or as what became of held money. */
export async function recordedHoldDecisions(q: Queryable): Promise<Set<string>> {
  const { rows } = await q.query<{ decisionId: string }>(
    'select hold_id as "decisionId" from holds union select decision_id from hold_acts',
  );
  return new Set(rows.map(row => row.decisionId));
}

/** Puts a hold in force under the next version. Needs `lockReference` exclusively. */
export async function recordHold(tx: pg.ClientBase, hold: Hold, recordedAt: Date): Promise<void> {
  const owed = Object.fromEntries([...hold.owedNanos].map(([currency, nanos]) => [currency, String(nanos)]));
  await tx.query(
    `create temporary table new_hold on commit drop as
     select $1::text as hold_id, $2::text as owner_id, $3::text as app_id, $4::date as from_day, $5::jsonb as owed`,
    [hold.holdId, hold.ownerId, hold.appId, hold.fromDay, JSON.stringify(owed)],
  );
  await record(tx, { table: 'holds', from: 'new_hold' }, recordedAt);
}

/** Records under the next version what becomes of held money. Needs `lockReference` exclusively. */
export async function recordHoldAct(tx: pg.ClientBase, act: HoldAct, recordedAt: Date): Promise<void> {
  await tx.query(
    `create temporary table new_hold_act on commit drop as
     select $1::text as decision_id, $2::text as act, $3::text as hold_id, $4::text as owner_id, $5::text as app_id,
       $6::date as from_day, $7::date as to_day, $8::boolean as ends_hold`,
    [act.decisionId, act.act, act.holdId, act.ownerId, act.appId, act.fromDay, act.toDay, act.endsHold],
  );
  await record(tx, { table: 'hold_acts', from: 'new_hold_act' }, recordedAt);
}

async function record(tx: pg.ClientBase, rows: NewRows, recordedAt: Date): Promise<void> {
  await recordReferenceVersion(tx, { kind: 'hold', recordedAt, news: [rows] });
  await tx.query(`drop table ${rows.from}`);
}
