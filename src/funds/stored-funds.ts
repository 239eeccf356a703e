import type pg from 'pg';
import { NEW_FUND_IDS } from '../catalog/fund-ids.ts';
import { recordReferenceVersion } from '../catalog/reference-version.ts';
import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import type { Fund, StoredRule } from './fund.ts';

/** Whether there is any fund, which most installations can answer by looking at an empty table. */
export async function knowsFunds(q: Queryable): Promise<boolean> {
  const { rows } = await q.query<{ known: boolean }>('select exists (select from fund_terms) as known');
  return rows[0]?.known ?? false;
}

/** All funds by id, with what was put into them by now. */
export async function allFunds(q: Queryable): Promise<Fund[]> {
  return await selectFunds(q, null);
}

export async function findFund(q: Queryable, fundId: string): Promise<Fund | null> {
  const [fund] = await selectFunds(q, fundId);
  return fund ?? null;
}

async function selectFunds(q: Queryable, fundId: string | null): Promise<Fund[]> {
  const { rows } = await q.query<Omit<Fund, 'budgetNanos'> & { budget: string }>(
    `select fund_id as "fundId", terms.reference_version as "referenceVersion", currency, start_day as "startDay",
       end_day as "endDay", rule, put.budget, put.closed as "isClosed"
     from fund_terms as terms
     cross join lateral (
       select coalesce(sum(amount_nanos), 0) as budget, coalesce(bool_or(change = 'close'), false) as closed
       from fund_changes as change
       where change.fund_id = terms.fund_id
     ) as put
     where $1::text is null or fund_id = $1
     order by fund_id collate "C"`,
    [fundId],
  );
  return rows.map(({ budget, ...row }) => ({ ...row, budgetNanos: BigInt(budget) }));
}

/** What was put into a fund by one version of decisions and the ones before it. */
export async function budgetAt(
  q: Queryable,
  { fundId, referenceVersion }: { readonly fundId: string; readonly referenceVersion: number },
): Promise<bigint> {
  const { rows } = await q.query<{ budget: string }>(
    `select coalesce(sum(amount_nanos), 0) as budget
     from fund_changes
     where fund_id = $1 and reference_version <= $2`,
    [fundId, referenceVersion],
  );
  return BigInt(rows[0]?.budget ?? 0);
}

export interface NewFund {
  readonly fundId: string;
  readonly decisionId: string;
  readonly currency: string;
  readonly startDay: BusinessDay;
  readonly endDay: BusinessDay;
  readonly rule: StoredRule;
  readonly amountNanos: bigint;
}

/** Records a fund with its endowment under the next version. Needs `lockReference` exclusively. */
export async function recordFund(tx: pg.ClientBase, fund: NewFund, recordedAt: Date): Promise<void> {
  await tx.query('create temporary table new_funds on commit drop as select $1::text as fund_id', [fund.fundId]);
  await tx.query(
    `create temporary table new_fund_terms on commit drop as
     select $1::text as fund_id, $2::text as currency, $3::date as start_day, $4::date as end_day, $5::jsonb as rule`,
    [fund.fundId, fund.currency, fund.startDay, fund.endDay, JSON.stringify(fund.rule)],
  );
  await stageChange(tx, { ...fund, change: 'endow' });
  const news = [NEW_FUND_IDS, { table: 'fund_terms', from: 'new_fund_terms' } as const, NEW_CHANGES];
  await recordReferenceVersion(tx, { kind: 'fund', recordedAt, news });
  await tx.query('drop table new_funds, new_fund_terms, new_fund_changes');
}

export interface FundChange {
  readonly fundId: string;
  readonly decisionId: string;
  readonly change: 'endow' | 'top_up' | 'close';
  /** 0 for a close. */
  readonly amountNanos: bigint;
}

/** Records under the next version that a fund is topped up or closed. Needs `lockReference` exclusively. */
export async function recordFundChange(tx: pg.ClientBase, change: FundChange, recordedAt: Date): Promise<void> {
  await stageChange(tx, change);
  await recordReferenceVersion(tx, { kind: 'fund', recordedAt, news: [NEW_CHANGES] });
  await tx.query('drop table new_fund_changes');
}

const NEW_CHANGES = { table: 'fund_changes', from: 'new_fund_changes' } as const;

async function stageChange(tx: pg.ClientBase, { decisionId, fundId, change, amountNanos }: FundChange): Promise<void> {
  await tx.query(
    `create temporary table new_fund_changes on commit drop as
     select $1::text as decision_id, $2::text as fund_id, $3::text as change, $4::numeric(38, 0) as amount_nanos`,
    [decisionId, fundId, change, String(amountNanos)],
  );
}
