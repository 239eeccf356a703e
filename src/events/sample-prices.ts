import type { SampleRandom } from './sample-random.ts';

const MICROS_PER_UNIT = 1_000_000;
/** Most bids are whole fen; some have four decimals, some six. */
const STEPS_MICROS = [10_000, 10_000, 10_000, 10_000, 10_000, 10_000, 100, 100, 1, 1];

/** A price around a middle, both in whole millionths: from half of it to one and a half, at least one fen. */
export function drawPriceMicros(random: SampleRandom, middleMicros: number): number {
  const drawn = Math.floor(middleMicros / 2) + random.below(middleMicros);
  const step = random.pick(STEPS_MICROS);
  return Math.max(10_000, drawn - (drawn % step));
}

/** Whole millionths as a decimal string without trailing zeros. */
export function decimalOfMicros(micros: number): string {
  const whole = Math.floor(micros / MICROS_PER_UNIT);
  const rest = micros % MICROS_PER_UNIT;
  if (rest === 0) return String(whole);
  let end = 6;
  const digits = String(rest).padStart(6, '0');
  while (digits.charCodeAt(end - 1) === 0x30) end -= 1;
  return `${whole}.${digits.slice(0, end)}`;
}
