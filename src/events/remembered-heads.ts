import type { SortedHeads } from './sorted-heads.ts';

/**
 * Heads of segments that this process has read or written, by bucket. They are never taken for the truth about which segments there
 * are: that is asked of Postgres in each transaction, under the bucket's turn, and what it lists is complete. A segment never
 * changes and no id is given twice, so what is remembered of a listed one is right, whoever wrote it. What another worker has added
 * or merged meanwhile is listed, not remembered, and read; what was rolled back after it was remembered, or lost by a restored
 * Postgres, is never listed, and let go.
 */
export class RememberedHeads {
  count = 0;
  readonly #most: number;
  readonly #buckets = new Map<number, Map<string, SortedHeads>>();

  /** `most`: how many heads are kept, of all segments together. */
  constructor({ most }: { readonly most: number }) {
    this.#most = most;
  }

  /** Those of the bucket's listed segments that are remembered. All others of the bucket are let go. */
  of(bucket: number, listed: ReadonlySet<string>): Map<string, SortedHeads> {
    const segments = this.#buckets.get(bucket) ?? new Map<string, SortedHeads>();
    for (const [segmentId, heads] of segments) {
      if (listed.has(segmentId)) continue;
      segments.delete(segmentId);
      this.count -= heads.count;
    }
    return new Map(segments);
  }

  /**
   * Remembers a segment, unless there is no room for it. Nothing else is let go for it: of buckets that are taken in turn, what was
   * used least lately is needed next.
   */
  add(bucket: number, segmentId: string, heads: SortedHeads): void {
    const segments = this.#buckets.get(bucket) ?? new Map<string, SortedHeads>();
    if (segments.has(segmentId) || this.count + heads.count > this.#most) return;
    this.#buckets.set(bucket, segments.set(segmentId, heads));
    this.count += heads.count;
  }
}
