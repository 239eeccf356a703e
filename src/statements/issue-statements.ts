import type { Database, Queryable } from '../db/database.ts';
import { Refusal } from '../domain/errors.ts';
import type { Period } from '../domain/period.ts';
import { periodSeal, periodSeals } from '../ledger/period-closings.ts';
import { exportIssued } from './export-issued.ts';
import { issueBucket } from './issue-bucket.ts';
import { IssueHelper } from './issue-helper.ts';
import { fullyIssued, statementIssues } from './issued-statements.ts';

export interface IssueDeps {
  readonly db: Database;
  readonly bucketCount: number;
  readonly now: () => Date;
}

export interface IssuedPeriod {
  readonly period: Period;
  /** Hex. */
  readonly seal: string;
  /** Of the period in all. */
  readonly statements: number;
  /** By this call: none where all had been issued before. */
  readonly issued: number;
}

/** So many pay for the start of a thread. */
const BOOKS_FOR_A_HELPER = 5_000;

/**
 * Stores the statement of every book of a closed period, a transaction a bucket, so that it goes on where it was interrupted; what is
 * issued stays as it is, and a second call changes nothing. With `outDir` it also writes them there, a file a bucket.
 * @throws Refusal `period_open`
 */
export async function issueStatements(
  deps: IssueDeps,
  {
    period,
    outDir,
    onProgress,
    booksForHelper = BOOKS_FOR_A_HELPER,
  }: {
    readonly period: Period;
    readonly outDir?: string;
    readonly onProgress?: (bucketsDone: number) => void;
    /** From how many books on a second thread helps. */
    readonly booksForHelper?: number;
  },
): Promise<IssuedPeriod> {
  const { db, bucketCount, now } = deps;
  const closed = await periodSeal(db, period);
  if (closed === null) throw stillOpen(period);
  const done = new Set((await statementIssues(db, { period })).map(issue => issue.bucket));
  const lacking = Array.from({ length: bucketCount }, (_, bucket) => bucket).filter(bucket => !done.has(bucket));
  let issued = 0;
  const workOff = async (issue: typeof issueBucket) => {
    for (let bucket = lacking.shift(); bucket !== undefined; bucket = lacking.shift()) {
      const statements = await issue(deps, { bucket, period, seal: closed.digest, issuedAt: now() });
      issued += statements;
      done.add(bucket);
      onProgress?.(done.size);
    }
  };
  if (lacking.length > 1 && closed.books >= booksForHelper) await withHelper(deps, lacking, workOff);
  else await workOff(issueBucket);
  if (outDir !== undefined) await exportIssued(db, { period, bucketCount, outDir });
  const statements = (await statementIssues(db, { period })).reduce((sum, issue) => sum + issue.statements, 0);
  return { period, seal: closed.digest, statements, issued };
}

/** What fails in the helper's thread is done again in this one, which fails with the reason or succeeds. */
async function withHelper(
  { db, bucketCount }: IssueDeps,
  lacking: number[],
  workOff: (issue: typeof issueBucket) => Promise<void>,
): Promise<void> {
  const helper = new IssueHelper({ address: db.address, bucketCount });
  try {
    const helped = workOff(async (_, bucket) => await helper.issue(bucket)).catch(() => {
      if (helper.failedBucket !== null) lacking.push(helper.failedBucket);
    });
    await workOff(issueBucket);
    await helped;
    await workOff(issueBucket);
  } finally {
    await helper.end();
  }
}

/** Closed periods whose statements are not all issued, oldest first. */
export async function unissuedPeriods(q: Queryable, bucketCount: number): Promise<Period[]> {
  const issued = await fullyIssued(q, bucketCount);
  return (await periodSeals(q)).map(seal => seal.period).filter(period => !issued.has(period));
}

function stillOpen(period: Period): Refusal {
  return new Refusal({
    code: 'period_open',
    message: `${period} is not closed, so its statements would change`,
    remedy: 'close it first; what keeps it open is told by: npx apportion periods list',
    details: { period },
  });
}
