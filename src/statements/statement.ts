import type pg from 'pg';
import { appNames } from '../catalog/app-names.ts';
import { developerName } from '../catalog/developer-name.ts';
import { prepared } from '../db/prepared.ts';
import { decidedAmounts } from '../decisions/decided-amounts.ts';
import { bucketOf } from '../domain/bucket.ts';
import { type BusinessDay, daysInRange } from '../domain/business-day.ts';
import type { PeriodRange } from '../domain/period.ts';
import { dueDaysOfDeveloper, earningsOfDeveloper } from '../earnings/earnings-of-developer.ts';
import { appDayMovements, correctionsOfBook, payableMovements } from '../ledger/app-day-movements.ts';
import { heldMovements } from '../ledger/held-movements.ts';
import { incentiveMovements } from '../ledger/incentive-movements.ts';
import { decidedBy } from './decided-by.ts';
import { invalidTrafficOf } from './invalid-traffic.ts';
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
 * A developer's statement, from that developer's rows alone: amounts from the ledger, counts from earnings and
 * deductions. `tx` is a snapshot.
 * @throws Refusal `unknown_developer`
 */
export async function statementOf(
  client: pg.ClientBase,
  {
    developerId,
    period,
    bucketCount,
  }: { readonly developerId: string; readonly period: PeriodRange; readonly bucketCount: number },
): Promise<Statement> {
  const tx = prepared(client);
  const name = await developerName(tx, developerId);
  const bucket = bucketOf(developerId, bucketCount);
  const days = daysInRange({ from: period.firstDay, to: period.lastDay });
  const book = { bucket, developerId, periods: period.halves };
  const movements = await appDayMovements(tx, book);
  const earnings = await earningsOfDeveloper(tx, { bucket, developerId, days });
  const invalid = await invalidTrafficOf(tx, { bucket, developerId, days });
  const dueDays = await dueDaysOfDeveloper(tx, { bucket, developerId, days });
  const items = statementsByCurrency({
    payables: await payableMovements(tx, book),
    movements,
    corrections: await correctionsOfBook(tx, { ...book, source: 'ad_revenue' }),
    earnings,
    invalid,
    decided: await decidedAmounts(tx, { bucket, ownerId: developerId, periods: period.halves }),
    kept: await heldMovements(tx, book),
    awarded: await incentiveMovements(tx, book),
    dueDays,
    decidedBy: await decidedBy(tx, { bucket, developerId, movements }),
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

export async function namesOf(
  tx: pg.ClientBase,
  apps: readonly { readonly appId: string }[],
): Promise<(appId: string) => string> {
  const names = await appNames(tx, [...new Set(apps.map(app => app.appId))]);
  return appId => names.get(appId) ?? appId;
}
