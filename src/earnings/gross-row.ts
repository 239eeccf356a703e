import { type Nanos, nanos } from '../domain/nanos.ts';

/** A row of SQL whose `gross` is a sum in nanos, which arrives as text. */
export function withGrossNanos<Row extends { readonly gross: string }>({
  gross,
  ...row
}: Row): Omit<Row, 'gross'> & { readonly grossNanos: Nanos } {
  return { ...row, grossNanos: nanos(BigInt(gross)) };
}
