import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isRefusal } from '../../src/domain/errors.ts';
import { Deciding, PERSONS } from '../support/deciding.ts';
import { slowRuns } from '../support/runs.ts';
import { SettlementSystem } from '../support/settlement-system.ts';
import { DAYS, history, type Step, type Vote, type Wish } from './decision-histories.ts';
import { type Asked, DecisionsModel, type Deed, WORLD } from './decisions-model.ts';
import { fileOf, modelState, systemState } from './decisions-side-by-side.ts';

const { options, limitMs } = slowRuns(6);
const NOW = '2018-04-14T09:00:00+08:00';
const SHARE = '0.5';

let deciding: Deciding;
beforeAll(async () => {
  deciding = new Deciding(await SettlementSystem.open({ bucketCount: 4, now: NOW }));
});
afterAll(async () => await deciding.system.drop());

test(
  'whatever is earned, decided in any order, by two at once too, and granted comes out as the pages tell it',
  async () => {
    await fc.assert(fc.asyncProperty(history, runHistory), options);
  },
  limitMs,
);

async function runHistory(steps: readonly Step[]): Promise<void> {
  await begin();
  const run = new History();
  for (const [number, step] of steps.entries()) {
    const when = `step ${number}: ${text(step)}`;
    await run.take(step, when);
    await expectSame(run.model, when);
  }
  for (const day of DAYS) await run.settle(day);
  await expectSame(run.model, 'after all');
  const ledger = await deciding.system.ledger();
  await begin();
  for (const deed of run.deeds) await inSystem(deed);
  expect(await deciding.system.ledger(), 'the same in the order in which it took effect').toEqual(ledger);
}

/** Everything from the beginning, in an emptied database. */
async function begin(): Promise<void> {
  const { system } = deciding;
  await system.reset(NOW);
  const books = [...new Set(Object.values(WORLD).map(({ book }) => book))];
  await system.importCatalog({
    developers: books.map(id => ({ id, name: id, type: 'company', country: 'CN' })),
    apps: Object.entries(WORLD).map(([id, { book, category }]) => ({ id, developer_id: book, name: id, category })),
    ad_units: Object.keys(WORLD).map(id => ({ id: `${id}_unit`, app_id: id, format: 'banner' })),
  });
  await deciding.importPersons(PERSONS.filter(person => !('book' in person)));
  await inSystem({ deed: 'apply', id: 'plan', asked: { kind: 'plan', share: SHARE } });
}

/** The model beside the system, and the laws that hold whatever the model says. */
async function expectSame(model: DecisionsModel, when: string): Promise<void> {
  const { system } = deciding;
  expect(await systemState(system), when).toEqual(modelState(model));
  const balances = await system.balances();
  for (const { account, nanos, developerId } of balances) {
    if (['held', 'forfeited', 'fund_available'].includes(account))
      expect(nanos >= 0n, `${when}: ${developerId}`).toBe(true);
  }
  for (const [book, own] of Map.groupBy(balances, each => each.developerId)) {
    expect(
      own.reduce((sum, { nanos }) => sum + nanos, 0n),
      `${when}: ${book} balances`,
    ).toBe(0n);
  }
  for (const [id, fund] of model.funds) {
    expect(fund.awarded <= fund.budget, `${when}: ${id}`).toBe(true);
    for (const { claim, awarded } of fund.claims) {
      // A decision changes no claim before the next run does.
      expect(awarded >= 0n && awarded <= claim, `${when}: ${id}`).toBe(true);
      if (model.isGranted && awarded < claim) expect(fund.isClosed || fund.left === 0n, `${when}: ${id}`).toBe(true);
    }
  }
  expect((await system.trialBalance()).balanced, when).toBe(true);
  expect((await system.verify()).differences, when).toEqual([]);
}

/** Does it in the system, a decision by two persons; null, or why it can't be done. */
async function inSystem(deed: Deed): Promise<string | null> {
  const { system } = deciding;
  return await codeOf(async () => {
    if (deed.deed === 'settle') {
      await system.settle(deed.day);
      await system.grantPending();
    } else if (deed.deed === 'earn') {
      await system.take([fileOf.event(deed)]);
    } else {
      await deciding.propose(fileOf.decision(deed.id, deed.asked));
      await deciding.approve(deed.id);
    }
  });
}

async function codeOf(work: () => Promise<unknown>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    if (isRefusal(error)) return error.code;
    throw error;
  }
}

type Ended = 'applied' | 'rejected' | 'withdrawn';
const ENDS = { approve: 'applied', reject: 'rejected', withdraw: 'withdrawn' } as const;
const MAY = { approve: ['wang.fang', 'zhao.min'], reject: ['wang.fang', 'zhao.min', 'li.wei'] } as const;

interface Proposed {
  readonly id: string;
  readonly asked: Asked;
  readonly proposer: string;
}

/** What has taken effect, in order, and what became of the proposals. */
interface Known {
  readonly deeds: readonly Deed[];
  readonly ended: ReadonlyMap<string, Ended>;
}

class History {
  #known: Known = { deeds: [], ended: new Map() };
  readonly #proposed: Proposed[] = [];
  readonly #events: string[] = [];

  get deeds(): readonly Deed[] {
    return this.#known.deeds;
  }

  get model(): DecisionsModel {
    return DecisionsModel.after(SHARE, this.deeds);
  }

