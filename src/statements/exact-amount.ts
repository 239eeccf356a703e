/** Decimals of 10⁻⁶ nanos: those of an amount with six decimals of a share behind them. */
const DECIMALS = 15;

/** An amount ≥ 0 in 10⁻⁶ nanos as a decimal string: every significant digit, and at least `minDecimals` (0 to 15). */
export function exactAmount(ppmNanos: bigint, minDecimals: number): string {
  const digits = ppmNanos.toString().padStart(DECIMALS + 1, '0');
  const whole = digits.slice(0, -DECIMALS);
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '').padEnd(minDecimals, '0');
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
