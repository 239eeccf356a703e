import { divideHalfEven, type Nanos, nanos } from './nanos.ts';

const PPM = 1_000_000n;

/** A developer's total shared with a service provider; the two parts add up to it. */
export interface SharedTotal {
  readonly providerNanos: Nanos;
  readonly developerNanos: Nanos;
}

/** The provider's part is rounded half-even to the nano, the developer keeps the rest. The ratio is 0 to 1 in millionths. */
export function shareWithProvider(totalNanos: Nanos, ratioPpm: bigint): SharedTotal {
  const providerNanos = nanos(divideHalfEven(totalNanos * ratioPpm, PPM));
  return { providerNanos, developerNanos: nanos(totalNanos - providerNanos) };
}
