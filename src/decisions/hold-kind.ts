import type pg from 'pg';
import { z } from 'zod';
import { strictEntry } from '../catalog/file-entries.ts';
import { dayField, idField } from '../catalog/file-fields.ts';
import { currentReferenceVersion } from '../catalog/reference-version.ts';
import { bucketOf } from '../domain/bucket.ts';
import { Refusal } from '../domain/errors.ts';
import { FLOW_OF_DEED, type HoldDeed } from '../domain/held-money.ts';
import type { AppId, OwnerId } from '../domain/ids.ts';
import { nanos } from '../domain/nanos.ts';
import { shown } from '../domain/shown.ts';
import { type PlannedTransfer, postDecision } from '../ledger/decision-transfers.ts';
import { type KeptBackOfDay, keptBackIn } from '../ledger/kept-back.ts';
import {
  findHold,
  type HoldAct,
  HoldBook,
  holdsOf,
  isMovedBy,
  type RecordedHold,
  recordHoldAct,
} from '../settlement/holds.ts';
import type { DecisionKind, KindContext } from './kind.ts';

/** What a decision about held money comes to now. */
export interface HoldPlan {
  readonly transfers: readonly PlannedTransfer[];
  /** Puts it on record under the next reference version. */
  record(tx: pg.ClientBase, decisionId: string): Promise<void>;
}

interface HoldKind<Parameters> extends Pick<DecisionKind<Parameters>, 'name' | 'parameters' | 'complete'> {
  /** Throws a Refusal with the reason if it can't be done now. Changes nothing. */
  plan(tx: pg.ClientBase, parameters: Parameters, context: KindContext): Promise<HoldPlan>;
}

/**
 * A kind that moves money which is kept back, as the ledger has it at its approval. The reference lock, taken exclusively, puts it
 * before or after each run and each other decision about held money: a run knows it or does not, by its reference version.
 */
export function holdKind<Parameters extends { readonly book: string }>({
  plan,
  ...named
}: HoldKind<Parameters>): DecisionKind<Parameters> {
  return {
    ...named,
    locks: ({ book }, { bucketCount }) => ({ reference: 'exclusive', buckets: [bucketOf(book, bucketCount)] }),
    preview: async (tx, parameters, context) => {
      const { transfers } = await plan(tx, parameters, context);
      return { transfers, due: [] };
    },
    apply: async (tx, { decisionId, parameters }, context) => {
      const { transfers, record } = await plan(tx, parameters, context);
      await record(tx, decisionId);
      if (transfers.length > 0) await postDecision(tx, { decisionId, ...context }, transfers);
    },
    keepsBackIn: ({ book }) => book as OwnerId,
  };
}

/** What a deed moves of an (app, day); its transfers are explained by the decision's reason. */
export function keptBackTransfer(
  deed: HoldDeed,
  of: { readonly ownerId: string; readonly appId: string } & Pick<PlannedTransfer, 'businessDay' | 'currency'>,
  amountNanos: bigint,
): PlannedTransfer {
  return {
    ownerId: of.ownerId as OwnerId,
    appId: of.appId as AppId,
    businessDay: of.businessDay,
    currency: of.currency,
    ...FLOW_OF_DEED[deed],
    amountNanos: nanos(amountNanos),
    why: '',
  };
}

/** Which part of a hold, and whether it goes on. */
const partOfHold = strictEntry({
  hold: idField,
  // Of the hold; put in if the file leaves it out.
  book: idField,
  app: idField.nullable().default(null),
  from: dayField.nullable().default(null),
  to: dayField.nullable().default(null),
  keep_holding: z.boolean('write true or false').default(false),
});

type PartOfHold = z.output<typeof partOfHold>;

