import type pg from 'pg';
import type { BusinessCalendar, BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import type { Deduction } from '../earnings/deductions.ts';
import type { UnitEarnings } from '../earnings/earnings-fold.ts';
import type { MonthBefore } from '../earnings/month-gross.ts';
import { deriveFrom } from '../settlement/deduct-traffic.ts';
import type { AppGross } from '../settlement/worth-of-apps.ts';
import { standingInvalidations } from '../traffic/stored-invalidations.ts';
import type { EventReferences } from './event-references.ts';
import { daysBefore } from './known-at-cutoffs.ts';
import type { ReplayedEvents } from './replayed-events.ts';

interface KnownDay {
  readonly day: BusinessDay;
  readonly cutoffSeq: number;
  readonly referenceVersion: number;
}

/** What was to be deducted from days of a bucket by what was known at cutoffs: derived again from the replayed events, each once. */
export class DerivedDeductions {
  readonly #client: pg.ClientBase;
  readonly #references: EventReferences;
  readonly #calendar: BusinessCalendar;
  readonly #events: ReplayedEvents | null;
  readonly #developers: ReadonlyMap<BusinessDay, readonly string[]>;
  readonly #known = new Map<string, readonly Deduction[]>();

  /**
   * `events`: null where no rule was ever recorded by which any could be invalid for others' sake. `earnings`: from the replayed events;
   * whoever has none on a day has nothing to be deducted from.
   */
  constructor(
    client: pg.ClientBase,
    {
      references,
      calendar,
      events,
      earnings,
    }: {
      readonly references: EventReferences;
      readonly calendar: BusinessCalendar;
      readonly events: ReplayedEvents | null;
      readonly earnings: readonly UnitEarnings[];
    },
  ) {
    this.#client = client;
    this.#references = references;
    this.#calendar = calendar;
    this.#events = events;
    const byDay = Map.groupBy(earnings, row => row.businessDay);
    this.#developers = new Map(
      [...byDay].map(([day, rows]) => [day, [...new Set(rows.map(row => row.developerId))]] as const),
    );
  }

  async at(known: KnownDay): Promise<readonly Deduction[]> {
    const developerIds = this.#developers.get(known.day);
    if (this.#events === null || developerIds === undefined) return [];
    const key = `${known.day} ${known.cutoffSeq} ${known.referenceVersion}`;
    let deductions = this.#known.get(key);
    if (deductions === undefined) {
      const { judge } = await this.#references.at(this.#client, known.referenceVersion);
      const standing = await standingInvalidations(this.#client, { ...known, developerIds });
      const atHand = { policies: judge.policies, standing, events: this.#events.upTo(known.cutoffSeq) };
      ({ deductions } = await deriveFrom(atHand, { day: known.day, calendar: this.#calendar }));
      this.#known.set(key, deductions);
    }
    return deductions;
  }

  /** What apps earned in the month before a day, less what was to be deducted from it. */
  async monthBefore(earned: MonthBefore, known: KnownDay): Promise<MonthBefore> {
    const sums = new Map<string, bigint>();
    for (const day of daysBefore(known.day)) {
      for (const deduction of await this.at({ ...known, day })) {
        const key = keyOf(deduction);
        sums.set(key, (sums.get(key) ?? 0n) + deduction.grossNanos);
      }
    }
    return app => nanos(earned(app) - (sums.get(keyOf(app)) ?? 0n));
  }
}

/** What is left of what apps earned on a day. */
export function lessDeductions(grosses: readonly AppGross[], deductions: readonly Deduction[]): AppGross[] {
  if (deductions.length === 0) return [...grosses];
  const sums = new Map<string, Nanos>();
  for (const deduction of deductions) {
    const key = keyOf(deduction);
    sums.set(key, nanos((sums.get(key) ?? 0n) + deduction.grossNanos));
  }
  return grosses.map(app => ({ ...app, grossNanos: nanos(app.grossNanos - (sums.get(keyOf(app)) ?? 0n)) }));
}

/** An app belongs to one developer. */
function keyOf({ appId, currency }: { readonly appId: string; readonly currency: string }): string {
  return `${appId}\0${currency}`;
}
