import type pg from 'pg';
import { developerOfApp } from '../catalog/app-names.ts';
import { namedOwner } from '../catalog/book-owners.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { Refusal } from '../domain/errors.ts';
import { isId } from '../domain/ids.ts';
import type { PeriodRange } from '../domain/period.ts';
import { shown } from '../domain/shown.ts';
import type { AccountKind } from '../domain/transfer.ts';

/** Which transfers; all filters hold together. */
export interface TransferFilters {
  readonly bucketCount: number;
  /** The owner of the book: a developer or, instead, a service provider or an incentive fund. */
  readonly developerId?: string | undefined;
  readonly providerId?: string | undefined;
  readonly fundId?: string | undefined;
  /** Of an app alone, those in its developer's book. */
  readonly appId?: string | undefined;
  /** Days by which the ledger is filed, inclusive: the business day, or the day of booking where there is none. */
  readonly from?: BusinessDay | undefined;
  readonly to?: BusinessDay | undefined;
  readonly period?: PeriodRange | undefined;
  /** What caused them: a run of settlement, a fund's step, a file of payouts or of answers. */
  readonly runId?: string | undefined;
  readonly decisionId?: string | undefined;
  readonly payoutId?: string | undefined;
  /** Shared by the two halves of a flow between books. */
  readonly link?: string | undefined;
  readonly reason?: string | undefined;
  /** Debited or credited. */
  readonly account?: AccountKind | undefined;
  readonly currency?: string | undefined;
  /** Instants of booking, from the first on and before the second. */
  readonly bookedFrom?: Date | undefined;
  readonly bookedBefore?: Date | undefined;
  /** Only what was booked at or before this instant. */
  readonly bookedBy?: Date | undefined;
}

export interface SqlStatement {
  readonly text: string;
  readonly values: unknown[];
}

/** Conditions and the values that they stand for, as a statement is put together. */
export class Conditions {
  readonly values: unknown[] = [];
  readonly #texts: string[] = [];

  /** `sql` has a `?` where the value goes. */
  where(sql: string, value: unknown): this {
    const placeholder = this.value(value);
    this.#texts.push(sql.replaceAll('?', () => placeholder));
    return this;
  }

  /** The placeholder of a value. */
  value(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  get text(): string {
    return this.#texts.join('\n  and ');
  }
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Refuses (`bad_run_id`, `bad_payout_id`, `bad_link`, `bad_decision_id`) ids that can't be any. */
export function checkIds({
  runId,
  payoutId,
  link,
  decisionId,
}: Pick<TransferFilters, 'runId' | 'payoutId' | 'link' | 'decisionId'>): void {
  checkUuid(runId, 'bad_run_id', 'the id of a run, of a step of a fund or of a file of payouts');
  checkUuid(payoutId, 'bad_payout_id', 'the id of a payout');
  checkUuid(link, 'bad_link', 'a link of two transfers');
  if (decisionId !== undefined && !isId(decisionId)) throw badId(decisionId, 'bad_decision_id', 'the id of a decision');
}

/**
 * The one book that the filters name, as an owner or by an app; null for all.
 * @throws Refusal `unknown_developer`, `unknown_provider`, `unknown_fund`, `two_owners`, `unknown_app`
 */
export async function bookOf(tx: pg.ClientBase, { appId, ...owners }: TransferFilters): Promise<string | null> {
  const owner = await namedOwner(tx, owners);
  const ofApp = appId === undefined ? null : await developerOfApp(tx, appId);
  return owner ?? ofApp;
}

/** All that the filters ask of a single transfer but for its bucket and day, which say where to look for it. */
export function addFilters(conditions: Conditions, filters: TransferFilters, owner: string | null): void {
  const { appId, period, runId, decisionId, payoutId, link, reason, account, currency } = filters;
  const { bookedFrom, bookedBefore, bookedBy } = filters;
  const wanted: readonly (readonly [string, unknown])[] = [
    ['developer_id = ?', owner ?? undefined],
    ['app_id = ?', appId],
    ['period = any (?::text[])', period?.halves],
    ['run_id = ?::uuid', runId],
    ['decision_id = ?', decisionId],
    ['payout_id = ?::uuid', payoutId],
    ['link_id = ?::uuid', link],
    ['reason = ?', reason],
    ['(debit = ?::account_kind or credit = ?::account_kind)', account],
    ['currency = ?', currency],
    ['booked_at >= ?::timestamptz', bookedFrom],
    ['booked_at < ?::timestamptz', bookedBefore],
    ['booked_at <= ?::timestamptz', bookedBy],
  ];
  for (const [sql, value] of wanted) if (value !== undefined) conditions.where(sql, value);
}

function checkUuid(id: string | undefined, code: string, what: string): void {
  if (id !== undefined && !UUID.test(id)) throw badId(id, code, what);
}

function badId(id: string, code: string, what: string): Refusal {
  return new Refusal({
    code,
    message: `${shown(id)} is not ${what}`,
    remedy: 'give it as a row of "apportion ledger transfers --csv" has it',
    details: { id: shown(id) },
    exitCode: 2,
  });
}
