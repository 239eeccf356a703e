import type pg from 'pg';
import { currentReferenceVersion } from '../catalog/reference-version.ts';
import { referenceVersionAt } from '../catalog/version-at.ts';
import { lastSeqAt } from '../events/cutoff-at.ts';
import { lastSeq } from '../events/inbox.ts';
import type { TransferRow } from '../ledger/transfer-row.ts';
import type { RunOfDay } from '../settlement/runs-of-days.ts';

/** What an explanation may know: as a run, what was processed and recorded up to a place; and what had been posted. */
export interface Cutoff {
  /** The bucket's last batch. */
  readonly seq: number;
  readonly referenceVersion: number;
  /** Null: now, so that what is stored may be read instead of computed again. */
  readonly instant: Date | null;
  isPosted(transfer: Pick<TransferRow, 'booked_at' | 'run_id'>): boolean;
  isDone(run: Pick<RunOfDay, 'runId' | 'finishedAt'>): boolean;
}

/** What is known now, if no instant is given. */
export async function cutoffAt(
  tx: pg.ClientBase,
  { bucket, instant }: { readonly bucket: number; readonly instant: Date | null },
): Promise<Cutoff> {
  if (instant === null) {
    const [seq, referenceVersion] = [await lastSeq(tx, bucket), await currentReferenceVersion(tx)];
    return { seq, referenceVersion, instant, isPosted: () => true, isDone: () => true };
  }
  return {
    seq: await lastSeqAt(tx, { bucket, instant }),
    referenceVersion: await referenceVersionAt(tx, instant),
    instant,
    isPosted: ({ booked_at }) => new Date(booked_at) <= instant,
    isDone: ({ finishedAt }) => finishedAt <= instant,
  };
}

/**
 * What a run knew of a day that it settled, and what had been posted before it.
 * @param runs the day's in the bucket, in their order
 */
export function cutoffOfRun(run: RunOfDay, runs: readonly RunOfDay[]): Cutoff {
  const before = new Set(runs.slice(0, runs.indexOf(run)).map(({ runId }) => runId));
  return {
    seq: run.cutoffSeq,
    referenceVersion: run.referenceVersion,
    instant: run.finishedAt,
    isPosted: ({ run_id, booked_at }) => (run_id === null ? new Date(booked_at) <= run.finishedAt : before.has(run_id)),
    isDone: ({ runId }) => before.has(runId),
  };
}
