import type { BusinessDay } from './business-day.ts';
import { type Nanos, nanos } from './nanos.ts';

/** An (app, business day) before a fund grants: what it may claim now, and what it has been awarded so far; both ≥ 0. */
export interface Need {
  readonly appId: string;
  readonly businessDay: BusinessDay;
  readonly claimNanos: bigint;
  readonly awardedNanos: bigint;
}

/** By how much a need's award changes; never zero. */
export interface AwardChange<One extends Need = Need> {
  readonly need: One;
  readonly changeNanos: Nanos;
}

export interface Granted<One extends Need = Need> {
  readonly changes: readonly AwardChange<One>[];
  /** What the fund has left; ≥ 0. */
  readonly leftNanos: bigint;
}

/** One step of a fund: what was awarded beyond the claims of now goes back first, then the oldest days are met first. */
export function grantAll<One extends Need>(leftNanos: bigint, needs: readonly One[]): Granted<One> {
  const back = takeBack(leftNanos, needs);
  const changes = [...back.changes];
  let left = back.leftNanos;
  const days = [...Map.groupBy(needs, need => need.businessDay)].sort(([a], [b]) => (a < b ? -1 : 1));
  for (const [, ofDay] of days) {
    const met = meetDay(left, ofDay);
    for (const change of met.changes) changes.push(change);
    left = met.leftNanos;
  }
  return { changes, leftNanos: left };
}

/** Awards beyond their claims, cut down to them. */
export function takeBack<One extends Need>(leftNanos: bigint, needs: readonly One[]): Granted<One> {
  let left = leftNanos;
  const changes: AwardChange<One>[] = [];
  for (const need of needs) {
    const surplus = need.awardedNanos - need.claimNanos;
    if (surplus <= 0n) continue;
    left += surplus;
    changes.push({ need, changeNanos: nanos(-surplus) });
  }
  return { changes, leftNanos: left };
}

/**
 * Meets the needs of one day, all of them if the money suffices; else it is used up exactly, in proportion to the needs: each part is
 * floored to the nano, and the nanos left over go one each to the largest remainders, of equal ones to the lower app ids.
 */
export function meetDay<One extends Need>(leftNanos: bigint, ofDay: readonly One[]): Granted<One> {
  if (leftNanos < 0n) throw new Error(`a fund has ${leftNanos} nanos left, which can't be negative`);
  const lacking = ofDay.filter(need => need.claimNanos > need.awardedNanos);
  const neededNanos = lacking.reduce((sum, need) => sum + lackOf(need), 0n);
  if (neededNanos <= leftNanos) {
    const changes = lacking.map(need => ({ need, changeNanos: nanos(lackOf(need)) }));
    return { changes, leftNanos: leftNanos - neededNanos };
  }
  return { changes: shared(leftNanos, { lacking, neededNanos }), leftNanos: 0n };
}

function shared<One extends Need>(
  leftNanos: bigint,
  { lacking, neededNanos }: { readonly lacking: readonly One[]; readonly neededNanos: bigint },
): AwardChange<One>[] {
  const parts = lacking.map(need => {
    const product = lackOf(need) * leftNanos;
    return { need, floor: product / neededNanos, rest: product % neededNanos };
  });
  let over = leftNanos - parts.reduce((sum, part) => sum + part.floor, 0n);
  const changes: AwardChange<One>[] = [];
  for (const { need, floor } of parts.sort(byRemainder)) {
    const extra = over > 0n ? 1n : 0n;
    over -= extra;
    if (floor + extra > 0n) changes.push({ need, changeNanos: nanos(floor + extra) });
  }
  return changes;
}

interface Part {
  readonly need: Need;
  readonly rest: bigint;
}

function byRemainder(a: Part, b: Part): number {
  if (a.rest !== b.rest) return a.rest > b.rest ? -1 : 1;
  return a.need.appId < b.need.appId ? -1 : 1;
}

function lackOf({ claimNanos, awardedNanos }: Need): bigint {
  return claimNanos - awardedNanos;
}
