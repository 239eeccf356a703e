import type { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { dayField, idField } from '../../catalog/file-fields.ts';
import { bucketOf } from '../../domain/bucket.ts';
import { Refusal } from '../../domain/errors.ts';
import { shown } from '../../domain/shown.ts';
import { keptBackIn } from '../../ledger/kept-back.ts';
import { isWithin, recordHoldAct } from '../../settlement/holds.ts';
import { checkBooks } from '../check-books.ts';
import { holdKind, keptBackTransfer } from '../hold-kind.ts';

const parameters = strictEntry({
  book: idField,
  app: idField.nullable().default(null),
  from: dayField.nullable().default(null),
  to: dayField.nullable().default(null),
});

/** What a book has forfeited becomes the platform's; a clawback finds it no more. */
export const keepForfeited = holdKind<z.output<typeof parameters>>({
  name: 'keep_forfeited',
  parameters,

  plan: async (tx, { book, app, from, to }, { bucketCount, at }) => {
    await checkBooks(tx, [{ book, app }]);
    const extent = { appId: app, fromDay: from, toDay: to };
    const kept = await keptBackIn(tx, { bucket: bucketOf(book, bucketCount), ownerId: book, appId: app });
    const forfeited = kept.filter(each => each.forfeitedNanos > 0n && isWithin(each, extent));
    if (forfeited.length === 0) {
      throw new Refusal({
        code: 'nothing_forfeited',
        message: `nothing of that is forfeited in the book of ${shown(book)}`,
        remedy: 'see what is there with: npx apportion ledger balances --account forfeited',
        details: { book },
      });
    }
    const act = { act: 'keep', holdId: null, ownerId: book, ...extent, endsHold: false } as const;
    return {
      transfers: forfeited.map(each => keptBackTransfer('keep', each, each.forfeitedNanos)),
      record: async (recordTx, decisionId) => await recordHoldAct(recordTx, { ...act, decisionId }, at),
    };
  },
});
