import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isRefusal } from '../../src/domain/errors.ts';
import { Holding } from '../support/holding.ts';
import { clickOf } from '../support/provider-world.ts';
import { slowRuns } from '../support/runs.ts';
import { HoldsModel, type Part } from './holds-model.ts';

const { options, limitMs } = slowRuns(6);

const APPS = ['app_1', 'app_2'];
const DAYS = ['2018-04-11', '2018-04-12'];
const CENT = 10_000_000n;

type Step =
  | {
      readonly kind: 'earn';
      readonly app: string;
      readonly day: string;
      readonly cents: number;
      readonly settled: boolean;
    }
  | { readonly kind: 'invalidate' | 'reinstate'; readonly place: number }
  | { readonly kind: 'settle'; readonly day: string }
  | { readonly kind: 'adjust'; readonly cents: number }
  | { readonly kind: 'hold'; readonly app: string | null; readonly from: string | null }
  | { readonly kind: 'release' | 'forfeit'; readonly place: number; readonly part: Part; readonly keepHolding: boolean }
  | { readonly kind: 'keep'; readonly part: Part };

// Mostly one day of one app, so that much happens to the same money.
const app = fc.constantFrom('app_1', 'app_1', ...APPS);
const day = fc.constantFrom('2018-04-12', ...DAYS);
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { freq: 1 });
const part = fc.record({ app: maybe(app), from: maybe(day), to: maybe(day) });
const whole: fc.Arbitrary<Part> = fc.constant({ app: null, from: null, to: null });
const place = fc.constantFrom(0, 0, 1, 2);
const of = <Kind extends Step['kind']>(kind: Kind) => fc.constant(kind);

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      ...{ kind: of('earn'), app, day, cents: fc.integer({ min: 1, max: 50_000 }) },
      settled: fc.oneof({ weight: 3, arbitrary: fc.constant(true) }, fc.constant(false)),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: of('invalidate'), place: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: of('reinstate'), place: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ kind: of('settle'), day }) },
  { weight: 2, arbitrary: fc.record({ kind: of('adjust'), cents: fc.integer({ min: -40_000, max: -1 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: of('hold'), app: maybe(app), from: maybe(day) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      ...{ kind: fc.constantFrom('release' as const, 'forfeit' as const), place },
      ...{ part: fc.oneof(part, whole, whole), keepHolding: fc.constantFrom(true, true, false) },
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: of('keep'), part: fc.oneof(part, whole) }) },
);

let holding: Holding;
beforeAll(async () => {
  holding = await Holding.open();
});
afterAll(async () => await holding.system.drop());

test(
  'random histories of settling, holding, releasing, forfeiting and taking back come out as the page tells them',
  async () => {
    const history = fc.array(step, { minLength: 12, maxLength: 36, size: 'max' });
    await fc.assert(fc.asyncProperty(history, runHistory), options);
  },
  limitMs,
);

async function runHistory(steps: readonly Step[]): Promise<void> {
  await holding.restart('2018-04-14T09:00:00+08:00');
  const model = new HoldsModel();
  const history = new History(model);
  for (const [number, each] of steps.entries()) {
    const [expected, found] = [history.inModel(each), await history.inSystem(each)];
    expect(found, `step ${number}: ${JSON.stringify(each)}`).toBe(expected);
    await expectSame(model, `after step ${number}: ${JSON.stringify(each)}`);
  }
  for (const each of DAYS) model.settle(each);
  await holding.system.settleDue();
  await expectSame(model, 'after all');
  await holding.expectSound();
}

/** The model beside the system, and the laws that hold whatever the model says. */
async function expectSame(model: HoldsModel, when: string): Promise<void> {
  expect(await holding.standingNanos(), when).toEqual(model.standing());
  const balance = async (account: string) => await holding.deciding.balance('dev_1', account);
  const [payable, held, forfeited] = [await balance('payable'), await balance('held'), await balance('forfeited')];
  expect({ payable, held, forfeited }, when).toEqual({
    payable: model.payable,
    held: model.held,
    forfeited: model.forfeited,
  });
  expect(held >= 0n && forfeited >= 0n, when).toBe(true);
  for (const line of await holding.standingNanos()) {
    const [, heldOfDay = '', forfeitedOfDay = ''] = line.split(': ')[1]?.split(' ') ?? [];
    expect(BigInt(heldOfDay) >= 0n && BigInt(forfeitedOfDay) >= 0n, `${when}: ${line}`).toBe(true);
  }
  // Whatever was posted to the developer is payable, held, forfeited or kept; adjustments apart.
  expect(payable + (await balance('adjustment')) + held + forfeited + model.kept, when).toBe(model.posted);
  expect((await holding.system.trialBalance()).balanced, when).toBe(true);
}

class History {
  readonly #model: HoldsModel;
  /** What was earned, in order, with the decision that it does not count while that stands. */
  readonly #events: Earned[] = [];
  #invalidations = 0;
  readonly #holds: string[] = [];

  constructor(model: HoldsModel) {
    this.#model = model;
  }

  /** Null, or the code of the refusal. */
  inModel(each: Step): string | null {
    switch (each.kind) {
      case 'earn':
        this.#model.earn(each.app, each.day, developerNanos(each.cents));
        if (each.settled) this.#model.settle(each.day);
        return null;
      case 'invalidate':
      case 'reinstate': {
        const event = this.#events[each.place];
        if (event === undefined || (event.invalidation === null) !== (each.kind === 'invalidate')) return null;
        const sign = each.kind === 'invalidate' ? -1n : 1n;
        this.#model.earn(event.app, event.day, sign * developerNanos(event.cents));
        this.#model.settle(event.day);
        return null;
      }
      case 'settle':
        this.#model.settle(each.day);
        return null;
      case 'adjust':
        this.#model.adjust(BigInt(each.cents) * CENT);
        return null;
      case 'hold':
        this.#model.hold(each.app, each.from);
        return null;
      case 'keep':
        return this.#model.keep(each.part);
      default:
        return this.#model.end(each.place, each.kind, { ...each.part, keepHolding: each.keepHolding });
    }
  }

  async inSystem(each: Step): Promise<string | null> {
    const { system } = holding;
    try {
      switch (each.kind) {
        case 'earn': {
          const line = clickOf(each.app, each.day, priceOf(each.cents));
          this.#events.push({ ...each, id: JSON.parse(line).id, invalidation: null });
          await system.take([line]);
          if (each.settled) await system.settle(each.day);
          break;
        }
        case 'invalidate':
        case 'reinstate': {
          const event = this.#events[each.place];
          if (event === undefined || (event.invalidation === null) !== (each.kind === 'invalidate')) break;
          if (event.invalidation === null) {
            event.invalidation = `inv-${++this.#invalidations}`;
            const decision = { id: event.invalidation, appId: event.app, reason: 'refund' };
            await system.invalidate({ ...decision, events: `click ${event.id}` });
          } else {
            await system.reinstate(event.invalidation);
            event.invalidation = null;
          }
          await system.settle(event.day);
          break;
        }
        case 'settle':
          await system.settle(each.day);
          break;
        case 'adjust': {
          const row = { book: 'dev_1', currency: 'CNY', amount: `-${priceOf(-each.cents)}`, reason: 'a fee' };
          await holding.decide('adjust', { rows: [row] });
          break;
        }
        case 'hold':
          this.#holds.push(await holding.decide('hold', { book: 'dev_1', app: each.app, from: each.from }));
          break;
        case 'keep':
          await holding.decide('keep_forfeited', { book: 'dev_1', ...each.part });
          break;
        default: {
          const hold = this.#holds[each.place] ?? 'none';
          await holding.decide(each.kind, { hold, ...each.part, keep_holding: each.keepHolding });
        }
      }
      return null;
    } catch (error) {
      if (isRefusal(error)) return error.code;
      throw error;
    }
  }
}

interface Earned {
  readonly app: string;
  readonly day: string;
  readonly cents: number;
  readonly id: string;
  invalidation: string | null;
}

/** Half of it. */
function developerNanos(cents: number): bigint {
  return (BigInt(cents) * CENT) / 2n;
}

function priceOf(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}
