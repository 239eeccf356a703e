import { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { parsePlans } from '../../plans/plan-file.ts';
import { recordPlans } from '../../settlement/import-reference.ts';
import { referenceKind } from '../reference-kind.ts';

const MAX_PLANS = 1_000;
const PLANS = `write a list of 1 to ${MAX_PLANS} plans, as "plans import" takes them`;

const parameters = strictEntry({ plans: z.array(z.unknown(), PLANS).min(1, PLANS).max(MAX_PLANS, PLANS) });

/** Share plans, new or changed. Days that they may change become due. */
export const plan = referenceKind<z.output<typeof parameters>>({
  name: 'plan',
  parameters,
  record: async (tx, given, { at }) => {
    const { due } = await recordPlans(tx, parsePlans(JSON.stringify(given), 'parameters'), { recordedAt: at });
    return due;
  },
});
