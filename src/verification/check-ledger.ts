import type pg from 'pg';
import { loadProviders, type ProviderBook } from '../catalog/provider-book.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { formatDecimal } from '../domain/nanos.ts';
import type { UnitEarnings } from '../earnings/earnings-fold.ts';
import { addUpMonth, MONTH_NOT_READ, type MonthBefore } from '../earnings/month-gross.ts';
import { postedOn } from '../ledger/posted.ts';
import { ledgerDays } from '../ledger/stored-transfers.ts';
import type { PlanBook } from '../plans/plan-book.ts';
import { loadPlans } from '../plans/stored-plans.ts';
import type { RecordedResult } from '../settlement/runs.ts';
import type { AppGross } from '../settlement/worth-of-apps.ts';
import { checkDeductions } from './check-deductions.ts';
import { checkRuns } from './check-runs.ts';
import { checkSettlements } from './check-settlements.ts';
import { type DerivedDeductions, lessDeductions } from './derived-deductions.ts';
import type { Difference } from './difference.ts';
import { grossByApp } from './gross-by-app.ts';
import { daysBefore, type KnownAtCutoffs } from './known-at-cutoffs.ts';
import { differingParts, worthByPart } from './worth-by-part.ts';

export interface LedgerCheck {
  readonly bucket: number;
  /** From the replayed events, in key order. */
  readonly earnings: readonly UnitEarnings[];
  /** `day developer` of what is due: pending, not differing. */
  readonly due: ReadonlySet<string>;
  readonly runs: readonly RecordedResult[];
  readonly knownAtCutoffs: KnownAtCutoffs;
  readonly derived: DerivedDeductions;
  /** The bucket's last batch that was processed. */
  readonly cutoffSeq: number;
  readonly referenceVersion: number;
  readonly report: (difference: Difference) => void;
}

/**
 * Compares what was posted with what replayed earnings are worth, after each run by what it knew and now by what is known now, and
 * the runs' records with what was posted. Returns the number of transfers in the bucket.
 */
export async function checkLedger(client: pg.ClientBase, check: LedgerCheck): Promise<number> {
  const { referenceVersion } = check;
  const providers = await loadProviders(client, { referenceVersion, appIds: check.earnings.map(row => row.appId) });
  await checkDeductions(client, check);
  const { told, upToDate } = await checkSettlements(client, { ...check, providers });
  let plans: PlanBook | null = null;
  const earningsByDay = Map.groupBy(check.earnings, row => row.businessDay);
  const posted = await ledgerDays(client, check.bucket);
  for (const day of [...new Set([...earningsByDay.keys(), ...posted])].sort()) {
    const earnings = earningsByDay.get(day) ?? [];
    const unplanned = upToDate.get(day);
    if (unplanned !== undefined) {
      checkUnplanned(check, { day, unplanned });
      continue;
    }
    const isSettled = earnings.some(({ developerId }) => !check.due.has(`${day} ${developerId}`));
    // Nothing is said of a day that waits for its first run.
    if (!isSettled && !posted.includes(day)) continue;
    plans ??= await loadPlans(client, referenceVersion, check.earnings);
    const before = plans.knowsMonths ? daysBefore(day).flatMap(each => earningsByDay.get(each) ?? []) : null;
    const known = { day, cutoffSeq: check.cutoffSeq, referenceVersion };
    const monthBefore = before === null ? MONTH_NOT_READ : await check.derived.monthBefore(addUpMonth(before), known);
    const deductions = isSettled ? await check.derived.at(known) : [];
    const grosses = lessDeductions(grossByApp(earnings), deductions);
    await checkDay(client, check, { day, plans, providers, told, grosses, monthBefore });
  }
  return await checkRuns(client, check);
}

interface DayCheck {
  readonly day: BusinessDay;
  readonly plans: PlanBook;
  readonly providers: ProviderBook;
  readonly grosses: readonly AppGross[];
  readonly monthBefore: MonthBefore;
  /** `day part` of differences that were reported. */
  readonly told: ReadonlySet<string>;
}

async function checkDay(
  client: pg.ClientBase,
  check: LedgerCheck,
  { day, plans, providers, grosses: all, monthBefore, told }: DayCheck,
): Promise<void> {
  const { bucket, due, referenceVersion, report } = check;
  const isSettled = ({ developerId }: { readonly developerId: string }) => !due.has(`${day} ${developerId}`);
  const grosses = all.filter(isSettled);
  const worth = await worthByPart(client, { day, referenceVersion, plans, providers, grosses, monthBefore });
  const posted = (await postedOn(client, { bucket, day })).filter(isSettled);
  for (const { part, worthNanos, postedNanos } of differingParts(worth, posted)) {
    const where = `${day} ${part}`;
    if (told.has(where)) continue;
    const [expected, found] = [formatDecimal(worthNanos, 2), formatDecimal(postedNanos, 2)];
    report({ table: 'transfers', where, expected, found });
  }
  checkUnplanned(check, { day, unplanned: worth.unplanned });
}

/** An app that no plan covers stays due. */
function checkUnplanned(
  { bucket, due, report }: LedgerCheck,
  { day, unplanned }: { readonly day: BusinessDay; readonly unplanned: ReadonlyMap<string, AppGross> },
): void {
  for (const [app, { developerId }] of unplanned) {
    if (due.has(`${day} ${developerId}`)) continue;
    const where = `bucket ${bucket} ${day} ${app}`;
    report({ table: 'due_days', where, expected: 'a due day, for no plan covers the app', found: 'a settled one' });
  }
}
