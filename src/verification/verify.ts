import { Readable } from 'node:stream';
import type pg from 'pg';
import { checkReferenceDigests, currentReferenceVersion } from '../catalog/reference-version.ts';
import type { Database } from '../db/database.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { dueInBucket } from '../earnings/due-developers.ts';
import type { UnitEarnings } from '../earnings/earnings-fold.ts';
import { storedInvalidEarnings } from '../earnings/invalid-earnings.ts';
import { storedEarnings } from '../earnings/stored-earnings.ts';
import type { BatchFold, RejectedLine } from '../events/batch-fold.ts';
import { storedIdentities } from '../events/identities.ts';
import { identitiesIn, isSameSegment, sortedSegment } from '../events/identity-segment.ts';
import { lastSeq } from '../events/inbox.ts';
import { JUDGED_AT_PROCESSING } from '../events/rejection-reasons.ts';
import { storedConflictingLines, storedRejectedLines, unequalRedrives } from '../events/stored-evidence.ts';
import { checkBatches } from '../payouts/check-batches.ts';
import { knowsMonthlyPlans } from '../plans/stored-plans.ts';
import { bucketResults, unfinishedBuckets } from '../settlement/runs.ts';
import { checkClosings } from './check-closings.ts';
import { checkDecisions, type KnownDecisions, knownDecisions } from './check-decisions.ts';
import { checkFunds } from './check-funds.ts';
import { checkHoldRecords, checkHolds } from './check-holds.ts';
import { checkLedger } from './check-ledger.ts';
import { checkLinks } from './check-links.ts';
import { checkPayoutTerms } from './check-payout-terms.ts';
import { checkPayoutsOfBucket } from './check-payouts.ts';
import { SealCheck } from './check-seals.ts';
import { checkStatements } from './check-statements.ts';
import { DerivedDeductions } from './derived-deductions.ts';
import { compareRows, type Difference } from './difference.ts';
import { KnownAtCutoffs } from './known-at-cutoffs.ts';
import { replayBucket } from './replay-bucket.ts';
import { strayRows } from './stray-rows.ts';

const KEPT_DIFFERENCES = 1_000;

export interface Verification {
  /** The first 1,000 of them. */
  readonly differences: readonly Difference[];
  readonly differenceCount: number;
  readonly checked: {
    readonly batches: number;
    readonly lines: number;
    readonly identities: number;
    readonly earnings: number;
    readonly transfers: number;
  };
  /** Not differences: work that is still to be done. */
  readonly pending: { readonly batches: number; readonly dueDays: number };
}

export interface VerifyOptions {
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly onProgress?: (bucketsDone: number) => void;
}

/**
 * Recomputes everything from the batches of the inbox, through catalog and plans, and compares it with what is stored: batches'
 * counts, identities, rejected and conflicting lines, earnings, transfers, runs, decisions and their totals. Reads one bucket at a time, each
 * in one snapshot, and changes nothing.
 */
export async function verify(db: Pick<Database, 'snapshot'>, options: VerifyOptions): Promise<Verification> {
  const differences: Difference[] = [];
  let differenceCount = 0;
  const report = (difference: Difference) => {
    differenceCount += 1;
    if (differences.length < KEPT_DIFFERENCES) differences.push(difference);
  };
  const checked = { batches: 0, lines: 0, identities: 0, earnings: 0, transfers: 0 };
  const pending = { batches: 0, dueDays: 0 };
  const { decisions, seals } = await db.snapshot(async client => {
    for (const { referenceVersion, kind } of await checkReferenceDigests(client)) {
      const where = `version ${referenceVersion}${kind === null ? '' : ` of the ${kind}`}`;
      report({ table: 'reference_versions', where, expected: 'rows as they were recorded', found: 'other rows' });
    }
    for (const { ingestId, redriven, rejected, received } of await unequalRedrives(client)) {
      const expected = `${redriven} rejected lines, and as many in its batches`;
      report({ table: 'redriven_lines', where: `redrive ${ingestId}`, expected, found: `${rejected}, ${received}` });
    }
    await strayRows(client, { bucketCount: options.bucketCount, report });
    await checkLinks(client, { bucketCount: options.bucketCount, report });
    await checkFunds(client, { bucketCount: options.bucketCount, report });
    await checkUnfinished(client, { bucketCount: options.bucketCount, report });
    await checkHoldRecords(client, { report });
    await checkPayoutTerms(client, { report });
    await checkBatches(client, { bucketCount: options.bucketCount, report });
    await checkClosings(client, { report });
    const known = await knownDecisions(client, { ...options, report });
    return { decisions: known, seals: await SealCheck.open(client, report) };
  });
  for (let bucket = 0; bucket < options.bucketCount; bucket += 1) {
    await db.snapshot(async client => {
      const found = await verifyBucket(client, { ...options, bucket, decisions, report });
      await seals.checkBucket(client, bucket);
      checked.batches += found.batches;
      checked.lines += found.lines;
      checked.identities += found.identities;
      checked.earnings += found.earnings;
      checked.transfers += found.transfers;
      pending.batches += found.pendingBatches;
      pending.dueDays += found.dueDays;
    });
    options.onProgress?.(bucket + 1);
  }
  seals.checkChain();
  return { differences, differenceCount, checked, pending };
}

interface BucketCheck extends VerifyOptions {
  readonly bucket: number;
  readonly decisions: KnownDecisions;
  readonly report: (difference: Difference) => void;
}

