import { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { closingOrder, insertClosingOrder } from '../../closing/closing-orders.ts';
import type { Queryable } from '../../db/database.ts';
import { Refusal } from '../../domain/errors.ts';
import type { DecisionKind, Summary } from '../kind.ts';

const DAYS = 'write a whole number of days from 0 to 60, or null to end the order';
const MOST_DAYS = 60;

const parameters = strictEntry({ after_days: z.number(DAYS).int(DAYS).min(0, DAYS).max(MOST_DAYS, DAYS).nullable() });

/** The standing order to close each period so many days after its last one; null ends it. The last order holds. */
export const closingSchedule: DecisionKind<z.output<typeof parameters>> = {
  name: 'closing_schedule',
  parameters,
  // Exclusively, so that none closes under an order that has just been replaced.
  locks: () => ({ reference: 'exclusive', buckets: [] }),
  preview: async (tx, { after_days: afterDays }) => {
    await refuseSame(tx, afterDays);
    return { transfers: [], due: [], summary: told(afterDays) };
  },
  apply: async (tx, { decisionId, parameters: { after_days: afterDays } }, { at }) => {
    await refuseSame(tx, afterDays);
    await insertClosingOrder(tx, { decisionId, afterDays, orderedAt: at });
  },
  summary: async (_tx, { parameters: { after_days: afterDays } }) => told(afterDays),
};

function told(afterDays: number | null): Summary {
  const note =
    afterDays === null
      ? 'no period is closed by itself any more'
      : `each period is closed by itself when ${afterDays} days have passed after its last one`;
  return { moved: [], notes: [note] };
}

async function refuseSame(q: Queryable, afterDays: number | null): Promise<void> {
  const before = (await closingOrder(q))?.afterDays ?? null;
  if (before !== afterDays) return;
  const message =
    afterDays === null ? 'there is no standing order to end' : `the standing order says ${afterDays} days already`;
  throw new Refusal({
    code: 'same_schedule',
    message,
    remedy: 'see what holds with: npx apportion periods list',
    details: { after_days: afterDays },
  });
}
