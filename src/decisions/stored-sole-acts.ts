import type { Queryable } from '../db/database.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { type Nanos, nanos } from '../domain/nanos.ts';

/** What one person decided about traffic alone, in one currency. */
export interface SoleAct {
  readonly act: 'invalidate' | 'reinstate';
  readonly invalidationId: string;
  readonly currency: string;
  readonly personId: string;
  readonly businessDay: BusinessDay;
  readonly grossNanos: Nanos;
  /** What the person had decided alone before on that business day. */
  readonly beforeNanos: Nanos;
  readonly limitNanos: Nanos;
}

/** By currency, what a person has decided alone on a business day. */
export async function decidedAlone(
  q: Queryable,
  { personId, businessDay }: Pick<SoleAct, 'personId' | 'businessDay'>,
): Promise<Map<string, Nanos>> {
  const { rows } = await q.query<{ currency: string; gross: string }>(
    `select currency, sum(gross_nanos) as gross
     from sole_acts
     where person_id = $1 and business_date = $2
     group by currency`,
    [personId, businessDay],
  );
  return new Map(rows.map(row => [row.currency, nanos(BigInt(row.gross))]));
}

export async function insertSoleAct(q: Queryable, act: SoleAct): Promise<void> {
  await q.query(
    `insert into sole_acts (act, invalidation_id, currency, person_id, business_date, gross_nanos, before_nanos, limit_nanos)
     values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      act.act,
      act.invalidationId,
      act.currency,
      act.personId,
      act.businessDay,
      act.grossNanos,
      act.beforeNanos,
      act.limitNanos,
    ],
  );
}

/** All that persons decided alone. */
export async function soleActs(q: Queryable): Promise<SoleAct[]> {
  const { rows } = await q.query<
    Pick<SoleAct, 'act' | 'invalidationId' | 'currency' | 'personId' | 'businessDay'> & {
      gross: string;
      before: string;
      limit: string;
    }
  >(
    `select act, invalidation_id as "invalidationId", currency, person_id as "personId", business_date as "businessDay",
       gross_nanos as gross, before_nanos as before, limit_nanos as limit
     from sole_acts
     order by invalidation_id collate "C", act, currency`,
  );
  return rows.map(({ gross, before, limit, ...row }) => ({
    ...row,
    grossNanos: nanos(BigInt(gross)),
    beforeNanos: nanos(BigInt(before)),
    limitNanos: nanos(BigInt(limit)),
  }));
}
