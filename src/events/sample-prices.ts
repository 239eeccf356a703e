import type { SampleRandom } from './sample-random.ts';

/** Most bids are whole fen; some have four decimals, some six. */
const STEPS_MICROS = [10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 100, 100, 1, 1];

/** A price around a middle, both in whole millionths: from half of it to one and a half, at least one fen. */
export function drawPriceMicros(random: SampleRandom, middleMicros: number): number {
  const drawn = Math.floor(middleMicros / 2) + random.below(middleMicros);
  const step = random.pick(STEPS_MICROS);
  return Math.max(10_000, drawn - (drawn % step));
}
