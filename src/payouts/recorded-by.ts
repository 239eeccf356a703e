import type { Queryable } from '../db/database.ts';
import { recordingsOf } from './record-import.ts';

/** Of which import a row is. */
export interface RecordedBy {
  readonly import: number;
  readonly recorded_at: string;
  readonly recorded_by: string;
}

/** Tells of each of the entries who recorded it, and when. */
export async function recordedBy(
  q: Queryable,
  entries: readonly { readonly importNo: number }[],
): Promise<(entry: { readonly importNo: number }) => RecordedBy> {
  const recordings = await recordingsOf(
    q,
    entries.map(entry => entry.importNo),
  );
  return ({ importNo }) => {
    const recording = recordings.get(importNo);
    if (recording === undefined) throw new Error(`import ${importNo} of payout terms has no record`);
    return { import: importNo, recorded_at: recording.recordedAt.toISOString(), recorded_by: recording.actor };
  };
}
