/**
 * How far from an instant nobody can tell afterwards whether what was recorded was known to what was done then: transactions begin
 * before they commit, and clocks of machines differ.
 */
const UNSURE_MS = 600_000;

/** What was recorded before `surely` was known to what was done at an instant; what was recorded after `perhaps` was not. */
export interface AboutInstant {
  readonly surely: Date;
  readonly perhaps: Date;
}

export function aboutInstant(at: Date): AboutInstant {
  return { surely: new Date(at.getTime() - UNSURE_MS), perhaps: new Date(at.getTime() + UNSURE_MS) };
}
