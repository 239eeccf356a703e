import type { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { dayField, idField } from '../../catalog/file-fields.ts';
import { bucketOf } from '../../domain/bucket.ts';
import { Refusal } from '../../domain/errors.ts';
import { takenByHold } from '../../domain/held-money.ts';
import { owedIn, payableByDay } from '../../ledger/kept-back.ts';
import { recordHold } from '../../settlement/holds.ts';
import { checkBooks } from '../check-books.ts';
import { holdKind, keptBackTransfer } from '../hold-kind.ts';

const parameters = strictEntry({
  book: idField,
  // Of this app alone.
  app: idField.nullable().default(null),
  // What is payable of this day and later ones is taken too; from the day of approval on, unless given.
  from: dayField.nullable().default(null),
});

/** Keeps back whatever runs post to a book, or of one app in it, until the hold is released or forfeited. */
export const hold = holdKind<z.output<typeof parameters>>({
  name: 'hold',
  parameters,

  plan: async (tx, { book, app, from }, { bucketCount, calendar, at }) => {
    await checkBooks(tx, [{ book, app }]);
    const today = calendar.dayOf(at.getTime());
    const fromDay = from ?? today;
    if (fromDay > today) {
      throw new Refusal({
        code: 'day_out_of_range',
        message: `from is ${fromDay}, and it is ${today}`,
        remedy: 'name a day that has begun, or leave it out',
        details: { day: fromDay, last: today },
      });
    }
    const place = { bucket: bucketOf(book, bucketCount), ownerId: book };
    const owedNanos = await owedIn(tx, place);
    const days = await payableByDay(tx, { ...place, appId: app, fromDay });
    const taken = [...Map.groupBy(days, day => day.currency)].flatMap(([currency, ofCurrency]) =>
      takenByHold(ofCurrency, owedNanos.get(currency) ?? 0n),
    );
    return {
      transfers: taken.map(({ day, amountNanos }) => keptBackTransfer('hold', { ...day, ownerId: book }, amountNanos)),
      record: async (recordTx, holdId) =>
        await recordHold(recordTx, { holdId, ownerId: book, appId: app, fromDay, owedNanos }, at),
    };
  },
});
