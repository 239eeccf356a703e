/** Books that events, runs, decisions and funds move, from the pages in docs/; nothing here comes from the program. */
import { FundModel } from './funds-model.ts';
import { HoldsModel, type Part } from './holds-model.ts';
import { Exact, halfEven } from './rounding.ts';

/** The apps there are: their developers, and the categories that funds are for. */
export const WORLD: Readonly<Record<string, { readonly book: string; readonly category: string }>> = {
  app_a1: { book: 'dev_a', category: 'games' },
  app_a2: { book: 'dev_a', category: 'tools' },
  app_b1: { book: 'dev_b', category: 'games' },
};

/** What is asked for alike in every history: it names nothing that was proposed before. */
export type PlainWish =
  | { readonly kind: 'plan'; readonly share: string }
  | {
      readonly kind: 'fund';
      readonly fund: string;
      readonly category: string;
      readonly points: string;
      readonly nanos: bigint;
    }
  | { readonly kind: 'fund_top_up'; readonly fund: string; readonly nanos: bigint }
  | { readonly kind: 'fund_close'; readonly fund: string };

export type Asked =
  | { readonly kind: 'hold'; readonly book: string; readonly app: string | null; readonly from: string | null }
  | {
      readonly kind: 'release' | 'forfeit';
      readonly hold: string;
      readonly part: Part;
      readonly keepHolding: boolean;
    }
  | { readonly kind: 'keep_forfeited'; readonly book: string; readonly part: Part }
  | { readonly kind: 'adjust'; readonly book: string; readonly nanos: bigint }
  | { readonly kind: 'write_off'; readonly book: string; readonly nanos: bigint }
  | { readonly kind: 'invalidate'; readonly app: string; readonly event: string }
  | { readonly kind: 'reinstate'; readonly invalidation: string }
  | PlainWish;

/** What happens to money, in the order in which it does. */
export type Deed =
  | { readonly deed: 'earn'; readonly id: string; readonly app: string; readonly day: string; readonly nanos: bigint }
  | { readonly deed: 'settle'; readonly day: string }
  | { readonly deed: 'apply'; readonly id: string; readonly asked: Asked };

interface Event {
  readonly app: string;
  readonly day: string;
  readonly nanos: bigint;
  /** Invalidations that stand. */
  readonly against: Set<string>;
}

export class DecisionsModel {
  readonly books = new Map<string, HoldsModel>();
  readonly funds = new Map<string, FundModel>();
  readonly #events = new Map<string, Event>();
  readonly #holds = new Map<string, { readonly book: HoldsModel; readonly place: number }>();
  readonly #invalidations = new Map<string, Event>();
  readonly #reinstated = new Set<string>();
  readonly #gross = new Map<string, bigint>();
  #share: string;
  /** No decision has changed what a fund has since it took its last step. */
  isGranted = true;

  constructor(share: string) {
    this.#share = share;
  }

  static after(share: string, deeds: readonly Deed[]): DecisionsModel {
    const model = new DecisionsModel(share);
    for (const deed of deeds) model.do(deed);
    return model;
  }

  /** Null, or why it can't be done. */
  do(deed: Deed): string | null {
    if (deed.deed !== 'earn') this.isGranted = deed.deed === 'settle';
    if (deed.deed === 'apply') return this.#apply(deed.id, deed.asked);
    if (deed.deed === 'settle') this.#settle(deed.day);
    else this.#events.set(deed.id, { app: deed.app, day: deed.day, nanos: deed.nanos, against: new Set() });
    return null;
  }

  /** Gross that is settled, as −`ad_revenue` has it. */
  settledGross(book: string): bigint {
    const own = [...this.#gross].filter(([key]) => WORLD[key.split(' ')[0] ?? '']?.book === book);
    return own.reduce((sum, [, nanos]) => sum + nanos, 0n);
  }

  book(id: string): HoldsModel {
    const found = this.books.get(id) ?? new HoldsModel();
    this.books.set(id, found);
    return found;
  }

  #settle(day: string): void {
    for (const [app, { book, category }] of Object.entries(WORLD)) {
      const events = [...this.#events.values()].filter(each => each.app === app && each.day === day);
      if (events.length === 0) continue;
      const counted = events.filter(each => each.against.size === 0);
      const grossNanos = counted.reduce((sum, each) => sum + each.nanos, 0n);
      this.#gross.set(`${app} ${day}`, grossNanos);
      this.book(book).settleTo(app, day, halfEven(new Exact(String(grossNanos)).times(this.#share)));
      for (const fund of this.funds.values()) fund.find(app, day, { category, grossNanos });
    }
    for (const [, fund] of [...this.funds].sort(([a], [b]) => (a < b ? -1 : 1))) fund.step();
  }

  #apply(id: string, asked: Asked): string | null {
    switch (asked.kind) {
      case 'hold': {
        const book = this.book(asked.book);
        book.hold(asked.app, asked.from);
        this.#holds.set(id, { book, place: book.holds.length - 1 });
        return null;
      }
      case 'release':
      case 'forfeit': {
        const { part, keepHolding } = asked;
        const hold = this.#holds.get(asked.hold);
        return hold?.book.end(hold.place, asked.kind, { ...part, keepHolding }) ?? (hold ? null : 'unknown_hold');
      }
      case 'keep_forfeited':
        return this.book(asked.book).keep(asked.part);
      case 'adjust':
        this.book(asked.book).adjust(asked.nanos);
        return null;
      case 'write_off':
        if (asked.nanos > -this.book(asked.book).payable) return 'not_negative';
        this.book(asked.book).adjust(asked.nanos);
        return null;
      case 'plan':
        this.#share = asked.share;
        return null;
      case 'invalidate':
      case 'reinstate':
        return this.#judge(id, asked);
      default:
        return this.#fund(asked);
    }
  }

  #judge(id: string, asked: Extract<Asked, { readonly kind: 'invalidate' | 'reinstate' }>): string | null {
    if (asked.kind === 'invalidate') {
      const event = this.#events.get(asked.event);
      if (event === undefined || WORLD[event.app]?.book !== WORLD[asked.app]?.book) return 'bad_event_list';
      event.against.add(id);
      this.#invalidations.set(id, event);
      return null;
    }
    const event = this.#invalidations.get(asked.invalidation);
    if (event === undefined) return 'unknown_invalidation';
    if (this.#reinstated.has(asked.invalidation)) return 'already_reinstated';
    this.#reinstated.add(asked.invalidation);
    event.against.delete(asked.invalidation);
    return null;
  }

  #fund(asked: Extract<Asked, { readonly fund: string }>): string | null {
    const fund = this.funds.get(asked.fund);
    if (asked.kind === 'fund') {
      if (fund !== undefined) return 'id_taken';
      const { category, points, nanos: budgetNanos } = asked;
      const pay = (app: string, day: string, nanos: bigint) => this.book(WORLD[app]?.book ?? '').award(app, day, nanos);
      this.funds.set(asked.fund, new FundModel({ category, points, budgetNanos }, pay));
      return null;
    }
    if (fund === undefined) return 'unknown_fund';
    if (fund.isClosed) return 'fund_ended';
    if (asked.kind === 'fund_close') fund.close();
    else fund.budget += asked.nanos;
    return null;
  }
}
