import type pg from 'pg';
import type { Queryable } from '../db/database.ts';

/** A standing order to close periods. */
export interface ClosingOrder {
  readonly orderNo: number;
  readonly decisionId: string;
  /** So many days after its last one a period is closed; null: not until somebody decides it. */
  readonly afterDays: number | null;
  readonly orderedAt: Date;
}

/** The order that holds; null before the first. */
export async function closingOrder(q: Queryable): Promise<ClosingOrder | null> {
  const { rows } = await q.query<ClosingOrder>(
    `select order_no as "orderNo", decision_id as "decisionId", after_days as "afterDays", ordered_at as "orderedAt"
     from closing_orders
     order by order_no desc
     limit 1`,
  );
  return rows[0] ?? null;
}

/** All orders, the first given first. */
export async function closingOrders(q: Queryable): Promise<ClosingOrder[]> {
  const { rows } = await q.query<ClosingOrder>(
    `select order_no as "orderNo", decision_id as "decisionId", after_days as "afterDays", ordered_at as "orderedAt"
     from closing_orders
     order by order_no`,
  );
  return rows;
}

/** Records an order in force from now on. The reference lock is held exclusively. */
export async function insertClosingOrder(
  tx: pg.ClientBase,
  { decisionId, afterDays, orderedAt }: Omit<ClosingOrder, 'orderNo'>,
): Promise<void> {
  await tx.query(
    `insert into closing_orders (order_no, decision_id, after_days, ordered_at)
     select coalesce(max(order_no), 0) + 1, $1, $2, $3 from closing_orders`,
    [decisionId, afterDays, orderedAt],
  );
}
