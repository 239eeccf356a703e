/** Rule 8's arithmetic, in decimal fractions of unbounded precision. */
import { Decimal } from 'decimal.js';

export const Exact = Decimal.clone({ precision: 200, toExpPos: 200, toExpNeg: -200 });
export const NANOS = '1e9';

export function halfEven(exact: Decimal): bigint {
  return BigInt(exact.toDecimalPlaces(0, Decimal.ROUND_HALF_EVEN).toFixed());
}
