import type pg from 'pg';
import { categoriesOn, categoryChangeDays } from '../catalog/categories.ts';
import { developersOfApps } from '../catalog/known-ids.ts';
import { addDays, type BusinessDay, daysBetween, daysInRange, firstOfMonth } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';
import { type DayGross, developerTotal } from '../domain/worth.ts';
import { type AppGrosses, grossesByApp, hasEarnings } from '../earnings/app-grosses.ts';
import type { Plan } from '../plans/plan.ts';
import type { PlanBook } from '../plans/plan-book.ts';
import type { PlanFile } from '../plans/plan-file.ts';
import { type SimulatedPlans, simulatedPlans } from '../plans/simulated-plans.ts';

const MAX_DAYS = 400;

export interface SimulationRange {
  readonly from: BusinessDay;
  /** Inclusive; at most 400 days. */
  readonly to: BusinessDay;
}

/** What a developer's apps earned and were worth to the developer in one currency; before the part of any service provider. */
export interface SimulatedDeveloper {
  readonly developerId: string;
  readonly currency: string;
  readonly grossNanos: Nanos;
  readonly presentNanos: Nanos;
  readonly simulatedNanos: Nanos;
  /** Days of apps that no plan covers, which are worth nothing here. */
  readonly presentWithoutPlan: number;
  readonly simulatedWithoutPlan: number;
}

/**
 * What the plans of a file would have paid on the real earnings, against what the present plans pay on the same: each developer once
 * a currency, by bucket, developer and currency. Posts and writes nothing.
 * @param tx a snapshot
 * @throws Refusal `bad_plans`, `bad_range`, `no_earnings`
 */
export async function* simulate(
  tx: pg.ClientBase,
  {
    file,
    range,
    bucketCount,
    onProgress = () => {},
  }: {
    readonly file: PlanFile;
    readonly range: SimulationRange;
    readonly bucketCount: number;
    readonly onProgress?: (bucketsDone: number) => void;
  },
): AsyncGenerator<SimulatedDeveloper> {
  checkRange(range);
  const plans = await simulatedPlans(tx, file);
  if (!(await hasEarnings(tx, { bucketCount, ...range }))) throw noEarnings(range);
  for (let bucket = 0; bucket < bucketCount; bucket += 1) {
    yield* await simulateBucket(tx, { bucket, range, plans });
    onProgress(bucket + 1);
  }
}

function checkRange(range: SimulationRange): void {
  if (daysInRange(range).length <= MAX_DAYS) return;
  throw new Refusal({
    code: 'bad_range',
    message: `${range.from} to ${range.to} is more than ${MAX_DAYS} days`,
    remedy: 'simulate it in parts',
    details: { ...range },
  });
}

function noEarnings({ from, to }: SimulationRange): Refusal {
  return new Refusal({
    code: 'no_earnings',
    message: `nothing was earned from ${from} to ${to}`,
    remedy: 'choose days with earnings, or ingest their events first',
    details: { from, to },
  });
}

interface BucketSimulation {
  readonly bucket: number;
  readonly range: SimulationRange;
  readonly plans: SimulatedPlans;
}

async function simulateBucket(
  tx: pg.ClientBase,
  { bucket, range, plans }: BucketSimulation,
): Promise<SimulatedDeveloper[]> {
  // By the month, the first day's worth depends on the days before it.
  const byMonth = plans.present.knowsMonths || plans.simulated.knowsMonths;
  const firstDay = byMonth ? firstOfMonth(range.from) : range.from;
  const apps = await grossesByApp(tx, { bucket, from: firstDay, to: range.to });
  const appIds = [...new Set(apps.map(app => app.appId))];
  const developers = await developersOfApps(tx, appIds);
  const stretches = await stretchesOf(tx, { appIds, range, firstDay, plans });
  const monthStarts = daysInRange({ from: firstDay, to: range.to }).map(day => day === firstOfMonth(day));
  const sums = new Map<string, DeveloperSum>();
  for (const app of apps) {
    const developerId = developers.get(app.appId);
    if (developerId === undefined) throw new Error(`app ${app.appId} has earnings and is not in the catalog`);
    const key = `${developerId}\0${app.currency}`;
    const sum = sums.get(key) ?? new DeveloperSum(developerId, app.currency);
    sums.set(key, sum);
    sum.add(app, { monthStarts, stretches, plans });
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum.result());
}

