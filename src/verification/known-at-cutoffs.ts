import type { BusinessDay } from '../domain/business-day.ts';
import type { EarningsFold } from '../earnings/earnings-fold.ts';
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

  constructor(runs: readonly SettledAt[]) {
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
      this.#known.set(keyOf(next.day, next.cutoffSeq), grossByApp(earnings.onDay(next.day)));
      this.#waiting.pop();
    }
  }

  grossAt({ day, cutoffSeq }: { readonly day: BusinessDay; readonly cutoffSeq: number }): readonly AppGross[] {
    return this.#known.get(keyOf(day, cutoffSeq)) ?? [];
  }
}

function keyOf(day: BusinessDay, cutoffSeq: number): string {
  return `${day} ${cutoffSeq}`;
}
