import type pg from 'pg';
import { checkReferenceDigests } from '../catalog/reference-version.ts';
import type { Database, DatabaseAddress } from '../db/database.ts';
import type { BusinessCalendar } from '../domain/business-day.ts';
import { unequalRedrives } from '../events/stored-evidence.ts';
import { checkBatches } from '../payouts/check-batches.ts';
import { checkFiles } from '../payouts/check-files.ts';
import { anyPayouts } from '../payouts/decided-moves.ts';
import { unfinishedBuckets } from '../settlement/runs.ts';
import { checkClosings } from './check-closings.ts';
import { knownDecisions } from './check-decisions.ts';
import { checkFunds } from './check-funds.ts';
import { checkHoldRecords } from './check-holds.ts';
import { checkLinks } from './check-links.ts';
import { checkPayoutDecisions } from './check-payout-decisions.ts';
import { checkPayoutTerms } from './check-payout-terms.ts';
import { checkPersons } from './check-persons.ts';
import { SealChain, sealsToCheck } from './check-seals.ts';
import { checkSoleActs } from './check-sole-acts.ts';
import { type Difference, DifferenceList } from './difference.ts';
import { EventReferences } from './event-references.ts';
import { strayRows } from './stray-rows.ts';
import { type BucketFindings, type KnownToBuckets, verifyBucket } from './verify-bucket.ts';
import { VerifyHelper } from './verify-helper.ts';

export interface Verification {
  /** The first 1,000 of them. */
  readonly differences: readonly Difference[];
  readonly differenceCount: number;
  readonly checked: BucketFindings['checked'];
  /** Not differences: work that is still to be done. */
  readonly pending: BucketFindings['pending'];
}

export interface VerifyOptions {
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  /** Threads that check buckets beside this one, each over a connection of its own and with a bucket of its own in memory; none unless given. */
  readonly helpers?: { readonly address: DatabaseAddress; readonly count: number };
  readonly onProgress?: (bucketsDone: number) => void;
}

/**
 * Recomputes everything from the batches of the inbox, through catalog and plans, and compares it with what is stored: batches'
 * counts, identities, rejected and conflicting lines, earnings, transfers, runs, decisions and their totals, payouts. Reads each bucket in one
 * snapshot, holds one at a time, and changes nothing.
 */
export async function verify(db: Pick<Database, 'snapshot'>, options: VerifyOptions): Promise<Verification> {
  const differences = new DifferenceList();
  const { report } = differences;
  const known = await db.snapshot(async client => ({
    decisions: await knownDecisions(client, { ...options, report }),
    seals: await sealsToCheck(client),
    hasPayouts: await anyPayouts(client),
  }));
  const buckets = new BucketsCheck(db, known, options);
  try {
    await db.snapshot(client => checkInstallation(client, { ...options, report }));
    await buckets.finish();
  } finally {
    await buckets.close();
  }
  const checked = { batches: 0, lines: 0, identities: 0, earnings: 0, transfers: 0 };
  const pending = { batches: 0, dueDays: 0 };
  const chain = new SealChain(known.seals);
  for (const found of buckets.inOrder()) {
    differences.append(found.differences);
    addUp(checked, found.checked);
    addUp(pending, found.pending);
    chain.add(found.seals);
  }
  chain.check(report);
  return { differences: differences.first, differenceCount: differences.count, checked, pending };
}

function addUp<Counts extends Record<string, number>>(sums: Counts, counts: Readonly<Counts>): void {
  for (const name of Object.keys(sums) as (keyof Counts)[]) {
    sums[name] = ((sums[name] as number) + (counts[name] as number)) as Counts[keyof Counts];
  }
}

interface InstallationCheck {
  readonly bucketCount: number;
  readonly calendar: BusinessCalendar;
  readonly report: (difference: Difference) => void;
}

