/** An incentive fund as docs/funds.md tells it, written from that page alone: nothing here comes from the program. */
import { Exact, halfEven } from './rounding.ts';

interface Claim {
  readonly app: string;
  readonly day: string;
  claim: bigint;
  awarded: bigint;
}

export interface FundTerms {
  readonly points: string;
  readonly category: string;
  readonly budgetNanos: bigint;
}

export class FundModel {
  readonly #terms: FundTerms;
  readonly #claims = new Map<string, Claim>();
  readonly #pay: (app: string, day: string, changeNanos: bigint) => void;
  budget: bigint;
  returned = 0n;
  isClosed = false;

  /** `pay`: called with every award and, negative, whatever is taken back. */
  constructor(terms: FundTerms, pay: FundModel['award']) {
    this.#terms = terms;
    this.#pay = pay;
    this.budget = terms.budgetNanos;
  }

  award(app: string, day: string, changeNanos: bigint): void {
    const claim = this.#claims.get(`${app} ${day}`);
    if (claim !== undefined) claim.awarded += changeNanos;
    this.#pay(app, day, changeNanos);
  }

  /** What an app earned on a day as it is settled now. */
  find(app: string, day: string, { category, grossNanos }: { readonly category: string; readonly grossNanos: bigint }) {
    if (category !== this.#terms.category) return;
    const claim = halfEven(new Exact(String(grossNanos)).times(this.#terms.points));
    const found = this.#claims.get(`${app} ${day}`) ?? { app, day, claim, awarded: 0n };
    found.claim = claim;
    this.#claims.set(`${app} ${day}`, found);
  }

  step(): void {
    for (const { app, day, claim, awarded } of this.claims) if (awarded > claim) this.award(app, day, claim - awarded);
    if (this.isClosed) {
      this.returned += this.left;
      return;
    }
    for (const day of [...new Set(this.claims.map(each => each.day))].sort()) {
      const lacking = this.claims.filter(each => each.day === day && each.claim > each.awarded);
      for (const [{ app }, part] of parts(this.left, lacking)) if (part > 0n) this.award(app, day, part);
    }
  }

  close(): void {
    this.isClosed = true;
    this.step();
  }

  get left(): bigint {
    return this.budget - this.awarded - this.returned;
  }

  get awarded(): bigint {
    return this.claims.reduce((sum, each) => sum + each.awarded, 0n);
  }

  get claims(): Claim[] {
    return [...this.#claims.values()].map(each => ({ ...each }));
  }
}

/** What each gets of a day: all, or shares in proportion, floored, the rest to the largest remainders, of equal ones to the lower ids. */
function parts(left: bigint, lacking: readonly Claim[]): [Claim, bigint][] {
  const needs = lacking.map(each => ({ each, need: each.claim - each.awarded }));
  const total = needs.reduce((sum, { need }) => sum + need, 0n);
  if (total <= left) return needs.map(({ each, need }) => [each, need]);
  const shares = needs.map(({ each, need }) => ({ each, part: (left * need) / total, rest: (left * need) % total }));
  shares.sort((a, b) => (a.rest === b.rest ? (a.each.app < b.each.app ? -1 : 1) : a.rest > b.rest ? -1 : 1));
  const over = Number(left - shares.reduce((sum, { part }) => sum + part, 0n));
  return shares.map(({ each, part }, place) => [each, place < over ? part + 1n : part]);
}
