import fc from 'fast-check';
import { type PlainWish, WORLD } from './decisions-model.ts';
import type { Part } from './holds-model.ts';

/** What is proposed; a place stands for what was earned or proposed at that place of the history. */
export type Wish =
  | { readonly kind: 'hold'; readonly app: string; readonly whole: boolean; readonly from: string | null }
  | { readonly kind: 'release' | 'forfeit'; readonly place: number; readonly part: Part; readonly keepHolding: boolean }
  | { readonly kind: 'keep_forfeited'; readonly app: string; readonly part: Part }
  | { readonly kind: 'adjust' | 'write_off'; readonly app: string; readonly nanos: bigint }
  | { readonly kind: 'invalidate'; readonly app: string; readonly place: number }
  | { readonly kind: 'reinstate'; readonly place: number }
  | PlainWish;

export interface Vote {
  /** From the last proposal backwards. */
  readonly place: number;
  readonly how: 'approve' | 'reject' | 'withdraw';
  readonly actor: string;
}

export type Step =
  | {
      readonly step: 'earn';
      readonly app: string;
      readonly day: string;
      readonly micros: number;
      readonly settled: boolean;
    }
  | { readonly step: 'settle'; readonly day: string }
  | {
      readonly step: 'propose';
      readonly wish: Wish;
      readonly actor: string;
      readonly approved: boolean /** Settled after it. */;
      readonly settled: string | null;
    }
  | { readonly step: 'vote'; readonly vote: Vote }
  | { readonly step: 'at-once'; readonly votes: readonly [Vote, Vote] };

export const DAYS = ['2018-04-11', '2018-04-12', '2018-04-13'];

// Mostly one day of one app, so that much happens to the same money.
const app = fc.constantFrom('app_a1', 'app_a1', ...Object.keys(WORLD));
const day = fc.constantFrom('2018-04-12', ...DAYS);
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { freq: 1 });
const part: fc.Arbitrary<Part> = fc.oneof(
  fc.record({ app: fc.constant(null), from: maybe(day), to: maybe(day) }),
  fc.constant({ app: null, from: null, to: null }),
);
const place = fc.constantFrom(0, 0, 0, 1, 2, 3);
const fund = fc.constantFrom('fund_1', 'fund_1', 'fund_2');
const nanos = (min: bigint, max: bigint) => fc.bigInt({ min, max });
const CNY = 1_000_000_000n;

const wish: fc.Arbitrary<Wish> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ kind: of('hold'), app, whole: fc.boolean() },
      from: fc.constantFrom('2018-04-11', '2018-04-11', ...DAYS, null),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ kind: fc.constantFrom('release' as const, 'forfeit' as const, 'forfeit' as const), place },
      ...{ part, keepHolding: fc.constantFrom(true, false) },
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: of('keep_forfeited'), app, part }) },
  { weight: 2, arbitrary: fc.record({ kind: of('adjust'), app, nanos: nanos(-400n * CNY, -1n) }) },
  { weight: 1, arbitrary: fc.record({ kind: of('adjust'), app, nanos: nanos(1n, 40n * CNY) }) },
  { weight: 1, arbitrary: fc.record({ kind: of('write_off'), app, nanos: nanos(1n, 100n * CNY) }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: of('invalidate'), app: fc.constantFrom('app_a1', 'app_a1', 'app_b1'), place }),
  },
  { weight: 2, arbitrary: fc.record({ kind: of('reinstate'), place }) },
  { weight: 1, arbitrary: fc.record({ kind: of('plan'), share: fc.constantFrom('0.5', '0.333333', '0.412345') }) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ kind: of('fund'), fund, category: fc.constantFrom('games', 'games', 'tools') },
      ...{ points: fc.constantFrom('0.1', '0.333333', '1'), nanos: nanos(1n, 60n * CNY) },
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: of('fund_top_up'), fund, nanos: nanos(1n, 30n * CNY) }) },
  { weight: 1, arbitrary: fc.record({ kind: of('fund_close'), fund }) },
);

const vote: fc.Arbitrary<Vote> = fc.record({
  place,
  how: fc.constantFrom(
    'approve' as const,
    'approve' as const,
    'approve' as const,
    'reject' as const,
    'withdraw' as const,
  ),
  actor: fc.constantFrom('wang.fang', 'wang.fang', 'ZHAO.MIN', 'li.wei'),
});

const earn: fc.Arbitrary<Step> = fc.record({
  ...{ step: fc.constant('earn' as const), app, day, micros: fc.integer({ min: 1, max: 200_000_000 }) },
  settled: fc.constantFrom(true, true, true, false),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: earn },
  { weight: 3, arbitrary: fc.record({ step: fc.constant('settle' as const), day }) },
  {
    weight: 10,
    arbitrary: fc.record({
      ...{ step: fc.constant('propose' as const), wish, actor: fc.constantFrom('li.wei', 'li.wei', 'zhao.min') },
      approved: fc.constantFrom(true, true, true, false),
      settled: fc.option(day, { freq: 1 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ step: fc.constant('vote' as const), vote }) },
  { weight: 3, arbitrary: fc.record({ step: fc.constant('at-once' as const), votes: fc.tuple(vote, vote) }) },
);

const approved = (wish: Wish, settled: string | null = null): Step => ({
  ...{ step: 'propose', wish, actor: 'li.wei', approved: true, settled },
});
const EVERYTHING: Part = { app: null, from: null, to: null };
const HOLD = approved({ kind: 'hold', app: 'app_a1', whole: true, from: '2018-04-11' });
const FORFEIT = approved({ kind: 'forfeit', place: 0, part: EVERYTHING, keepHolding: true });
const FEE = approved({ kind: 'adjust', app: 'app_a1', nanos: -30n * CNY });
const FUND = approved({ kind: 'fund', fund: 'fund_1', category: 'games', points: '0.333333', nanos: 7n * CNY + 1n });

/** So that a short history, too, may begin where money is held, forfeited or running out. */
const beginning: fc.Arbitrary<readonly Step[]> = fc.constantFrom(
  [],
  [HOLD],
  [HOLD, FORFEIT],
  [FUND, HOLD, FORFEIT],
  [FUND],
  [FEE, HOLD],
);

export const history: fc.Arbitrary<Step[]> = fc
  .tuple(earn, earn, beginning, fc.array(step, { minLength: 14, maxLength: 30, size: 'max' }))
  .map(([first, second, begun, steps]) => [first, second, ...begun, ...steps]);

function of<Kind extends Wish['kind']>(kind: Kind) {
  return fc.constant(kind);
}
