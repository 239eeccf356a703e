import { randomUUIDv7 } from 'node:crypto';
import type pg from 'pg';
import { type IdentityColumns, TAIL_BYTES } from './identity.ts';
import {
  headsFromBytes,
  headsToBytes,
  isInOrder,
  joinSegments,
  mergeSegments,
  placesOf,
  sortedSegment,
} from './identity-segment.ts';
import { IdentityTable } from './identity-table.ts';

/** Segments of about one size, each eight times the size below, are merged when there are so many of them. */
const MERGED_AT = 8;
/** Larger ones are left alone, so that no transaction rewrites more than some hundred megabytes. */
const MOST_MERGED_IDENTITIES = 1_000_000;
/** Beyond this part of a segment, reading all its tails is cheaper than picking them. */
const PICKED_PART = 0.02;
/** Heads that a process keeps in memory: 64 MiB. */
const REMEMBERED_HEADS = 8_388_608;

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
  const wantedHeads = new Float64Array(count);
  let at = 0;
  for (const { heads } of wanted) {
    wantedHeads.set(heads, at);
    at += heads.length;
  }
  wantedHeads.sort();
  // With room for all that the caller may add.
  const found = new IdentityTable({ entries: count });
  for (const { segmentId, heads } of await segmentHeads(tx, bucket)) {
    const places = placesOf(wantedHeads, heads);
    if (places.length === 0) continue;
    const its = {
      heads: Float64Array.from(places, place => heads[place] as number),
      tails: await tailsAt(tx, { bucket, segmentId, places, size: heads.length }),
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

/** All identities of a bucket, in their order unless a segment has lost its own. */
export async function storedIdentities(tx: pg.ClientBase, bucket: number): Promise<IdentityColumns> {
  const segments = await readSegments(tx, bucket);
  return segments.every(isInOrder) ? mergeSegments(segments) : joinSegments(segments);
}

async function insertSegment(tx: pg.ClientBase, bucket: number, { heads, tails }: IdentityColumns): Promise<void> {
  await tx.query(
    'insert into identity_segments (bucket, segment_id, identities, heads, tails) values ($1, $2, $3, $4, $5)',
    [bucket, randomUUIDv7(), heads.length, headsToBytes(heads), tails],
  );
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

async function readSegments(
  tx: pg.ClientBase,
  bucket: number,
  ids: readonly string[] | null = null,
): Promise<IdentityColumns[]> {
  const { rows } = await tx.query<{ heads: Buffer; tails: Buffer }>(
    'select heads, tails from identity_segments where bucket = $1 and ($2::uuid[] is null or segment_id = any ($2))',
    [bucket, ids],
  );
  return rows.map(row => ({ heads: headsFromBytes(row.heads), tails: row.tails }));
}

/** A segment never changes, so its heads may be kept from one transaction to the next; the ones used last stay. */
const rememberedHeads = new Map<string, Float64Array>();
let rememberedCount = 0;

async function segmentHeads(tx: pg.ClientBase, bucket: number): Promise<{ segmentId: string; heads: Float64Array }[]> {
  const { rows } = await tx.query<{ segment_id: string }>(
    'select segment_id from identity_segments where bucket = $1',
    [bucket],
  );
  const ids = rows.map(row => row.segment_id);
  const missing = ids.filter(id => !rememberedHeads.has(id));
  const heads = new Map<string, Float64Array>();
  for (const id of ids) {
    const known = rememberedHeads.get(id);
    if (known !== undefined) heads.set(id, known);
  }
  if (missing.length > 0) {
    const { rows: read } = await tx.query<{ segment_id: string; heads: Buffer }>(
      'select segment_id, heads from identity_segments where bucket = $1 and segment_id = any ($2::uuid[])',
      [bucket, missing],
    );
    for (const row of read) heads.set(row.segment_id, headsFromBytes(row.heads));
  }
  for (const [id, each] of heads) remember(id, each);
  return [...heads].map(([segmentId, each]) => ({ segmentId, heads: each }));
}

function remember(segmentId: string, heads: Float64Array): void {
  if (rememberedHeads.delete(segmentId)) rememberedCount -= heads.length;
  rememberedHeads.set(segmentId, heads);
  rememberedCount += heads.length;
  for (const [oldest, each] of rememberedHeads) {
    if (rememberedCount <= REMEMBERED_HEADS) return;
    rememberedHeads.delete(oldest);
    rememberedCount -= each.length;
  }
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
    const { rows: whole } = await tx.query<{ tails: Buffer }>(
      'select tails from identity_segments where bucket = $1 and segment_id = $2',
      [bucket, segmentId],
    );
    const [{ tails }] = whole as [{ tails: Buffer }];
    return Buffer.concat(places.map(place => tails.subarray(place * TAIL_BYTES, (place + 1) * TAIL_BYTES)));
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
