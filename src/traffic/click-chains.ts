/** Clicks of one device on one ad unit, by their instants; in no order. */
export interface Chain {
  readonly atMs: readonly number[];
  /** Only clicks since then can decide about later ones. */
  readonly reachMs: number;
}

/**
 * How far back clicks can decide about a click that asks for those since `reachMs`: each click in reach asks for those within the
 * window before itself, and so on.
 */
export function extendReach({ atMs, reachMs }: Chain, windowMs: number): number {
  let reach = reachMs;
  for (const at of atMs.toSorted((a, b) => b - a)) {
    if (at < reach) break;
    reach = Math.min(reach, at - windowMs);
  }
  return reach;
}