/** Days on which no plan begins or ends to hold and no app changes its category. */
interface Stretch {
  readonly day: BusinessDay;
  /** Its first and last day, by the number of days since the first whose earnings were read. */
  readonly fromPlace: number;
  readonly toPlace: number;
  readonly categories: ReadonlyMap<string, string>;
}

async function stretchesOf(
  tx: pg.ClientBase,
  {
    appIds,
    range,
    firstDay,
    plans: { referenceVersion, present, simulated },
  }: {
    readonly appIds: readonly string[];
    readonly range: SimulationRange;
    readonly firstDay: BusinessDay;
    readonly plans: SimulatedPlans;
  },
): Promise<Stretch[]> {
  const withCategories = present.knowsCategories || simulated.knowsCategories;
  const moves = withCategories ? await categoryChangeDays(tx, { appIds, ...range, referenceVersion }) : [];
  const starts = new Set([range.from, ...moves, ...changesWithin(range, present), ...changesWithin(range, simulated)]);
  const days = [...starts].sort();
  const placeOf = (day: BusinessDay) => daysBetween({ from: firstDay, to: day });
  const stretches: Stretch[] = [];
  let categories: ReadonlyMap<string, string> = new Map();
  for (const [index, day] of days.entries()) {
    if (withCategories && (index === 0 || moves.includes(day))) {
      categories = await categoriesOn(tx, { appIds, day, referenceVersion });
    }
    const next = days[index + 1];
    const toPlace = next === undefined ? placeOf(range.to) : placeOf(next) - 1;
    stretches.push({ day, fromPlace: placeOf(day), toPlace, categories });
  }
  return stretches;
}

/** The days of the range on which a plan holds that did not hold the day before, or the reverse. */
function changesWithin({ from, to }: SimulationRange, plans: PlanBook): Set<BusinessDay> {
  const days = new Set<BusinessDay>();
  for (const { fromDay, toDay } of plans.holdings()) {
    if (fromDay > from && fromDay <= to) days.add(fromDay);
    if (toDay !== null && toDay >= from && toDay < to) days.add(addDays(toDay, 1));
  }
  return days;
}

class DeveloperSum {
  readonly #developerId: string;
  readonly #currency: string;
  #gross = 0n;
  #present = 0n;
  #simulated = 0n;
  #presentWithoutPlan = 0;
  #simulatedWithoutPlan = 0;

  constructor(developerId: string, currency: string) {
    this.#developerId = developerId;
    this.#currency = currency;
  }

  add(
    { appId, currency, nanosByDay }: AppGrosses,
    {
      monthStarts,
      stretches,
      plans,
    }: {
      readonly monthStarts: readonly boolean[];
      readonly stretches: readonly Stretch[];
      readonly plans: SimulatedPlans;
    },
  ): void {
    let month = 0n;
    for (let place = 0; place < (stretches[0]?.fromPlace ?? 0); place += 1) month += nanosByDay[place] ?? 0n;
    for (const { day, fromPlace, toPlace, categories } of stretches) {
      const category = categories.get(appId) ?? null;
      const app = { appId, developerId: this.#developerId, category, currency, day };
      const present = plans.present.planFor(app);
      const simulated = plans.simulated.planFor(app);
      for (let place = fromPlace; place <= toPlace; place += 1) {
        if (monthStarts[place] === true) month = 0n;
        const gross = nanosByDay[place];
        if (gross === undefined) continue;
        this.#addDay({ grossNanos: nanos(gross), monthBeforeNanos: nanos(month) }, { present, simulated });
        month += gross;
      }
    }
  }

  #addDay(gross: DayGross, { present, simulated }: { readonly present: Plan | null; readonly simulated: Plan | null }) {
    const paid = present === null ? 0n : developerTotal(present, gross);
    this.#gross += gross.grossNanos;
    this.#present += paid;
    if (present === null) this.#presentWithoutPlan += 1;
    if (simulated === null) this.#simulatedWithoutPlan += 1;
    else this.#simulated += simulated === present ? paid : developerTotal(simulated, gross);
  }

  result(): SimulatedDeveloper {
    return {
      developerId: this.#developerId,
      currency: this.#currency,
      grossNanos: nanos(this.#gross),
      presentNanos: nanos(this.#present),
      simulatedNanos: nanos(this.#simulated),
      presentWithoutPlan: this.#presentWithoutPlan,
      simulatedWithoutPlan: this.#simulatedWithoutPlan,
    };
  }
}
