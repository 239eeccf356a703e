import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isRefusal } from '../../src/domain/errors.ts';
import { slowRuns } from '../support/runs.ts';
import { SettlementSystem } from '../support/settlement-system.ts';
import { FIRST_CONSENTS, history, invalidation, reference, type Step } from './histories.ts';
import { lines } from './lines.ts';
import { SideBySide } from './side-by-side.ts';
import { deductionsOf, netsOf } from './stored-ledger.ts';
import { APPS, DAYS, EARLY, START } from './world.ts';

const HOUR_MS = 3_600_000;
const { options, limitMs } = slowRuns(6);

let system: SettlementSystem;
beforeAll(async () => {
  system = await SettlementSystem.open({ bucketCount: 4 });
});
afterAll(async () => await system.drop());

/** What is owed and why, however often it was corrected on the way. */
async function outcome() {
  return {
    due: await system.due(),
    earnings: await system.earnings(),
    nets: await netsOf(system.db),
    deductions: await deductionsOf(system.db, new Set()),
  };
}

async function settleAll(): Promise<void> {
  system.now = new Date('2018-03-25T12:00:00+08:00');
  await system.processAll();
  await settleUntilNothingChanges();
}

/** A run may find that a later day, of which nobody has asked for a run yet, has become due. */
async function settleUntilNothingChanges(): Promise<void> {
  const before = await system.due();
  await system.settleDue();
  if (String(await system.due()) !== String(before)) await settleUntilNothingChanges();
}

/** A decision or import with the instant at which it is recorded, whenever it is its turn; or a file of events; or a settlement. */
type Input =
  | { readonly kind: 'reference'; readonly step: Step; readonly at: Date }
  | { readonly kind: 'events'; readonly lines: readonly string[] }
  | { readonly kind: 'settle'; readonly day: string | null };

const FIRST_POLICY: Step = {
  kind: 'import-traffic',
  policies: [{ effective_from: '2018-01-01', checks: { known_bot: false, data_centre: false } }],
  networks: null,
};

/** Each keeps its place among those before it. */
const references = fc
  .tuple(
    fc.subarray([...FIRST_CONSENTS]),
    fc.array(fc.tuple(reference, fc.constantFrom(1, 12, 24)), { minLength: 4, maxLength: 12, size: 'max' }),
  )
  .map(([consents, others]) => {
    let at = Date.parse(EARLY);
    return [...[FIRST_POLICY, ...consents].map(step => [step, 24] as const), ...others].map(([step, hours]): Input => {
      at += hours * HOUR_MS;
      return { kind: 'reference', step, at: new Date(at) };
    });
  });

/** Of one identity only the first content is left. */
const files = fc.array(lines, { minLength: 2, maxLength: 4 }).map(all => {
  const first = new Map<string, string>();
  const isFirst = (line: string) => {
    const identity = identityOf(line);
    if (!first.has(identity)) first.set(identity, line);
    return first.get(identity) === line;
  };
  return all.map((some): Input => ({ kind: 'events', lines: some.filter(isFirst) }));
});

function identityOf(line: string): string {
  try {
    const { type, id, app_id: appId } = JSON.parse(line);
    return JSON.stringify([APPS.find(app => app.id === appId)?.developer_id ?? appId, type, id]);
  } catch {
    return line;
  }
}

/** The inputs in an order in which the decisions keep theirs, with settlements between them. */
const arrangement = fc.tuple(references, files).chain(([decided, events]) =>
  fc.record({
    decided: fc.constant(decided),
    events: fc.constant(events),
    mixed: fc
      .tuple(
        fc.shuffledSubarray([...events], { minLength: events.length }),
        fc.array(fc.nat(decided.length + events.length), { minLength: events.length, maxLength: events.length }),
        fc.array(fc.tuple(fc.nat(30), fc.constantFrom(null, null, ...DAYS)), {
          minLength: 2,
          maxLength: 6,
          size: 'max',
        }),
      )
      .map(([shuffled, places, settlements]) => {
        const all: Input[] = [...decided];
        for (const [index, input] of shuffled.entries()) all.splice(places[index] ?? 0, 0, input);
        for (const [place, day] of settlements) all.splice(place % (all.length + 1), 0, { kind: 'settle', day });
        return all;
      }),
  }),
);

async function take(inputs: readonly Input[]): Promise<Awaited<ReturnType<typeof outcome>>> {
  const both = await SideBySide.begin(system);
  for (const input of inputs) {
    if (input.kind === 'events') {
      await system.ingest(input.lines, { asOf: new Date(START) });
      await system.processAll();
    } else if (input.kind === 'settle') {
      system.now = new Date('2018-03-25T12:00:00+08:00');
      await (input.day === null ? system.settleDue() : system.settle(input.day));
    } else {
      system.now = input.at;
      await both.take(input.step);
    }
  }
  await settleAll();
  const { nets, ...rest } = await outcome();
  // What no plan covers any more is not settled: what was posted before it stays.
  const isCovered = (net: string) => {
    const [day = '', , appId = '', currency = ''] = net.split(' ');
    return both.model.plans.planFor(appId, currency, day) !== null;
  };
  return { ...rest, nets: nets.filter(isCovered) };
}

test(
  'decisions and events in any order come to the same, settled on the way or not',
  async () => {
    let deductions = 0;
    await fc.assert(
      fc.asyncProperty(arrangement, async ({ decided, events, mixed }) => {
        const eventsLast = await take([...decided, ...events]);
        const eventsFirst = await take([...events, ...decided]);
        expect(eventsFirst).toEqual(eventsLast);
        expect(await take(mixed)).toEqual(eventsLast);
        expect((await system.verify()).differences).toEqual([]);
        deductions += eventsLast.deductions.length;
      }),
      options,
    );
    expect(deductions).toBeGreaterThan(0);
  },
  limitMs,
);

test(
  'to invalidate and then to reinstate is nothing',
  async () => {
    let taken = 0;
    const [from = '', to = ''] = [DAYS[0], DAYS.at(-1)];
    const everything = (appId: string) => ({ id: '', appId, slice: { from, to }, reason: 'refund' });
    const decisions = fc
      .array(invalidation, { maxLength: 3, size: 'max' })
      .map(some => [...some, everything('a1'), everything('b1')]);
    await fc.assert(
      fc.asyncProperty(history, decisions, fc.boolean(), async (steps, asked, settled) => {
        const both = await SideBySide.begin(system);
        for (const step of steps) await both.take(step);
        await settleAll();
        const before = await outcome();
        const ledger = await system.ledger();
        // Under ids of their own.
        const ids = asked.map((_, index) => `own-${index}`);
        for (const [index, each] of asked.entries()) {
          await unlessRefused(system.invalidate({ ...each, id: ids[index] ?? '' }));
          if (settled) await system.settleDue();
        }
        taken += (await system.ledger()).length - ledger.length;
        for (const id of ids.toReversed()) await unlessRefused(system.reinstate(id));
        await settleUntilNothingChanges();
        expect(await outcome()).toEqual(before);
        if (!settled) expect(await system.ledger()).toEqual(ledger);
        expect((await system.verify()).differences).toEqual([]);
      }),
      options,
    );
    expect(taken).toBeGreaterThan(0);
  },
  limitMs,
);

async function unlessRefused(work: Promise<unknown>): Promise<void> {
  await work.catch(error => {
    if (!isRefusal(error)) throw error;
  });
}
