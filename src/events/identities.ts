import { randomUUIDv7 } from 'node:crypto';
import type pg from 'pg';
import { copyOutBinary, listOfUuids, uuidOf } from '../db/copy.ts';
import { type IdentityColumns, TAIL_BYTES } from './identity.ts';
import { headsFromBytes, headsToBytes, mergeSegments, sortedHeads, sortedSegment } from './identity-segment.ts';
import { IdentityTable } from './identity-table.ts';
import { RememberedHeads } from './remembered-heads.ts';
import { SortedHeads } from './sorted-heads.ts';

/** Segments of about one size, each eight times the size below, are merged when there are so many of them. */
const MERGED_AT = 8;
/** Larger ones are left alone, so that no transaction rewrites more than some hundred megabytes. */
const MOST_MERGED_IDENTITIES = 1_000_000;
/** Beyond this part of a segment, reading all its tails is cheaper than picking them. */
const PICKED_PART = 0.02;
/** 96 MiB. */
const remembered = new RememberedHeads({ most: 16_777_216 });

/**
 * Which of the identities a bucket's accepted events have claimed, and when; perhaps some more, which share their first 48 bits. The
 * caller holds the bucket's turn or reads a snapshot, so that none is claimed in the meantime.
 */
export async function findIdentities(
  tx: pg.ClientBase,
  bucket: number,
  wanted: readonly IdentityColumns[],
): Promise<IdentityTable> {
  const count = wanted.reduce((sum, { heads }) => sum + heads.length, 0);
  const allHeads = new Float64Array(count);
  let at = 0;
  for (const { heads } of wanted) {
    allHeads.set(heads, at);
    at += heads.length;
  }
  const wantedHeads = sortedHeads(allHeads);
  // With room for all that the caller may add.
  const found = new IdentityTable({ entries: count });
  for (const [segmentId, heads] of await segmentHeads(tx, bucket)) {
    const places = heads.placesOf(wantedHeads);
    if (places.length === 0) continue;
    const its = {
      heads: Float64Array.from(places, place => heads.at(place)),
      tails: await tailsAt(tx, { bucket, segmentId, places, size: heads.count }),
    };
    for (let place = 0; place < places.length; place += 1) found.add(its, place);
  }
  return found;
}

/** Records identities that nobody has claimed. The caller holds the bucket's turn. */
export async function claimIdentities(tx: pg.ClientBase, bucket: number, claimed: IdentityColumns): Promise<void> {
  if (claimed.heads.length === 0) return;
  await insertSegment(tx, bucket, sortedSegment(claimed));
  await mergeFullTier(tx, bucket);
}

/** The segments of a bucket, one at a time; the connection belongs to the loop until it ends. */
export async function* storedSegments(
  tx: pg.ClientBase,
  bucket: number,
): AsyncGenerator<{ readonly segmentId: string; readonly segment: IdentityColumns }> {
  const rows = copyOutBinary(
    tx,
    `select segment_id, heads, tails from identity_segments where ${segmentsOf(bucket, null)} order by segment_id`,
  );
  for await (const [id, heads, tails] of rows) {
    const segment = { heads: headsFromBytes(heads as Buffer), tails: tails as Buffer };
    yield { segmentId: uuidOf(id as Buffer), segment };
  }
}

async function insertSegment(tx: pg.ClientBase, bucket: number, { heads, tails }: IdentityColumns): Promise<void> {
  const segmentId = randomUUIDv7();
  await tx.query(
    'insert into identity_segments (bucket, segment_id, identities, heads, tails) values ($1, $2, $3, $4, $5)',
    [bucket, segmentId, heads.length, headsToBytes(heads), tails],
  );
  remembered.add(bucket, segmentId, new SortedHeads(heads));
}

/** Each identity is rewritten once per size, and a lookup visits only some segments of each size. */
async function mergeFullTier(tx: pg.ClientBase, bucket: number): Promise<void> {
  const { rows } = await tx.query<{ segment_id: string; identities: number }>(
    'select segment_id, identities from identity_segments where bucket = $1 and identities <= $2',
    [bucket, MOST_MERGED_IDENTITIES],
  );
  const tiers = Map.groupBy(rows, row => Math.floor(Math.log2(row.identities) / 3));
  for (const segments of tiers.values()) {
    if (segments.length < MERGED_AT) continue;
    const ids = segments.map(segment => segment.segment_id);
    const merged = mergeSegments(await readSegments(tx, bucket, ids));
    await tx.query('delete from identity_segments where bucket = $1 and segment_id = any ($2::uuid[])', [bucket, ids]);
    await insertSegment(tx, bucket, merged);
  }
}

/** The segments of a bucket with these ids. */
async function readSegments(tx: pg.ClientBase, bucket: number, ids: readonly string[]): Promise<IdentityColumns[]> {
  const segments: IdentityColumns[] = [];
  const rows = copyOutBinary(tx, `select heads, tails from identity_segments where ${segmentsOf(bucket, ids)}`);
  for await (const [heads, tails] of rows) {
    segments.push({ heads: headsFromBytes(heads as Buffer), tails: tails as Buffer });
  }
  if (segments.length !== ids.length) throw new Error(`bucket ${bucket} lacks some of ${ids.length} segments`);
  return segments;
}

function segmentsOf(bucket: number, ids: readonly string[] | null): string {
  return `bucket = ${Number(bucket)}${ids === null ? '' : ` and segment_id in (${listOfUuids(ids)})`}`;
}

async function segmentHeads(tx: pg.ClientBase, bucket: number): Promise<ReadonlyMap<string, SortedHeads>> {
  const { rows } = await tx.query<{ segment_id: string }>(
    'select segment_id from identity_segments where bucket = $1',
    [bucket],
  );
  const listed = new Set(rows.map(row => row.segment_id));
  const segments = remembered.of(bucket, listed);
  const missing = [...listed].filter(id => !segments.has(id));
  if (missing.length === 0) return segments;
  const read = copyOutBinary(
    tx,
    `select segment_id, heads from identity_segments where ${segmentsOf(bucket, missing)}`,
  );
  for await (const [id, bytes] of read) {
    const segmentId = uuidOf(id as Buffer);
    const heads = new SortedHeads(headsFromBytes(bytes as Buffer));
    remembered.add(bucket, segmentId, heads);
    segments.set(segmentId, heads);
  }
  if (segments.size !== listed.size) throw new Error(`bucket ${bucket} lacks some of ${listed.size} segments`);
  return segments;
}

async function tailsAt(
  tx: pg.ClientBase,
  {
    bucket,
    segmentId,
    places,
    size,
  }: { readonly bucket: number; readonly segmentId: string; readonly places: readonly number[]; readonly size: number },
): Promise<Buffer> {
  if (places.length > size * PICKED_PART) {
    const picked: Buffer[] = [];
    const whole = copyOutBinary(tx, `select tails from identity_segments where ${segmentsOf(bucket, [segmentId])}`);
    for await (const [tails] of whole) {
      for (const place of places) picked.push((tails as Buffer).subarray(place * TAIL_BYTES, (place + 1) * TAIL_BYTES));
    }
    return Buffer.concat(picked);
  }
  const { rows } = await tx.query<{ tail: Buffer }>(
    `select substring(segment.tails from 1 + $4::int * picked.place for $4) as tail
     from identity_segments as segment
     cross join unnest($3::int[]) with ordinality as picked (place, nth)
     where segment.bucket = $1 and segment.segment_id = $2
     order by picked.nth`,
    [bucket, segmentId, places, TAIL_BYTES],
  );
  return Buffer.concat(rows.map(row => row.tail));
}
