/** A book under review as docs/holds.md tells it, written from that page alone: nothing here comes from the program. */
interface Day {
  readonly app: string;
  readonly day: string;
  /** The developer's part of what is known to be earned, less what is known not to count. */
  earned: bigint;
  posted: bigint;
  payable: bigint;
  held: bigint;
  forfeited: bigint;
  kept: bigint;
}

export interface Part {
  readonly app: string | null;
  readonly from: string | null;
  readonly to: string | null;
}

interface ModelHold {
  readonly app: string | null;
  inForce: boolean;
}

export class HoldsModel {
  readonly #days = new Map<string, Day>();
  readonly holds: ModelHold[] = [];
  #adjusted = 0n;

  #day(app: string, day: string): Day {
    const key = `${app} ${day}`;
    const nothing = { earned: 0n, posted: 0n, payable: 0n, held: 0n, forfeited: 0n, kept: 0n };
    const found = this.#days.get(key) ?? { app, day, ...nothing };
    this.#days.set(key, found);
    return found;
  }

  /** Negative: it turned out not to count. */
  earn(app: string, day: string, developerNanos: bigint): void {
    this.#day(app, day).earned += developerNanos;
  }

  settle(day: string): void {
    for (const each of this.#days.values()) if (each.day === day) this.#post(each);
  }

  /** What all that is known is worth to the developer now, instead of what was; the day is settled. */
  settleTo(app: string, day: string, developerNanos: bigint): void {
    const each = this.#day(app, day);
    each.earned = developerNanos;
    this.#post(each);
  }

  /** What a fund gives on top or, negative, takes back. */
  award(app: string, day: string, changeNanos: bigint): void {
    this.#take(this.#day(app, day), changeNanos);
  }

  #post(day: Day): void {
    const difference = day.earned - day.posted;
    day.posted = day.earned;
    this.#take(day, difference);
  }

  #take(day: Day, difference: bigint): void {
    day.payable += difference;
    if (difference > 0n && this.#isHeld(day.app)) move(day, 'payable', 'held', difference);
    if (difference >= 0n) return;
    let lacking = -difference;
    lacking -= move(day, 'held', 'payable', min(day.held, lacking));
    move(day, 'forfeited', 'payable', min(day.forfeited, lacking));
  }

  adjust(amountNanos: bigint): void {
    this.#adjusted += amountNanos;
  }

  hold(app: string | null, from: string | null): void {
    this.holds.push({ app, inForce: true });
    if (from === null) return;
    let owed = this.payable;
    const newestFirst = [...this.#days.values()].sort((a, b) => order(b.day, a.day) || order(a.app, b.app));
    for (const day of newestFirst) {
      if (day.day < from || (app !== null && day.app !== app)) continue;
      const taken = min(day.payable, owed);
      if (taken > 0n) owed -= move(day, 'payable', 'held', taken);
    }
  }

  /** What becomes of a hold, or why it can't. */
  end(place: number, deed: 'release' | 'forfeit', part: Part & { readonly keepHolding: boolean }): string | null {
    const hold = this.holds[place];
    if (hold === undefined) return 'unknown_hold';
    if (!hold.inForce) return 'hold_ended';
    if (part.app !== null && hold.app !== null && part.app !== hold.app) return 'not_held';
    const under = [...this.#days.values()].filter(day => day.held > 0n && (hold.app ?? day.app) === day.app);
    hold.inForce = false;
    const isFree = (day: Day) => !this.#isHeld(day.app);
    const moved = under.filter(day => isIn(day, part) && (deed === 'forfeit' || isFree(day)));
    const left = under.filter(day => !moved.includes(day) && isFree(day));
    hold.inForce = true;
    if (part.keepHolding && moved.length === 0) return 'nothing_held';
    if (!part.keepHolding && left.length > 0) return 'hold_needed';
    hold.inForce = part.keepHolding;
    for (const day of moved) move(day, 'held', deed === 'release' ? 'payable' : 'forfeited', day.held);
    return null;
  }

  keep(part: Part): string | null {
    const moved = [...this.#days.values()].filter(day => day.forfeited > 0n && isIn(day, part));
    for (const day of moved) move(day, 'forfeited', 'kept', day.forfeited);
    return moved.length === 0 ? 'nothing_forfeited' : null;
  }

  #isHeld(app: string): boolean {
    return this.holds.some(hold => hold.inForce && (hold.app ?? app) === app);
  }

  get payable(): bigint {
    return this.#adjusted + this.#sum('payable');
  }

  get held(): bigint {
    return this.#sum('held');
  }

  get forfeited(): bigint {
    return this.#sum('forfeited');
  }

  get kept(): bigint {
    return this.#sum('kept');
  }

  get posted(): bigint {
    return this.#sum('posted');
  }

  /** `app day: payable held forfeited` where any of them is not nothing. */
  standing(): string[] {
    const days = [...this.#days.values()].filter(day => day.payable !== 0n || day.held !== 0n || day.forfeited !== 0n);
    return days
      .map(({ app, day, payable, held, forfeited }) => `${app} ${day}: ${payable} ${held} ${forfeited}`)
      .sort();
  }

  #sum(what: 'payable' | 'held' | 'forfeited' | 'kept' | 'posted'): bigint {
    return [...this.#days.values()].reduce((sum, day) => sum + day[what], 0n);
  }
}

type Pot = 'payable' | 'held' | 'forfeited' | 'kept';

function move(day: Day, from: Pot, to: Pot, nanos: bigint): bigint {
  day[from] -= nanos;
  day[to] += nanos;
  return nanos;
}

function isIn(day: Day, { app, from, to }: Part): boolean {
  return (app ?? day.app) === day.app && (from ?? day.day) <= day.day && day.day <= (to ?? day.day);
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

function order(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