async function verifyBucket(client: pg.ClientBase, check: BucketCheck) {
  const { bucket, report } = check;
  const referenceVersion = await currentReferenceVersion(client);
  const runs = await bucketResults(client, bucket);
  const knownAtCutoffs = new KnownAtCutoffs(runs, { withMonths: await knowsMonthlyPlans(client) });
  const { fold, batches, lines, pendingBatches } = await replayBucket(client, {
    ...check,
    referenceVersion,
    knownAtCutoffs,
  });
  const earnings = fold.earnings.sorted();
  const identities = await checkEvidence(client, check, fold);
  const earningsRows = await compareRows(
    { expected: earnings, found: storedEarnings(client, bucket) },
    { table: 'earnings', keyOf: earningsKey, tell: tellEarnings, report },
  );
  await compareRows(
    { expected: fold.invalid.sorted(), found: storedInvalidEarnings(client, bucket) },
    { table: 'invalid_earnings', keyOf: row => `${earningsKey(row)}\0${row.reason}`, tell: tellEarnings, report },
  );
  const due = await dueInBucket(client, bucket);
  checkDue(check, due, earnings);
  const dueKeys = new Set(due.map(each => `${each.businessDay} ${each.developerId}`));
  const ofRuns = await checkLedger(client, {
    bucket,
    earnings,
    due: dueKeys,
    runs,
    knownAtCutoffs,
    derived: new DerivedDeductions(client, { ...check, earnings }),
    cutoffSeq: await lastSeq(client, bucket),
    referenceVersion,
    report,
  });
  await checkHolds(client, check);
  await checkStatements(client, check);
  const ofPayouts = await checkPayoutsOfBucket(client, check);
  const transfers = ofRuns + ofPayouts + (await checkDecisions(client, { ...check, known: check.decisions }));
  return { batches, lines, identities, earnings: earningsRows, transfers, pendingBatches, dueDays: due.length };
}

async function checkEvidence(client: pg.ClientBase, { bucket, report }: BucketCheck, fold: BatchFold): Promise<number> {
  await compareRows(
    { expected: sortedBy(fold.rejected, placeKey), found: storedRejectedLines(client, bucket) },
    {
      table: 'rejected_lines',
      keyOf: placeKey,
      tell: line => `${line.ownerId} ${tellReason(line)}: ${line.bytes.toString('base64')}`,
      report,
    },
  );
  await compareRows(
    { expected: sortedBy(fold.conflicting, identityKey), found: storedConflictingLines(client, bucket) },
    {
      table: 'conflicting_lines',
      keyOf: identityKey,
      tell: line => `${line.developerId} ${placeKey(line)}: ${line.bytes.toString('base64')}`,
      report,
    },
  );
  const [expected, found] = [sortedSegment(fold.claimed), await storedIdentities(client, bucket)];
  if (isSameSegment(expected, found)) return found.heads.length;
  return await compareRows(
    { expected: identitiesIn(expected), found: Readable.from(identitiesIn(found)) },
    {
      table: 'identity_segments',
      keyOf: claim => claim.identity,
      tell: claim => `content ${claim.content} seq ${claim.seq}`,
      report,
    },
  );
}

/** Details of what was judged at processing are in the words of the program of that day; the others stand in the batch. */
function tellReason({ reason, field, detail }: RejectedLine): string {
  const inOurWords = (JUDGED_AT_PROCESSING as readonly string[]).includes(reason);
  return `${reason} ${field ?? '-'}${inOurWords ? '' : ` (${detail})`}`;
}

/** A bucket that a run still lacks is work to be done, but there must be such a bucket. */
async function checkUnfinished(
  client: pg.ClientBase,
  { bucketCount, report }: { readonly bucketCount: number; readonly report: (difference: Difference) => void },
): Promise<void> {
  for (const { runId, bucket } of await unfinishedBuckets(client, new Date(0))) {
    if (bucket >= 0 && bucket < bucketCount) continue;
    const expected = `buckets below ${bucketCount}`;
    report({ table: 'settlement_runs', where: `run ${runId}`, expected, found: `bucket ${bucket}` });
  }
}

/** A mark without earnings marks nothing that could be settled. */
function checkDue(
  { bucket, report }: BucketCheck,
  due: Awaited<ReturnType<typeof dueInBucket>>,
  earnings: readonly UnitEarnings[],
) {
  const earned = new Set(earnings.map(row => `${row.businessDay} ${row.developerId}`));
  for (const { businessDay, developerId } of due) {
    if (earned.has(`${businessDay} ${developerId}`)) continue;
    const where = `bucket ${bucket} ${businessDay} ${developerId}`;
    report({ table: 'due_days', where, expected: 'earnings on that day', found: 'none' });
  }
}

function sortedBy<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Row[] {
  return rows.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

function placeKey({ seq, lineNo }: { readonly seq: number; readonly lineNo: number }): string {
  return `batch ${String(seq).padStart(16, '0')} line ${String(lineNo).padStart(16, '0')}`;
}

function identityKey({ identity, content }: { readonly identity: string; readonly content: string }): string {
  return `${identity} ${content}`;
}

function earningsKey(row: Readonly<UnitEarnings>): string {
  return [row.businessDay, row.developerId, row.appId, row.adUnitId, row.currency].join('\0');
}

function tellEarnings(row: Readonly<UnitEarnings>): string {
  return `${row.impressions} impressions, ${row.clicks} clicks, ${row.grossNanos} nanos`;
}
