import type { BusinessDay } from '../../src/domain/business-day.ts';
import { insertBatches, type NewBatch } from '../../src/events/inbox.ts';
import type { SettlementSystem } from '../support/settlement-system.ts';
import { START } from './world.ts';

/** What a database recorded of one bucket's work, in an order in which it can be done again. */
interface RecordedWork {
  readonly bucket: number;
  readonly referenceVersion: number;
  /** A batch's place, or the last batch that a run took in. */
  readonly seq: number;
  readonly batch: NewBatch | null;
  readonly runId: string | null;
  readonly finishedAt: Date;
}

interface RecordedRun {
  readonly runId: string;
  readonly businessDay: BusinessDay;
  readonly requestedAt: Date;
  readonly buckets: number[];
}

/** Everything that a ledger is a function of, read back out of the database. */
export interface Recorded {
  readonly work: readonly RecordedWork[];
  readonly runs: readonly RecordedRun[];
  readonly imports: SettlementSystem['imports'];
  readonly ingestIds: readonly string[];
}

export async function readRecord(system: SettlementSystem): Promise<Recorded> {
  const { rows: runs } = await system.db.query<RecordedRun>(
    `select run_id as "runId", business_date as "businessDay", requested_at as "requestedAt", buckets from settlement_runs`,
  );
  const { rows: done } = await system.db.query<Omit<RecordedWork, 'batch'>>(
    `select bucket, reference_version as "referenceVersion", cutoff_seq as seq, run_id as "runId", finished_at as "finishedAt"
     from settlement_run_buckets`,
  );
  const { rows: batches } = await system.db.query<
    NewBatch & { seq: number; referenceVersion: number; firstDate: string; lastDate: string }
  >(
    `select bucket, batch_id as "batchId", ingest_id as "ingestId", source, format, clock, accepted_at as "acceptedAt",
       line_count as "lineCount", payload, seq, reference_version as "referenceVersion",
       case when first_date is not null then jsonb_build_object('first', first_date, 'last', last_date) end as days
     from inbox_batches
     where seq is not null`,
  );
  const work = batches.map(
    ({ seq, referenceVersion, ...batch }): RecordedWork => ({
      ...{ bucket: batch.bucket, referenceVersion, seq, batch, runId: null, finishedAt: new Date(0) },
    }),
  );
  return {
    work: [...work, ...done.map(each => ({ ...each, batch: null }))].sort(inRecordedOrder),
    runs,
    imports: system.imports,
    ingestIds: system.ingestIds,
  };
}

/** Does it all again, from nothing, each bucket's batches and runs in their order under the catalog and plans of their time. */
export async function replay(system: SettlementSystem, { work, runs, imports, ingestIds }: Recorded): Promise<void> {
  await system.reset(START);
  system.ingestIds = [...ingestIds];
  for (const { runId, businessDay, requestedAt, buckets } of runs) {
    await system.db.query(
      'insert into settlement_runs (run_id, business_date, requested_at, buckets) values ($1, $2, $3, $4)',
      [runId, businessDay, requestedAt, buckets],
    );
  }
  const days = new Map(runs.map(run => [run.runId, run.businessDay]));
  const left = [...work];
  for (const [index, { kind, text, now, referenceVersion }] of imports.entries()) {
    system.now = now;
    await system.import(kind, text);
    if (imports[index + 1]?.referenceVersion === referenceVersion) continue;
    while (left[0]?.referenceVersion === referenceVersion) await doAgain(system, left.shift() as RecordedWork, days);
  }
  if (left.length > 0) throw new Error(`${left.length} pieces of work belong to no import`);
}

async function doAgain(
  system: SettlementSystem,
  { bucket, batch, runId }: RecordedWork,
  days: ReadonlyMap<string, BusinessDay>,
): Promise<void> {
  if (batch !== null) {
    await system.db.transaction(async tx => await insertBatches(tx, [batch]));
    await system.processBucket(bucket);
  } else if (runId !== null) {
    await system.settleBucket({ bucket, runId, businessDay: days.get(runId) as BusinessDay });
  }
}

function inRecordedOrder(a: RecordedWork, b: RecordedWork): number {
  return (
    a.referenceVersion - b.referenceVersion ||
    a.bucket - b.bucket ||
    a.seq - b.seq ||
    Number(a.batch === null) - Number(b.batch === null) ||
    a.finishedAt.getTime() - b.finishedAt.getTime()
  );
}
