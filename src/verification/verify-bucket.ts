import type pg from 'pg';
import { currentReferenceVersion } from '../catalog/reference-version.ts';
import type { Database } from '../db/database.ts';
import { prepared } from '../db/prepared.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { dueInBucket } from '../earnings/due-developers.ts';
import type { UnitEarnings } from '../earnings/earnings-fold.ts';
import { storedInvalidEarnings } from '../earnings/invalid-earnings.ts';
import { storedEarnings } from '../earnings/stored-earnings.ts';
import type { BatchFold, RejectedLine } from '../events/batch-fold.ts';
import { lastSeq } from '../events/inbox.ts';
import { JUDGED_AT_PROCESSING } from '../events/rejection-reasons.ts';
import { storedConflictingLines, storedRejectedLines } from '../events/stored-evidence.ts';
import { knowsMonthlyPlans } from '../plans/stored-plans.ts';
import { bucketResults } from '../settlement/runs.ts';
import { knowsTrafficRules } from '../traffic/stored-invalidations.ts';
import { checkDecisions, type KnownDecisions } from './check-decisions.ts';
import { checkHolds } from './check-holds.ts';
import { checkIdentities } from './check-identities.ts';
import { checkLedger } from './check-ledger.ts';
import { checkPayoutsOfBucket } from './check-payouts.ts';
import { checkBucketSeals, type DigestsOfBucket, type SealToCheck } from './check-seals.ts';
import { checkStatements } from './check-statements.ts';
import { DerivedDeductions } from './derived-deductions.ts';
import { compareRows, type Difference, DifferenceList } from './difference.ts';
import type { EventReferences } from './event-references.ts';
import { KnownAtCutoffs } from './known-at-cutoffs.ts';
import { replayBucket } from './replay-bucket.ts';
import { ReplayedEvents } from './replayed-events.ts';

/** What is read once for all buckets; it can be sent to another thread. */
export interface KnownToBuckets {
  readonly decisions: KnownDecisions;
  readonly seals: readonly SealToCheck[];
  /** Whether there is anything on record of payouts. */
  readonly hasPayouts: boolean;
}

/** What checking a bucket came to; it can be sent to another thread. */
export interface BucketFindings {
  readonly differences: { readonly first: readonly Difference[]; readonly count: number };
  readonly checked: {
    readonly batches: number;
    readonly lines: number;
    readonly identities: number;
    readonly earnings: number;
    readonly transfers: number;
  };
  readonly pending: { readonly batches: number; readonly dueDays: number };
  /** Of each period that is closed. */
  readonly seals: readonly DigestsOfBucket[];
}

/** Checks one bucket in one snapshot. */
export async function verifyBucket(
  db: Pick<Database, 'snapshot'>,
  {
    known,
    ...of
  }: {
    readonly bucket: number;
    readonly bucketCount: number;
    readonly calendar: BusinessCalendar;
    readonly known: KnownToBuckets;
    /** The thread's own, for all its buckets. */
    readonly references: EventReferences;
  },
): Promise<BucketFindings> {
  const differences = new DifferenceList();
  const { report } = differences;
  return await db.snapshot(async connection => {
    // The same questions for bucket after bucket.
    const client = prepared(connection);
    const found = await checkBucket(client, { ...of, ...known, report });
    const seals = await checkBucketSeals(client, { bucket: of.bucket, seals: known.seals, report });
    const { pendingBatches, dueDays, ...checked } = found;
    const { first, count } = differences;
    return { differences: { first, count }, checked, pending: { batches: pendingBatches, dueDays }, seals };
  });
}

interface BucketCheck {
  readonly references: EventReferences;
  readonly bucket: number;
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly decisions: KnownDecisions;
  readonly hasPayouts: boolean;
  readonly report: (difference: Difference) => void;
}

async function checkBucket(client: pg.ClientBase, check: BucketCheck) {
  const { bucket, report } = check;
  const referenceVersion = await currentReferenceVersion(client);
  const runs = await bucketResults(client, bucket);
  const knownAtCutoffs = new KnownAtCutoffs(runs, { withMonths: await knowsMonthlyPlans(client) });
  const events = (await knowsTrafficRules(client)) ? new ReplayedEvents(client, check) : null;
  const { fold, claimed, batches, lines, pendingBatches } = await replayBucket(client, {
    ...check,
    referenceVersion,
    knownAtCutoffs,
    events,
  });
  const earnings = fold.earnings.sorted();
  await checkEvidence(client, check, fold);
  const identities = await checkIdentities(client, { bucket, claimed, report });
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
    derived: new DerivedDeductions(client, { ...check, events, earnings }),
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

async function checkEvidence(client: pg.ClientBase, { bucket, report }: BucketCheck, fold: BatchFold): Promise<void> {
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
}

/** Details of what was judged at processing are in the words of the program of that day; the others stand in the batch. */
function tellReason({ reason, field, detail }: RejectedLine): string {
  const inOurWords = (JUDGED_AT_PROCESSING as readonly string[]).includes(reason);
  return `${reason} ${field ?? '-'}${inOurWords ? '' : ` (${detail})`}`;
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
