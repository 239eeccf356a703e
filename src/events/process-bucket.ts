import type pg from 'pg';
import { loadRateCards, type RateCards } from '../catalog/rate-cards.ts';
import { currentReferenceVersion } from '../catalog/reference-version.ts';
import type { Database } from '../db/database.ts';
import { isDataFailure } from '../db/errors.ts';
import { prepared } from '../db/prepared.ts';
import { takeTurn } from '../db/turn.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { addEarnings } from '../earnings/add-earnings.ts';
import { markTouched } from '../earnings/due-reached.ts';
import { addInvalidEarnings } from '../earnings/invalid-earnings.ts';
import { type AloneJudge, loadAloneJudge } from '../traffic/judge-alone.ts';
import { type BatchContent, unpackBatch } from './batch.ts';
import { allRows, BatchFold, type PreparedBatch, prepareBatch } from './batch-fold.ts';
import { claimIdentities, findIdentities } from './identities.ts';
import { lastSeq, markProcessed, type ProcessedBatch, takePending } from './inbox.ts';
import { keepConflictingLines, keepRejectedLines } from './refused-lines.ts';

export interface ProcessDeps {
  readonly db: Database;
  readonly calendar: BusinessCalendar;
  readonly now: () => Date;
}

export interface ProcessOptions {
  readonly bucket: number;
  /** About how many events one transaction takes in. */
  readonly batchEvents: number;
}

/**
 * Processes whatever is pending in a bucket, oldest first, many batches to a transaction: identities, earnings and the batches'
 * done marks commit together, so a batch counts once however often it is tried. A batch that its own data makes fail is searched
 * for the line at fault, which is then rejected.
 * @throws Refusal `database_unavailable`: nothing of the open transaction counts; try again
 */
export async function processBucket(deps: ProcessDeps, options: ProcessOptions): Promise<void> {
  let careful = false;
  for (;;) {
    try {
      const isAll = await deps.db.transaction(tx =>
        careful ? processOneCarefully(tx, deps, options) : processPending(prepared(tx), deps, options),
      );
      // What comes to wait from now on has jobs of its own.
      if (isAll) return;
      careful = false;
    } catch (error) {
      if (careful || !isDataFailure(error)) throw error;
      careful = true;
    }
  }
}

/** @returns whether nothing else waits in the bucket */
async function processPending(tx: pg.ClientBase, deps: ProcessDeps, options: ProcessOptions): Promise<boolean> {
  const work = await takeWork(tx, deps, { bucket: options.bucket, maxLines: options.batchEvents });
  if (work === null) return true;
  await markProcessed(tx, await writeEffects(tx, work), deps.now());
  return work.isAll;
}

/** Takes the oldest batch alone, setting aside the lines that make it fail. @returns whether nothing else waits in the bucket */
async function processOneCarefully(tx: pg.ClientBase, deps: ProcessDeps, options: ProcessOptions): Promise<boolean> {
  const work = await takeWork(tx, deps, { bucket: options.bucket, maxLines: 1 });
  if (work === null) return true;
  const [batch] = work.batches as [PendingContent];
  const { columns } = batch.content;
  const poisonous = new Set<number>();
  for (;;) {
    const culprit = await findPoisonousLine(columns.count, async count => {
      const part = { ...batch, rows: allRows(columns).subarray(0, count) };
      return await dataFailureOf(tx, () => writeEffects(tx, { ...work, batches: [part] }, poisonous));
    });
    if (culprit === null) break;
    poisonous.add(columns.lineNo[culprit] as number);
  }
  await markProcessed(tx, await writeEffects(tx, work, poisonous), deps.now());
  return work.isAll;
}

/**
 * The place of the first line without which all lines before it succeed, found by bisecting: `failure(n)` tries the first n lines.
 * Null when all succeed together. Throws what was thrown when not even no line at all succeeds, for then no line is at fault.
 */
async function findPoisonousLine(
  lineCount: number,
  failure: (count: number) => Promise<unknown>,
): Promise<number | null> {
  if ((await failure(lineCount)) === null) return null;
  const withoutLines = await failure(0);
  if (withoutLines !== null) throw withoutLines;
  let good = 0;
  let bad = lineCount;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if ((await failure(middle)) === null) good = middle;
    else bad = middle;
  }
  return bad - 1;
}