/** What belongs to no bucket, or to several. */
async function checkInstallation(client: pg.ClientBase, check: InstallationCheck): Promise<void> {
  const { report } = check;
  for (const { referenceVersion, kind } of await checkReferenceDigests(client)) {
    const where = `version ${referenceVersion}${kind === null ? '' : ` of the ${kind}`}`;
    report({ table: 'reference_versions', where, expected: 'rows as they were recorded', found: 'other rows' });
  }
  for (const { ingestId, redriven, rejected, received } of await unequalRedrives(client)) {
    const expected = `${redriven} rejected lines, and as many in its batches`;
    report({ table: 'redriven_lines', where: `redrive ${ingestId}`, expected, found: `${rejected}, ${received}` });
  }
  await strayRows(client, check);
  await checkLinks(client, check);
  await checkFunds(client, check);
  await checkUnfinished(client, check);
  await checkHoldRecords(client, check);
  await checkPayoutTerms(client, check);
  await checkBatches(client, check);
  await checkFiles(client, check);
  await checkPayoutDecisions(client, check);
  await checkPersons(client, check);
  await checkSoleActs(client, check);
  await checkClosings(client, check);
}

/** A bucket that a run still lacks is work to be done, but there must be such a bucket. */
async function checkUnfinished(client: pg.ClientBase, { bucketCount, report }: InstallationCheck): Promise<void> {
  for (const { runId, bucket } of await unfinishedBuckets(client, new Date(0))) {
    if (bucket >= 0 && bucket < bucketCount) continue;
    const expected = `buckets below ${bucketCount}`;
    report({ table: 'settlement_runs', where: `run ${runId}`, expected, found: `bucket ${bucket}` });
  }
}

/** The buckets, each checked by whichever thread comes to it first. */
class BucketsCheck {
  readonly #db: Pick<Database, 'snapshot'>;
  readonly #known: KnownToBuckets;
  readonly #options: VerifyOptions;
  readonly #left: number[];
  readonly #found = new Map<number, BucketFindings>();
  readonly #helpers: readonly VerifyHelper[];
  readonly #helping: readonly Promise<void>[];

  /** The helpers begin at once. */
  constructor(db: Pick<Database, 'snapshot'>, known: KnownToBuckets, options: VerifyOptions) {
    this.#db = db;
    this.#known = known;
    this.#options = options;
    const { bucketCount, calendar, helpers } = options;
    // The next one stands last.
    this.#left = Array.from({ length: bucketCount }, (_, bucket) => bucketCount - 1 - bucket);
    this.#helpers = Array.from({ length: helpers?.count ?? 0 }, () => {
      return new VerifyHelper({
        address: (helpers as NonNullable<typeof helpers>).address,
        bucketCount,
        timeZone: calendar.timeZone,
        known,
      });
    });
    this.#helping = this.#helpers.map(helper => this.#help(helper));
  }

  /** Checks what is left until nothing is. */
  async finish(): Promise<void> {
    const references = new EventReferences();
    const check = async () => {
      for (let bucket = this.#left.pop(); bucket !== undefined; bucket = this.#left.pop()) {
        this.#take(bucket, await verifyBucket(this.#db, { ...this.#options, bucket, known: this.#known, references }));
      }
    };
    await check();
    await Promise.all(this.#helping);
    // What a helper failed at.
    await check();
  }

  *inOrder(): Generator<BucketFindings> {
    for (let bucket = 0; bucket < this.#options.bucketCount; bucket += 1)
      yield this.#found.get(bucket) as BucketFindings;
  }

  async close(): Promise<void> {
    await Promise.all(this.#helpers.map(helper => helper.end()));
  }

  async #help(helper: VerifyHelper): Promise<void> {
    for (let bucket = this.#left.pop(); bucket !== undefined; bucket = this.#left.pop()) {
      const found = await helper.check(bucket).catch(() => null);
      if (found === null) {
        // It is of no more use, and why is told when the bucket is checked here.
        this.#left.push(bucket);
        return;
      }
      this.#take(bucket, found);
    }
  }

  #take(bucket: number, found: BucketFindings): void {
    this.#found.set(bucket, found);
    this.#options.onProgress?.(this.#found.size);
  }
}
