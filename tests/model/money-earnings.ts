/** What is earned, settled, found invalid and held back: rules 6, 8, 9, 12 and docs/holds.md, with one plan for all. */
import type { Books } from './money-books.ts';
import { APPS, FUND, PROVIDER, PROVIDERS_APP, RATIO, SHARE } from './money-world.ts';
import { Exact, halfEven } from './rounding.ts';

export interface Click {
  readonly id: string;
  readonly app: string;
  readonly day: string;
  readonly currency: string;
  readonly nanos: bigint;
  readonly acceptedAt: number;
  processed: boolean;
  valid: boolean;
}

/** Why a day is due. */
interface Cause {
  /** Of the click's acceptance or the decision. */
  readonly at: number;
  /** Of the first click that was processed together with it; a decision may always have been known. */
  readonly earliestAt: number;
}

export interface Hold {
  readonly owner: string;
  inForce: boolean;
}

export class Earnings {
  readonly clicks: Click[] = [];
  readonly holds: Hold[] = [];
  /** `day developer`, with what made it so. */
  readonly due = new Map<string, Cause[]>();
  readonly #books: Books;

  constructor(books: Books) {
    this.#books = books;
  }

  process(): void {
    const waiting = this.clicks.filter(click => !click.processed);
    const earliestAt = waiting[0]?.acceptedAt ?? 0;
    for (const click of waiting) {
      click.processed = true;
      this.#mark(click, { at: click.acceptedAt, earliestAt });
    }
  }

  /** Null where there is no such click yet, or it is so already. */
  judge(place: number, valid: boolean, at: number): Click | null {
    const click = this.clicks[place];
    if (click === undefined || !click.processed || click.valid === valid) return null;
    click.valid = valid;
    this.#mark(click, { at, earliestAt: 0 });
    return click;
  }

  #mark({ app, day }: Click, cause: Cause): void {
    const key = `${day} ${APPS[app]}`;
    this.due.set(key, [...(this.due.get(key) ?? []), cause]);
  }

  dueDays(): string[] {
    return [...new Set([...this.due.keys()].map(key => key.slice(0, 10)))].sort();
  }

  settle(day: string, today: string): void {
    for (const key of [...this.due.keys()]) {
      const [on, developer = ''] = key.split(' ');
      if (on !== day) continue;
      this.due.delete(key);
      for (const app of Object.keys(APPS)) if (APPS[app] === developer) this.#settleApp({ app, developer, day, today });
    }
  }

  #settleApp(of: { readonly app: string; readonly developer: string; readonly day: string; readonly today: string }) {
    const { app, developer, day, today } = of;
    const clicks = this.clicks.filter(each => each.app === app && each.day === day && each.processed);
    for (const currency of new Set(clicks.map(click => click.currency))) {
      const counted = clicks.filter(each => each.valid && each.currency === currency);
      const gross = counted.reduce((sum, click) => sum + click.nanos, 0n);
      const total = halfEven(new Exact(String(gross)).times(SHARE));
      const provider = app === PROVIDERS_APP ? halfEven(new Exact(String(total)).times(RATIO)) : 0n;
      const post = (owner: string, [debit, credit]: readonly [string, string], reason: string, worth: bigint) => {
        const posted = this.#books.sum(
          credit,
          move =>
            move.owner === owner &&
            move.app === app &&
            move.day === day &&
            move.currency === currency &&
            move.reason === reason,
        );
        const common = { owner, app, day, currency, payout: null };
        this.#books.post({ ...common, debit, credit, reason, nanos: worth - posted }, today);
        if (credit === 'payable') this.#keepBack({ owner, app, day, currency }, worth - posted, today);
      };
      post(developer, ['ad_revenue', 'platform_share'], 'platform_share', gross - total);
      post(developer, ['ad_revenue', 'payable'], 'developer_share', total - provider);
      if (app === PROVIDERS_APP) {
        post(developer, ['ad_revenue', 'provider_share'], 'provider_share', provider);
        post(PROVIDER.id, ['provider_share', 'payable'], 'provider_income', provider);
      }
      if (currency !== FUND.currency) continue;
      const award = halfEven(new Exact(String(gross)).times(FUND.points));
      post(FUND.id, ['fund_available', 'incentive'], 'award', award);
      post(developer, ['incentive', 'payable'], 'incentive', award);
    }
  }

  /** What is posted under a hold goes on to `held`; what is taken back is taken from held money first, then from forfeited. */
  #keepBack(of: Of, difference: bigint, today: string): void {
    const move = (debit: string, credit: string, reason: string, nanos: bigint) =>
      this.#books.post({ ...of, debit, credit, reason, nanos, payout: null }, today);
    if (difference >= 0n) {
      if (this.#isHeld(of.owner)) move('payable', 'held', 'hold', difference);
      return;
    }
    const fromHeld = least(this.#standing(of, 'held'), -difference);
    move('held', 'payable', 'hold', fromHeld);
    move('forfeited', 'payable', 'forfeiture', least(this.#standing(of, 'forfeited'), -difference - fromHeld));
  }

  #isHeld(owner: string): boolean {
    return this.holds.some(hold => hold.inForce && hold.owner === owner);
  }

  #standing(of: Of, account: string): bigint {
    return this.#books.sum(account, move => isOf(move, of));
  }

  hold(owner: string, from: string, today: string): void {
    this.holds.push({ owner, inForce: true });
    const owed = new Map<string, bigint>();
    const newestFirst = this.#daysOf(owner).sort((a, b) => order(b.day, a.day) || order(a.app, b.app));
    for (const of of newestFirst) {
      const { currency } = of;
      const left =
        owed.get(currency) ?? this.#books.sum('payable', each => each.owner === owner && each.currency === currency);
      const ofDay = this.#books.sum('payable', move => isOf(move, of) && move.reason !== 'adjustment');
      const taken = of.day < from || ofDay <= 0n || left <= 0n ? 0n : least(ofDay, left);
      owed.set(currency, left - taken);
      this.#books.post({ ...of, debit: 'payable', credit: 'held', reason: 'hold', nanos: taken, payout: null }, today);
    }
  }

  /** What becomes of all that a hold holds. */
  endHold(place: number, deed: 'release' | 'forfeit', today: string): string | null {
    const hold = this.holds[place];
    if (hold === undefined) return 'unknown_hold';
    if (!hold.inForce) return 'hold_ended';
    hold.inForce = false;
    // A release leaves held what another hold is in force on.
    if (deed === 'release' && this.#isHeld(hold.owner)) return null;
    const to =
      deed === 'release' ? { credit: 'payable', reason: 'release' } : { credit: 'forfeited', reason: 'forfeiture' };
    for (const of of this.#daysOf(hold.owner)) {
      this.#books.post({ ...of, ...to, debit: 'held', nanos: this.#standing(of, 'held'), payout: null }, today);
    }
    return null;
  }

  #daysOf(owner: string): Of[] {
    const found = new Map<string, Of>();
    for (const { app, day, currency, ...move } of this.#books.moves) {
      if (move.owner === owner && app !== null && day !== null) {
        found.set(`${app} ${day} ${currency}`, { owner, app, day, currency });
      }
    }
    return [...found.values()];
  }
}

interface Of {
  readonly owner: string;
  readonly app: string;
  readonly day: string;
  readonly currency: string;
}

function isOf(move: { [Key in keyof Of]: string | null }, of: Of): boolean {
  return move.owner === of.owner && move.app === of.app && move.day === of.day && move.currency === of.currency;
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
