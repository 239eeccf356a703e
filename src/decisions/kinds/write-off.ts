import type { z } from 'zod';
import { strictEntry } from '../../catalog/file-entries.ts';
import { currencyField, idField, textField } from '../../catalog/file-fields.ts';
import { bucketOf } from '../../domain/bucket.ts';
import { Refusal } from '../../domain/errors.ts';
import type { OwnerId } from '../../domain/ids.ts';
import { formatAmount, nanos, parseAmount } from '../../domain/nanos.ts';
import { balanceOf } from '../../ledger/decision-transfers.ts';
import { positiveAmountField } from '../amount-field.ts';
import { checkBooks } from '../check-books.ts';
import { ledgerKind } from '../ledger-kind.ts';

const parameters = strictEntry({
  book: idField,
  currency: currencyField,
  amount: positiveAmountField,
  reason: textField(200),
});

/** A negative balance that nobody will ever pay back, or a part of it. */
export const writeOff = ledgerKind<z.output<typeof parameters>>({
  name: 'write_off',
  parameters,

  transfers: ({ book, currency, amount, reason }) => [
    {
      ownerId: book as OwnerId,
      appId: null,
      businessDay: null,
      currency,
      debit: 'write_off',
      credit: 'payable',
      amountNanos: parseAmount(amount),
      reason: 'write_off',
      why: reason,
    },
  ],

  check: async (tx, { book, currency, amount }, { bucketCount }) => {
    await checkBooks(tx, [{ book, app: null }]);
    const account = { bucket: bucketOf(book, bucketCount), ownerId: book, currency, account: 'payable' } as const;
    const payable = await balanceOf(tx, account);
    if (parseAmount(amount) <= -payable) return;
    const most = payable < 0n ? formatAmount(nanos(-payable), currency) : null;
    throw new Refusal({
      code: 'not_negative',
      message: `the payable balance of ${book} is ${formatAmount(payable, currency)} ${currency}, so ${amount} can't be written off`,
      remedy: most === null ? 'only a negative balance can be' : `write off at most ${most}`,
      details: { book, balance: { amount: formatAmount(payable, currency), currency } },
    });
  },
});
