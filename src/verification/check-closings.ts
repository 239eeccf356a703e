import type pg from 'pg';
import { closingOrders } from '../closing/closing-orders.ts';
import { closePeriodKind } from '../decisions/kinds/close-period.ts';
import { closingSchedule } from '../decisions/kinds/closing-schedule.ts';
import { appliedOfKinds, findDecision } from '../decisions/stored-decisions.ts';
import { periodSeals } from '../ledger/period-closings.ts';
import { periodsWithoutSeal } from '../ledger/stored-seals.ts';
import { type Difference, NOTHING } from './difference.ts';

/**
 * Compares closings with the decisions behind them: each was decided, or made under the standing order of its time, and each applied
 * decision has had its effect.
 */
export async function checkClosings(
  client: pg.ClientBase,
  { report }: { readonly report: (difference: Difference) => void },
): Promise<void> {
  const seals = new Map((await periodSeals(client)).map(seal => [seal.decisionId, seal]));
  const orders = await closingOrders(client);
  for (const decisionId of await appliedOfKinds(client, [closePeriodKind.name])) {
    const decision = await findDecision(client, decisionId);
    const { period } = closePeriodKind.parameters.parse(decision?.parameters);
    const seal = seals.get(decisionId);
    const expected = `${period} closed as of ${decision?.proposedAt.toISOString()}`;
    const found = seal === undefined ? NOTHING : `${seal.period} closed as of ${seal.cut.toISOString()}`;
    if (found !== expected) report({ table: 'period_seals', where: `decision ${decisionId}`, expected, found });
  }
  for (const decisionId of await appliedOfKinds(client, [closingSchedule.name])) {
    const decision = await findDecision(client, decisionId);
    const { after_days: afterDays } = closingSchedule.parameters.parse(decision?.parameters);
    const order = orders.find(each => each.decisionId === decisionId);
    const expected = `an order after ${afterDays} days, of ${decision?.outcome?.decidedAt.toISOString()}`;
    const found =
      order === undefined ? NOTHING : `an order after ${order.afterDays} days, of ${order.orderedAt.toISOString()}`;
    if (found !== expected) report({ table: 'closing_orders', where: `decision ${decisionId}`, expected, found });
  }
  for (const { orderNo, decisionId } of orders) {
    if (await isApplied(client, decisionId, closingSchedule.name)) continue;
    report({ table: 'closing_orders', where: `order ${orderNo}`, expected: 'an applied decision', found: decisionId });
  }
  for (const [place, { orderNo }] of orders.entries()) {
    if (orderNo === place + 1) continue;
    report({
      table: 'closing_orders',
      where: `order ${orderNo}`,
      expected: `order ${place + 1}`,
      found: `order ${orderNo}`,
    });
  }
  for (const period of await periodsWithoutSeal(client)) {
    report({ table: 'period_seals', where: period, expected: 'a seal over those of its buckets', found: NOTHING });
  }
  for (const seal of await periodSeals(client)) {
    if (await isApplied(client, seal.decisionId, closePeriodKind.name)) continue;
    const held = orders.findLast(order => order.orderedAt <= seal.closedAt);
    if (held !== undefined && held.afterDays !== null && held.decisionId === seal.decisionId) continue;
    const expected = 'a decision to close it, or the standing order of its time';
    report({ table: 'period_seals', where: seal.period, expected, found: seal.decisionId });
  }
}

async function isApplied(client: pg.ClientBase, decisionId: string, kind: string): Promise<boolean> {
  const decision = await findDecision(client, decisionId);
  return decision?.kind === kind && decision.outcome?.outcome === 'applied';
}