/** What data failure an attempt ends in, null if in none; either way it is taken back. */
async function dataFailureOf(tx: pg.ClientBase, attempt: () => Promise<unknown>): Promise<unknown> {
  await tx.query('savepoint attempt');
  let failure: unknown = null;
  try {
    await attempt();
  } catch (error) {
    if (!isDataFailure(error)) throw error;
    failure = error;
  }
  await tx.query('rollback to savepoint attempt');
  return failure;
}

interface PendingContent {
  readonly batchId: string;
  readonly seq: number;
  readonly content: BatchContent;
  /** Those of its rows that are to be processed. */
  readonly rows: Int32Array;
}

interface Work {
  readonly bucket: number;
  readonly calendar: BusinessCalendar;
  readonly referenceVersion: number;
  readonly reference: Reference;
  readonly batches: readonly PendingContent[];
  /** No other batch waits. */
  readonly isAll: boolean;
}

/** Takes the bucket's turn and its oldest pending batches, and gives them their places in the recorded order. */
async function takeWork(
  tx: pg.ClientBase,
  { db, calendar }: ProcessDeps,
  { bucket, maxLines }: { readonly bucket: number; readonly maxLines: number },
): Promise<Work | null> {
  await takeTurn(tx, bucket);
  const { batches: pending, areAll: isAll } = await takePending(tx, { bucket, maxLines });
  if (pending.length === 0) return null;
  const referenceVersion = await currentReferenceVersion(tx);
  const reference = await referenceOf(tx, db, referenceVersion);
  const seqBefore = await lastSeq(tx, bucket);
  const batches: PendingContent[] = [];
  for (const { batchId, payload } of pending) {
    const content = unpackBatch(payload);
    batches.push({ batchId, seq: seqBefore + batches.length + 1, content, rows: allRows(content.columns) });
  }
  return { bucket, calendar, referenceVersion, reference, batches, isAll };
}

/** What one reference version says about events. */
interface Reference {
  readonly rateCards: RateCards;
  readonly judge: AloneJudge;
}

const latestReferences = new WeakMap<Database, Reference & { readonly referenceVersion: number }>();

/** A reference version never changes, so what it says can be kept from one transaction on a database to the next. */
async function referenceOf(tx: pg.ClientBase, db: Database, referenceVersion: number): Promise<Reference> {
  const latest = latestReferences.get(db);
  if (latest?.referenceVersion === referenceVersion) return latest;
  const rateCards = await loadRateCards(tx, referenceVersion);
  const reference = { referenceVersion, rateCards, judge: await loadAloneJudge(tx, referenceVersion) };
  latestReferences.set(db, reference);
  return reference;
}

/** Everything that batches bring about but their done marks; tells what those are to say. */
async function writeEffects(
  tx: pg.ClientBase,
  { bucket, calendar, referenceVersion, reference, batches }: Work,
  poisonous?: ReadonlySet<number>,
): Promise<ProcessedBatch[]> {
  const prepared = batches.map(({ seq, content, rows }) =>
    prepareBatch(content, { seq, calendar, rows, ...reference }),
  );
  const wanted = prepared.map(batch => batch.identities);
  const fold = new BatchFold(await findIdentities(tx, bucket, wanted));
  const processed = batches.map(({ batchId, seq }, index) => {
    const folded = fold.add(prepared[index] as PreparedBatch, poisonous);
    return { bucket, batchId, seq, referenceVersion, ...folded };
  });
  await claimIdentities(tx, bucket, fold.claimed);
  const [earned, invalid] = [fold.earnings.sorted(), fold.invalid.sorted()];
  const sinceSeq = batches[0]?.seq ?? 0;
  await addEarnings(tx, bucket, earned);
  await addInvalidEarnings(tx, bucket, invalid);
  await markTouched(tx, bucket, { sinceSeq, policies: reference.judge.policies, earned, invalid });
  await keepRejectedLines(tx, bucket, fold.rejected);
  await keepConflictingLines(tx, bucket, fold.conflicting);
  return processed;
}
