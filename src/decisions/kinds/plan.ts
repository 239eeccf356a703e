import { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { parsePlans } from '../../plans/plan-file.ts';
import { recordPlans } from '../../settlement/import-reference.ts';
import { fileNamed, referenceKind } from '../reference-kind.ts';

const MAX_PLANS = 10_000;
const PLANS = `write a list of 1 to ${MAX_PLANS} plans, or {"file": "a file beside this one"}, as "plans import" takes it`;

const parameters = strictEntry({ plans: z.array(z.unknown(), PLANS).min(1, PLANS).max(MAX_PLANS, PLANS) });

/** Share plans, new or changed. Days that they may change become due. */
export const plan = referenceKind<z.output<typeof parameters>>({
  name: 'plan',
  parameters,

  complete: async (_tx, given, beside) => {
    const name = fileNamed(given);
    if (name === null) return { parameters: given, evidence: [] };
    const { text, source, evidence } = await beside(name);
    parsePlans(text, source);
    return { parameters: JSON.parse(text), evidence: [evidence] };
  },

  record: async (tx, given, { at }) => {
    const { due } = await recordPlans(tx, parsePlans(JSON.stringify(given), 'parameters'), { recordedAt: at });
    return due;
  },
});
