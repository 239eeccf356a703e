import type pg from 'pg';
import { addDays, type BusinessCalendar, type BusinessDay, daysInRange, firstOfMonth } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { type Deduction, deductionChanges, deductionsOfDeveloper, recordedDeductions } from '../earnings/deductions.ts';
import { EarningsFold, type UnitEarnings } from '../earnings/earnings-fold.ts';
import { dueDaysOfDeveloper, earningsOfDeveloper } from '../earnings/earnings-of-developer.ts';
import { invalidEarningsOfDeveloper } from '../earnings/invalid-earnings.ts';
import { addUpMonth, type MonthBefore, readMonthBefore } from '../earnings/month-gross.ts';
import { readAppDaysAt } from '../events/app-days-at.ts';
import { countWaitingBatchesAt } from '../events/batches-of-day.ts';
import { type AppDayTrace, traceAppDay } from '../events/trace-app-day.ts';
import { knowsMonthlyPlans } from '../plans/stored-plans.ts';
import { deriveTraffic } from '../settlement/deduct-traffic.ts';
import type { Cutoff } from './explain-cutoff.ts';
import { type InvalidTraffic, inOrder } from './invalid-traffic.ts';

export interface AppDay {
  readonly bucket: number;
  readonly developerId: string;
  readonly appId: string;
  readonly day: BusinessDay;
  readonly calendar: BusinessCalendar;
}

/** What an app's day earned and what of it does not count, by what was known at a cutoff. */
export interface DayEvidence {
  /** Less deductions. */
  readonly earnings: readonly Readonly<UnitEarnings>[];
  readonly invalid: readonly InvalidTraffic[];
  readonly monthBefore: MonthBefore;
  readonly trace: AppDayTrace;
}

/**
 * From what is stored: `earnings` are what all batches come to. Deductions are as the last run left them, but of days that are due,
 * whose next run will derive them again, as they are derived here.
 */
export async function evidenceNow(
  tx: pg.ClientBase,
  of: AppDay & { readonly cutoff: Cutoff; readonly maxTracedLines: number },
): Promise<DayEvidence> {
  const { bucket, developerId, appId, day, calendar } = of;
  const app = { bucket, developerId, appId };
  const isMonthly = await knowsMonthlyPlans(tx);
  const days = isMonthly ? [...daysBefore(day), day] : [day];
  const due = await dueDaysOfDeveloper(tx, { bucket, developerId, days });
  const derived = new Map<BusinessDay, readonly Deduction[]>();
  // What the next run will change about recorded deductions.
  const changes = new Map<BusinessDay, readonly Deduction[]>();
  for (const dueDay of due) {
    const before = await recordedDeductions(tx, { bucket, day: dueDay, developerIds: [developerId] });
    const after = await derivedDeductions(tx, { ...of, day: dueDay });
    derived.set(dueDay, after);
    changes.set(dueDay, ofApp(appId, deductionChanges({ before, after })));
  }
  const earned = await earningsOfDeveloper(tx, { ...app, days: [day] });
  const deductions = derived.get(day) ?? (await deductionsOfDeveloper(tx, { ...app, days: [day] }));
  const monthStored = await readMonthBefore(tx, { bucket, day, apps: [{ appId, developerId }] });
  const monthChanges = addUpMonth(daysBefore(day).flatMap(each => changes.get(each) ?? []));
  return {
    earnings: lessDeductions(earned, { day, deductions: changes.get(day) ?? [] }),
    invalid: inOrder([
      ...(await invalidEarningsOfDeveloper(tx, { ...app, days: [day] })).map(neverEarned),
      ...ofApp(appId, deductions).map(each => ({ ...each, businessDay: day, isDeducted: true })),
    ]),
    monthBefore: each => nanos(monthStored(each) - monthChanges(each)),
    trace: await traceAppDay(tx, { ...app, day, calendar, maxLines: of.maxTracedLines }),
  };
}

/** From the batches up to the cutoff, read again, and what was recorded up to its version: as a run of that cutoff sees it. */
export async function evidenceAt(tx: pg.ClientBase, of: AppDay & { readonly cutoff: Cutoff }): Promise<DayEvidence> {
  const { bucket, appId, day, cutoff } = of;
  const isMonthly = await knowsMonthlyPlans(tx);
  const from = isMonthly ? firstOfMonth(day) : day;
  const read = await readAppDaysAt(tx, { ...of, from, to: day, cutoffSeq: cutoff.seq });
  const earlier = read.earnings.filter(row => row.businessDay < day);
  const before: { appId: string; currency: string; grossNanos: Nanos }[] = [...earlier];
  for (const businessDay of new Set(earlier.map(row => row.businessDay))) {
    for (const each of await derivedDeductions(tx, { ...of, day: businessDay })) {
      before.push({ ...each, grossNanos: nanos(-each.grossNanos) });
    }
  }
  const deductions = ofApp(appId, await derivedDeductions(tx, of));
  return {
    earnings: lessDeductions(
      read.earnings.filter(row => row.businessDay === day),
      { day, deductions },
    ),
    invalid: inOrder([
      ...read.invalid.filter(row => row.businessDay === day).map(neverEarned),
      ...deductions.map(each => ({ ...each, businessDay: day, isDeducted: true })),
    ]),
    monthBefore: addUpMonth(before),
    trace: {
      traces: read.traces,
      unreadBatches: 0,
      waitingBatches:
        cutoff.instant === null ? 0 : await countWaitingBatchesAt(tx, { bucket, day, instant: cutoff.instant }),
    },
  };
}

async function derivedDeductions(
  tx: pg.ClientBase,
  { bucket, developerId, day, calendar, cutoff }: Omit<AppDay, 'appId'> & { readonly cutoff: Cutoff },
): Promise<readonly Deduction[]> {
  const { seq: cutoffSeq, referenceVersion } = cutoff;
  const ofDay = { bucket, day, developerIds: [developerId], cutoffSeq, referenceVersion, calendar };
  return (await deriveTraffic(tx, ofDay)).deductions;
}

function ofApp(appId: string, deductions: readonly Deduction[]): Deduction[] {
  return deductions.filter(each => each.appId === appId);
}

function daysBefore(day: BusinessDay): BusinessDay[] {
  const from = firstOfMonth(day);
  return from === day ? [] : daysInRange({ from, to: addDays(day, -1) });
}

/** An ad unit whose events are all deducted stands there with nothing. */
function lessDeductions(
  earnings: readonly Readonly<UnitEarnings>[],
  { day, deductions }: { readonly day: BusinessDay; readonly deductions: readonly Deduction[] },
): Readonly<UnitEarnings>[] {
  const fold = new EarningsFold();
  for (const row of earnings) fold.add(row, row);
  for (const { impressions, clicks, grossNanos, ...unit } of deductions) {
    fold.add({ ...unit, businessDay: day }, { impressions: -impressions, clicks: -clicks, grossNanos: -grossNanos });
  }
  return fold.sorted();
}

function neverEarned(row: Omit<InvalidTraffic, 'invalidationId' | 'isDeducted'>): InvalidTraffic {
  return { ...row, invalidationId: null, isDeducted: false };
}