/** Releases or forfeits what a hold holds, or a part of it, and ends the hold unless it is to go on. */
export function endingKind(name: 'release' | 'forfeit'): DecisionKind<PartOfHold> {
  return holdKind({
    name,
    parameters: partOfHold,
    complete: async (tx, given) => ({ parameters: await withBook(tx, given), evidence: [] }),

    plan: async (tx, { hold: holdId, book, app, from, to, keep_holding: keepsHolding }, { bucketCount, at }) => {
      const hold = await holdInForce(tx, holdId, { book, app });
      const act = {
        ...{ act: name, holdId, ownerId: book, appId: app ?? hold.appId, fromDay: from, toDay: to },
        endsHold: !keepsHolding,
      };
      const kept = await keptBackIn(tx, { bucket: bucketOf(book, bucketCount), ownerId: book, appId: hold.appId });
      const held = kept.filter(each => each.heldNanos > 0n);
      const holds = new HoldBook(await holdsOf(tx, [book]));
      const referenceVersion = await currentReferenceVersion(tx);
      const moved = held.filter(each => isMovedBy(act, each, { holds, referenceVersion }));
      if (keepsHolding && moved.length === 0) throw nothingToMove(name, hold);
      const isLeft = (each: KeptBackOfDay) =>
        !moved.includes(each) && !holds.covers(each, { referenceVersion, except: holdId });
      const left = keepsHolding ? undefined : held.find(isLeft);
      if (left !== undefined) throw leftWithoutHold(hold, left);
      return {
        transfers: moved.map(each => keptBackTransfer(name, each, each.heldNanos)),
        record: async (recordTx, decisionId) => await recordHoldAct(recordTx, { ...act, decisionId }, at),
      };
    },
  });
}

/** The parameters with the hold's book, where they name the hold alone. */
async function withBook(tx: pg.ClientBase, given: unknown): Promise<unknown> {
  const named = z.looseObject({ hold: idField, book: z.undefined().optional() }).safeParse(given);
  if (!named.success) return given;
  return { ...named.data, book: (await mustFind(tx, named.data.hold)).ownerId };
}

/** @throws Refusal `unknown_hold`, `hold_ended`, `not_held` */
async function holdInForce(
  tx: pg.ClientBase,
  holdId: string,
  { book, app }: { readonly book: string; readonly app: string | null },
): Promise<RecordedHold> {
  const hold = await mustFind(tx, holdId);
  if (hold.endedVersion !== null) {
    throw new Refusal({
      code: 'hold_ended',
      message: `hold ${shown(holdId)} has been released or forfeited already`,
      remedy: 'see which holds are in force with: npx apportion holds list',
      details: { hold: holdId },
    });
  }
  if (hold.ownerId === book && (app === null || hold.appId === null || hold.appId === app)) return hold;
  throw new Refusal({
    code: 'not_held',
    message: `hold ${shown(holdId)} is on ${hold.appId === null ? '' : `app ${shown(hold.appId)} of `}${shown(hold.ownerId)}`,
    remedy: 'name no other book and no other app, or leave them out',
    details: { hold: holdId, book: hold.ownerId, app: hold.appId },
  });
}

async function mustFind(tx: pg.ClientBase, holdId: string): Promise<RecordedHold> {
  const hold = await findHold(tx, holdId);
  if (hold !== null) return hold;
  throw new Refusal({
    code: 'unknown_hold',
    message: `there is no hold ${shown(holdId)}`,
    remedy: 'give an id that "npx apportion holds list" shows; a hold has that of the decision that put it in force',
    details: { hold: shown(holdId) },
  });
}

function nothingToMove(name: HoldAct['act'], { holdId }: RecordedHold): Refusal {
  return new Refusal({
    code: 'nothing_held',
    // What another hold is on can't be released, but it can be forfeited.
    message: `nothing that is held under ${shown(holdId)}${name === 'release' ? ' alone' : ''} is there to ${name}`,
    remedy: 'name other days or another app, or end the hold by leaving "keep_holding" out',
    details: { hold: holdId },
  });
}

function leftWithoutHold({ holdId }: RecordedHold, left: KeptBackOfDay): Refusal {
  return new Refusal({
    code: 'hold_needed',
    message: `money of ${left.appId} on ${left.businessDay} would stay held, though hold ${shown(holdId)} had ended`,
    remedy: 'take all that it holds, or add "keep_holding": true',
    details: { hold: holdId, app: left.appId, day: left.businessDay },
  });
}