  async take(step: Step, when: string): Promise<void> {
    switch (step.step) {
      case 'earn': {
        const id = `e${this.#events.length}`;
        this.#events.push(id);
        await this.#do({ deed: 'earn', id, app: step.app, day: step.day, nanos: BigInt(step.micros) * 1000n });
        if (step.settled) await this.settle(step.day);
        return;
      }
      case 'settle':
        return await this.settle(step.day);
      case 'propose':
        await this.#propose(step, when);
        if (step.settled !== null) await this.settle(step.settled);
        return;
      case 'vote':
        return await this.#vote([step.vote], when);
      default:
        return await this.#vote(step.votes, when);
    }
  }

  async settle(day: string): Promise<void> {
    await this.#do({ deed: 'settle', day });
  }

  async #do(deed: Deed): Promise<void> {
    expect(await inSystem(deed)).toBeNull();
    this.#known = { ...this.#known, deeds: [...this.deeds, deed] };
  }

  async #propose({ wish, actor, approved }: Extract<Step, { step: 'propose' }>, when: string): Promise<void> {
    const asked = this.#asked(wish);
    const id = `d${this.#proposed.length}`;
    const expected = this.model.do({ deed: 'apply', id, asked });
    expect(await codeOf(() => deciding.propose(fileOf.decision(id, asked), actor)), when).toBe(expected);
    if (expected !== null) return;
    this.#proposed.push({ id, asked, proposer: actor });
    if (approved) await this.#vote([{ place: 0, how: 'approve', actor: 'wang.fang' }], when);
  }

  /** Votes at once: what came of them, and of the money, is what would have come of them one after the other, in either order. */
  async #vote(votes: readonly Vote[], when: string): Promise<void> {
    const named = votes.flatMap(vote => {
      const proposed = this.#proposed.at(-1 - vote.place);
      return proposed === undefined ? [] : [{ ...vote, proposed }];
    });
    const found = await Promise.all(named.map(({ proposed, how, actor }) => said(proposed.id, how, actor)));
    const places = [...named.keys()];
    const state = await systemState(deciding.system);
    const possible = [places, places.toReversed()].map(order => {
      let known = this.#known;
      const answers: string[] = [];
      for (const place of order) {
        const vote = named[place] ?? expect.fail();
        const { answer, after } = outcome(known, vote);
        answers[place] = answer;
        known = after;
      }
      return { answers, known, state: modelState(DecisionsModel.after(SHARE, known.deeds)) };
    });
    const same = possible.find(each => text(each.answers) === text(found) && text(each.state) === text(state));
    if (same === undefined) expect({ answers: found, state }, when).toEqual(possible[0]);
    else this.#known = same.known;
  }

  #asked(wish: Wish): Asked {
    const bookOf = (app: string) => WORLD[app]?.book ?? '';
    switch (wish.kind) {
      case 'hold':
        return { kind: 'hold', book: bookOf(wish.app), app: wish.whole ? null : wish.app, from: wish.from };
      case 'release':
      case 'forfeit':
        return { ...wish, hold: this.#latest('hold', wish.place) };
      case 'keep_forfeited':
        return { ...wish, book: bookOf(wish.app) };
      case 'adjust':
      case 'write_off':
        return { ...wish, book: bookOf(wish.app) };
      case 'invalidate':
        return { kind: 'invalidate', app: wish.app, event: this.#events.at(-1 - wish.place) ?? 'none' };
      case 'reinstate':
        return { kind: 'reinstate', invalidation: this.#latest('invalidate', wish.place) };
      default:
        return wish;
    }
  }

  #latest(kind: Asked['kind'], place: number): string {
    return this.#proposed.filter(({ asked }) => asked.kind === kind).at(-1 - place)?.id ?? 'none';
  }
}

/** What the system answers: `done`, `again`, or the code of the refusal. */
async function said(id: string, how: Vote['how'], actor: string): Promise<string> {
  let fresh = false;
  const code = await codeOf(async () => {
    ({ fresh } = await deciding[how](id, actor));
  });
  return code ?? (fresh ? 'done' : 'again');
}

/** What docs/decisions.md says to a vote. */
function outcome(
  { deeds, ended }: Known,
  { proposed: { id, asked, proposer }, how, actor }: Vote & { readonly proposed: Proposed },
): { answer: string; after: Known } {
  const person = actor.toLowerCase();
  const nothing = (answer: string) => ({ answer, after: { deeds, ended } });
  if (how === 'withdraw' && person !== proposer) return nothing('not_proposer');
  if (how !== 'withdraw' && !MAY[how].some(each => each === person)) return nothing('wrong_role');
  if (how === 'approve' && person === proposer) return nothing('own_decision');
  const end = ended.get(id);
  if (end !== undefined) return nothing(end === ENDS[how] ? 'again' : 'decision_ended');
  const after = { deeds, ended: new Map([...ended, [id, ENDS[how]] as const]) };
  if (how !== 'approve') return { answer: 'done', after };
  const deed: Deed = { deed: 'apply', id, asked };
  const code = DecisionsModel.after(SHARE, deeds).do(deed);
  return code === null ? { answer: 'done', after: { ...after, deeds: [...deeds, deed] } } : nothing(code);
}

function text(value: unknown): string {
  return JSON.stringify(value, (_name, each: unknown) => (typeof each === 'bigint' ? String(each) : each));
}
