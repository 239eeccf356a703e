import type { Queryable } from '../db/database.ts';

/** A rejected line, to show what its reason means. */
export interface FirstRejectedLine {
  readonly file: string;
  /** From 1. */
  readonly lineNo: number;
  readonly reason: string;
  readonly field: string | null;
  /** The value and the remedy. */
  readonly detail: string;
}

/** Of each reason the first line, in the order of the readings and their lines; of processed batches only. */
export async function firstRejectedLines(db: Queryable, ingestIds: readonly string[]): Promise<FirstRejectedLine[]> {
  const { rows } = await db.query<FirstRejectedLine & { readonly place: number }>(
    `select distinct on (rejected.reason) rejected.reason, batch.source as file, rejected.line_no as "lineNo", rejected.field,
       rejected.detail, ingest.place
     from unnest($1::uuid[]) with ordinality as ingest (id, place)
     join inbox_batches as batch on batch.ingest_id = ingest.id
     join rejected_lines as rejected on rejected.bucket = batch.bucket and rejected.seq = batch.seq
     order by rejected.reason, ingest.place, rejected.line_no`,
    [ingestIds],
  );
  return rows
    .toSorted((a, b) => a.place - b.place || a.lineNo - b.lineNo)
    .map(({ file, lineNo, reason, field, detail }) => ({ file, lineNo, reason, field, detail }));
}
