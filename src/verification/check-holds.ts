import type pg from 'pg';
import { developersOfApps, knownDevelopers } from '../catalog/known-ids.ts';
import type { Queryable } from '../db/database.ts';
import { KINDS } from '../decisions/kinds.ts';
import { appliedOfKinds } from '../decisions/stored-decisions.ts';
import { bucketOf } from '../domain/bucket.ts';
import { movesKeptBack } from '../domain/held-money.ts';
import { formatDecimal } from '../domain/nanos.ts';
import { stepsAmong } from '../funds/stored-grants.ts';
import { type HoldMovement, holdMovements, ownersKeptBack } from '../ledger/kept-back.ts';
import { HoldBook, holdActsOf, holdsOf, recordedHoldDecisions } from '../settlement/holds.ts';
import { versionsKnownToRuns } from '../settlement/runs.ts';
import { type Difference, NOTHING } from './difference.ts';
import { type DayOfBook, dayKey, deedsOf, type MovedByCause, replayHolds } from './replay-holds.ts';

interface HoldsCheck {
  readonly bucket: number;
  readonly bucketCount: number;
  readonly report: (difference: Difference) => void;
}

/** Every applied decision about held money is on record under the reference versions, and nothing else is. */
export async function checkHoldRecords(
  q: Queryable,
  { report }: { readonly report: (difference: Difference) => void },
): Promise<void> {
  const kinds = KINDS.filter(kind => kind.keepsBackIn !== undefined).map(kind => kind.name);
  const applied = new Set(await appliedOfKinds(q, kinds));
  const recorded = await recordedHoldDecisions(q);
  for (const decisionId of applied.symmetricDifference(recorded)) {
    const [expected, found] = applied.has(decisionId) ? ['its record', NOTHING] : ['an applied decision', NOTHING];
    report({ table: 'holds', where: `decision ${decisionId}`, expected, found });
  }
}

/**
 * Derives again what each run and each decision had to move to and from `held` and `forfeited` in the books of a bucket, from what
 * runs posted, the reference versions that they knew, and the holds on record; and compares. What is derived never leaves either
 * account below zero, so neither does what agrees with it.
 */
export async function checkHolds(client: pg.ClientBase, check: HoldsCheck): Promise<void> {
  const { bucket, bucketCount } = check;
  const all = await holdsOf(client, null);
  const inBucket = all.filter(hold => bucketOf(hold.ownerId, bucketCount) === bucket);
  const ownerIds = new Set([...inBucket.map(hold => hold.ownerId), ...(await ownersKeptBack(client, bucket))]);
  for (const ownerId of [...ownerIds].sort()) await checkBook(client, { ...check, ownerId });
}

async function checkBook(
  client: pg.ClientBase,
  { bucket, bucketCount, ownerId, report }: HoldsCheck & { readonly ownerId: string },
): Promise<void> {
  const movements = await holdMovements(client, { bucket, ownerId });
  const posted = movements.filter(each => !movesKeptBack(each));
  const knownTo = await versionsKnownTo(client, { bucket, bucketCount, ownerId, posted });
  const holds = await holdsOf(client, [ownerId]);
  const expected = replayHolds({
    posted: posted
      .map(each => ({
        ...each,
        runId: each.runId ?? '',
        differenceNanos: each.credit === 'payable' ? each.amountNanos : -each.amountNanos,
        referenceVersion: knownTo(each),
      }))
      .sort((a, b) => a.referenceVersion - b.referenceVersion),
    deeds: deedsOf(holds, await holdActsOf(client, [ownerId])),
    holds: new HoldBook(holds),
    ownerId,
  });
  const found: MovedByCause[] = movements.filter(movesKeptBack).map(each => ({
    ...each,
    cause: each.decisionId === null ? `run ${each.runId}` : `decision ${each.decisionId}`,
  }));
  const [expectedByCause, foundByCause] = [byDayAndCause(expected), byDayAndCause(found)];
  for (const where of new Set([...expectedByCause.keys(), ...foundByCause.keys()])) {
    const [wanted, was] = [tell(expectedByCause.get(where)), tell(foundByCause.get(where))];
    if (wanted !== was) report({ table: 'transfers', where: `book ${ownerId} ${where}`, expected: wanted, found: was });
  }
}

/** What each run, or step of a fund, knew when it posted: on record in the bucket of the app's developer, in whose books a provider's is none. */
async function versionsKnownTo(
  client: pg.ClientBase,
  {
    bucket,
    bucketCount,
    ownerId,
    posted,
  }: Omit<HoldsCheck, 'report'> & { readonly ownerId: string; readonly posted: readonly HoldMovement[] },
): Promise<(movement: HoldMovement) => number> {
  const runIds = [...new Set(posted.flatMap(({ runId }) => runId ?? []))];
  const versions = await versionsKnownToRuns(client, runIds);
  const steps = await stepsAmong(client, runIds);
  const isDeveloper = (await knownDevelopers(client, [ownerId])).has(ownerId);
  const developers = isDeveloper
    ? new Map<string, string>()
    : await developersOfApps(client, [...new Set(posted.map(({ appId }) => appId))]);
  return ({ appId, runId }) => {
    const settledIn = isDeveloper ? bucket : bucketOf(developers.get(appId) ?? '', bucketCount);
    // Of a run that has no record, others tell.
    return steps.get(runId ?? '') ?? versions.get(`${settledIn} ${runId}`) ?? 0;
  };
}

function byDayAndCause(moved: readonly MovedByCause[]): Map<string, MovedByCause[]> {
  return Map.groupBy(moved, each => `${dayKey(each)} by ${each.cause}`);
}

function tell(moved: readonly (MovedByCause & Partial<DayOfBook>)[] | undefined): string {
  if (moved === undefined) return NOTHING;
  const told = moved.map(
    ({ reason, debit, credit, amountNanos }) => `${reason} ${debit} > ${credit} ${formatDecimal(amountNanos, 2)}`,
  );
  return told.sort().join(', ');
}
