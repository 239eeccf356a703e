import type pg from 'pg';
import { appNames } from '../catalog/app-names.ts';
import { categoriesOn } from '../catalog/categories.ts';
import { developerName } from '../catalog/developer-name.ts';
import { bucketOf } from '../domain/bucket.ts';
import { type BusinessDay, daysInRange } from '../domain/business-day.ts';
import type { PeriodRange } from '../domain/period.ts';
import { dueDaysOfDeveloper, earningsOfDeveloper } from '../earnings/earnings-of-developer.ts';
import {
  type AppDayMovement,
  appDayMovements,
  correctionsOfBook,
  payableMovements,
} from '../ledger/app-day-movements.ts';
import { loadPlans, type PlanBook } from '../plans/plan.ts';
import { runsOfDays } from '../settlement/runs-of-days.ts';
import { type CurrencyStatement, statementsByCurrency } from './statement-lines.ts';

/** What a developer reads about a half-month or a month. */
export interface Statement {
  readonly developer: { readonly id: string; readonly name: string };
  readonly period: { readonly id: string; readonly from: BusinessDay; readonly to: BusinessDay };
  /** `pending` while a day of the period has changed since it was last settled. */
  readonly status: 'settled' | 'pending';
  /** A statement for each currency in which the developer has earned or is owed anything. */
  readonly items: readonly CurrencyStatement[];
}

/**
 * A developer's statement, from that developer's rows alone: amounts from the ledger, counts from earnings. `tx` is a snapshot.
 * @throws Refusal `unknown_developer`
 */
export async function statementOf(
  tx: pg.ClientBase,
  {
    developerId,
    period,
    bucketCount,
  }: { readonly developerId: string; readonly period: PeriodRange; readonly bucketCount: number },
): Promise<Statement> {
  const name = await developerName(tx, developerId);
  const bucket = bucketOf(developerId, bucketCount);
  const days = daysInRange({ from: period.firstDay, to: period.lastDay });
  const book = { bucket, developerId, periods: period.halves };
  const movements = await appDayMovements(tx, book);
  const earnings = await earningsOfDeveloper(tx, { bucket, developerId, days });
  const dueDays = await dueDaysOfDeveloper(tx, { bucket, developerId, days });
  const items = statementsByCurrency({
    payables: await payableMovements(tx, book),
    movements,
    corrections: await correctionsOfBook(tx, book),
    earnings,
    dueDays,
    planIdOf: await planIdsBehind(tx, { bucket, developerId, movements }),
    nameOf: await namesOf(tx, [...movements, ...earnings]),
  });
  return {
    developer: { id: developerId, name },
    period: { id: period.label, from: period.firstDay, to: period.lastDay },
    status:
      dueDays.size > 0 || items.some(item => item.days.some(day => day.status === 'pending')) ? 'pending' : 'settled',
    items,
  };
}

async function namesOf(
  tx: pg.ClientBase,
  apps: readonly { readonly appId: string }[],
): Promise<(appId: string) => string> {
  const names = await appNames(tx, [...new Set(apps.map(app => app.appId))]);
  return appId => names.get(appId) ?? appId;
}

/**
 * The plans behind what is posted. A run takes every developer whose day is due, and whatever changes a plan makes days due, so a
 * day's last run knew the plan that its posted amounts stand for.
 */
async function planIdsBehind(
  tx: pg.ClientBase,
  {
    bucket,
    developerId,
    movements,
  }: { readonly bucket: number; readonly developerId: string; readonly movements: readonly AppDayMovement[] },
): Promise<(app: { appId: string; day: BusinessDay; currency: string }) => string | null> {
  const days = [...new Set(movements.map(movement => movement.businessDay))];
  const versions = new Map<BusinessDay, number>();
  for (const run of await runsOfDays(tx, { bucket, days })) versions.set(run.businessDay, run.referenceVersion);
  const books = new Map<number, PlanBook>();
  for (const version of new Set(versions.values())) books.set(version, await loadPlans(tx, version));
  const categories = new Map<BusinessDay, Map<string, string>>();
  for (const [day, referenceVersion] of versions) {
    if (books.get(referenceVersion)?.knowsCategories !== true) continue;
    const appIds = movements.filter(movement => movement.businessDay === day).map(movement => movement.appId);
    categories.set(day, await categoriesOn(tx, { appIds, day, referenceVersion }));
  }
  return ({ appId, day, currency }) => {
    const plans = books.get(versions.get(day) ?? 0);
    const category = categories.get(day)?.get(appId) ?? null;
    return plans?.planFor({ appId, developerId, category, currency, day })?.planId ?? null;
  };
}
