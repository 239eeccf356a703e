import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { slowRuns } from '../support/runs.ts';
import { type Deed, deedOf } from './money-deeds.ts';
import {
  type MoneyStep,
  moneyHistory,
  ONCE_THROUGH,
  ONLY_TRANSFERS,
  PAYEES_WISHES,
  together,
} from './money-histories.ts';
import { Comparison, storedLedger } from './money-laws.ts';
import { MoneyModel } from './money-model.ts';
import { MoneySystem } from './money-system.ts';
import { damage, expectSealsBroken } from './seal-damage.ts';

const histories = slowRuns(6);
const replays = slowRuns(2);

let money: MoneySystem;
beforeAll(async () => {
  money = await MoneySystem.open();
});
afterAll(async () => await money.system.drop());

/** How often it came to what. */
const seen = new Map<string, number>();

test(
  'random histories of earning, closing, paying out and late differences come out as the rules tell them',
  async () => {
    await fc.assert(
      fc.asyncProperty(moneyHistory, fc.array(damage, { minLength: 6, maxLength: 6 }), async (steps, damages) => {
        await runHistory(steps);
        for (const each of damages) count(`damage found: ${await expectSealsBroken(money, each)}`);
      }),
      {
        ...histories.options,
        examples: [
          [[...ONCE_THROUGH], []],
          [[...PAYEES_WISHES], []],
        ],
      },
    );
    // Histories in which nothing happens would agree too.
    if (process.env.TELL_SEEN !== undefined) console.log(Object.fromEntries([...seen].sort()));
    for (const often of ['approve-closing: null', 'late', 'payout', 'damage found: true']) {
      expect(seen.get(often), often).toBeGreaterThan(histories.numRuns / 3);
    }
    for (const once of [
      'answer: moves',
      'answer: repeats',
      'exchange',
      'withholding',
      'payout_returned',
      'tax_remitted',
      'release',
      'carried: own_hold',
      'carried: below_minimum',
      'carried: no_destination',
      'carried: no_rate',
      'carried: cancelled at approval',
    ]) {
      expect(seen.get(once), once).toBeGreaterThan(0);
    }
  },
  histories.limitMs,
);

test(
  'what was done, done again in another installation, each deed twice and none that was refused, gives the same ledger',
  async () => {
    const other = await MoneySystem.open();
    try {
      await fc.assert(
        fc.asyncProperty(moneyHistory, async steps => {
          const done = await runHistory(steps);
          await other.restart();
          for (const { deed, found } of done) {
            if (isRefused(deed, found)) continue;
            expect(await other.take(deed), tell(deed)).toBe(found);
            await other.take(deed);
          }
          expect(await storedLedger(other)).toEqual(await storedLedger(money));
          expect((await other.system.verify()).differences).toEqual([]);
        }),
        replays.options,
      );
    } finally {
      await other.system.drop();
    }
  },
  replays.limitMs,
);

test(
  'whatever is done at the same time, each deed by two, the books add up',
  async () => {
    await fc.assert(
      fc.asyncProperty(moneyHistory, together, async (steps, atOnce) => {
        const { model, comparison } = await follow(steps);
        const deeds = atOnce.map(step => {
          model.pass(step);
          return deedOf(step, model);
        });
        const at = model.now;
        const outcomes = await Promise.allSettled(
          deeds.flatMap(deed => [deed, deed]).map(async deed => await money.take({ ...deed, at })),
        );
        const failures = outcomes.flatMap(each => (each.status === 'rejected' ? [each.reason] : []));
        expect(failures).toEqual([]);
        await comparison.expectLaws('after what was done at once');
      }),
      replays.options,
    );
  },
  replays.limitMs,
);

test('the only transfer of a book in a half-month is covered by the seals of that half-month alone', async () => {
  await runHistory(ONLY_TRANSFERS);
  const { rows: transfers } = await money.system.db.query('select from transfers');
  for (const place of transfers.keys()) {
    for (const deed of COVERED_TWICE) await expectSealsBroken(money, { place, deed });
  }
});

/** What takes a book out of a half-month, or puts one into it. */
const COVERED_TWICE = ['deleted', 'copied', 'developer_id', 'currency', 'the half-month before'] as const;

interface Done {
  readonly deed: Deed;
  readonly found: string | null;
}

async function runHistory(steps: readonly MoneyStep[]): Promise<Done[]> {
  const { done, model, comparison } = await follow(steps);
  await comparison.expectStatements('at the end');
  await comparison.expectSound('at the end');
  for (const what of model.told()) count(what);
  return done;
}

async function follow(steps: readonly MoneyStep[]) {
  await money.restart();
  const model = new MoneyModel();
  const comparison = new Comparison(model, money);
  const done: Done[] = [];
  for (const step of steps) {
    model.pass(step);
    const deed = deedOf(step, model);
    if (deed.kind === 'nothing') continue;
    const when = `after ${done.length} deeds, ${tell(deed)}`;
    const found = await money.take(deed);
    expect(found, when).toBe(model.take(deed, found));
    done.push({ deed, found });
    count(`${deed.kind}: ${deed.kind === 'draw-up' ? 'drawn up' : found}`);
    await comparison.expectSame(when);
    if (SHOWS_STATEMENTS.includes(deed.kind)) await comparison.expectStatements(when);
  }
  return { done, model, comparison };
}

const SHOWS_STATEMENTS: readonly Deed['kind'][] = ['issue', 'approve-closing', 'close-due'];

function isRefused({ kind }: Deed, found: string | null): boolean {
  // Earned, though it could not be settled yet; the others tell something that is no refusal.
  return found !== null && !['earn', 'draw-up', 'answer'].includes(kind) && !/^(sent|closed) /.test(found);
}

function count(what: string): void {
  seen.set(what, (seen.get(what) ?? 0) + 1);
}

function tell(deed: Deed): string {
  return JSON.stringify(deed, (_key, value) => (typeof value === 'bigint' ? String(value) : value));
}
