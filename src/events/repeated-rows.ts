import type { BatchColumns } from './batch-columns.ts';

/** Whether the row of a batch repeats an identity that was claimed before, by the bits that were kept when it was processed. */
export function isRepeated(repeated: Buffer | null, row: number): boolean {
  return repeated !== null && ((repeated[row >> 3] as number) & (1 << (row & 7))) !== 0;
}

/** The bits with that of the row set; made when the first one is. */
export function withRepeated(repeated: Buffer | null, { count }: BatchColumns, row: number): Buffer {
  const bits = repeated ?? Buffer.alloc((count + 7) >> 3);
  bits[row >> 3] = (bits[row >> 3] as number) | (1 << (row & 7));
  return bits;
}
