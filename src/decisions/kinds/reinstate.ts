import type { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { idField, textField } from '../../catalog/file-fields.ts';
import { Refusal } from '../../domain/errors.ts';
import { reinstateIn } from '../../settlement/invalidate-traffic.ts';
import { referenceKind } from '../reference-kind.ts';

const parameters = strictEntry({ invalidation: idField, ground: textField(500) });

/** Takes an invalidation back; the next run gives back what it took. */
export const reinstate = referenceKind<z.output<typeof parameters>>({
  name: 'reinstate',
  parameters,
  record: async (tx, { invalidation, ground }, context) => {
    const { isNew, due } = await reinstateIn(tx, context, {
      invalidationId: invalidation,
      reason: ground,
      actor: context.proposedBy,
    });
    if (isNew) return due;
    throw new Refusal({
      code: 'already_reinstated',
      message: `invalidation ${invalidation} is reinstated already`,
      remedy: 'withdraw this decision, there is nothing left to do',
      details: { invalidation },
    });
  },
});
