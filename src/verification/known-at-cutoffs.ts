import { addDays, type BusinessDay, daysInRange, firstOfMonth } from '../domain/business-day.ts';
import type { EarningsFold } from '../earnings/earnings-fold.ts';
import { addUpMonth, MONTH_NOT_READ, type MonthBefore } from '../earnings/month-gross.ts';
import type { AppGross } from '../settlement/worth-of-apps.ts';
import { grossByApp } from './gross-by-app.ts';

interface SettledAt {
  readonly businessDay: BusinessDay | null;
  readonly cutoffSeq: number;
}

/** What the runs of a bucket could know of their days: the gross of each app from the batches up to the run's cutoff. */
export class KnownAtCutoffs {
  readonly #waiting: { readonly day: BusinessDay; readonly cutoffSeq: number }[] = [];
  readonly #known = new Map<string, AppGross[]>();
  readonly #monthsBefore = new Map<string, MonthBefore>();
  readonly #withMonths: boolean;

  /** `withMonths`: also what the apps had earned in the month before, for plans that go by the month. */
  constructor(runs: readonly SettledAt[], { withMonths }: { readonly withMonths: boolean }) {
    this.#withMonths = withMonths;
    const cutoffs = new Map<string, { day: BusinessDay; cutoffSeq: number }>();
    for (const { businessDay: day, cutoffSeq } of runs) {
      if (day !== null) cutoffs.set(keyOf(day, cutoffSeq), { day, cutoffSeq });
    }
    // The next one stands last.
    this.#waiting = [...cutoffs.values()].sort((a, b) => b.cutoffSeq - a.cutoffSeq);
  }

  /** Keeps what is known at the cutoffs before `seq`; call it before the batch of that place is folded in, and once at the end. */
  keepBefore(seq: number, earnings: EarningsFold): void {
    for (let next = this.#waiting.at(-1); next !== undefined && next.cutoffSeq < seq; next = this.#waiting.at(-1)) {
      const key = keyOf(next.day, next.cutoffSeq);
      this.#known.set(key, grossByApp(earnings.onDay(next.day)));
      if (this.#withMonths) {
        this.#monthsBefore.set(key, addUpMonth(daysBefore(next.day).flatMap(day => earnings.onDay(day))));
      }
      this.#waiting.pop();
    }
  }

  grossAt({ day, cutoffSeq }: { readonly day: BusinessDay; readonly cutoffSeq: number }): readonly AppGross[] {
    return this.#known.get(keyOf(day, cutoffSeq)) ?? [];
  }

  /** Every app that a run could know, once or more. */
  *apps(): Generator<AppGross> {
    for (const apps of this.#known.values()) yield* apps;
  }

  monthBeforeAt({ day, cutoffSeq }: { readonly day: BusinessDay; readonly cutoffSeq: number }): MonthBefore {
    return this.#monthsBefore.get(keyOf(day, cutoffSeq)) ?? MONTH_NOT_READ;
  }
}

/** The days of the month before a day, oldest first. */
export function daysBefore(day: BusinessDay): BusinessDay[] {
  const from = firstOfMonth(day);
  return from === day ? [] : daysInRange({ from, to: addDays(day, -1) });
}

function keyOf(day: BusinessDay, cutoffSeq: number): string {
  return `${day} ${cutoffSeq}`;
}
