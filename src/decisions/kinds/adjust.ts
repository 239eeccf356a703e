import { z } from 'zod';
import { parseEntry, strictEntry } from '../../catalog/file-entries.ts';
import { currencyField, dayField, idField, textField } from '../../catalog/file-fields.ts';
import { FileProblems } from '../../catalog/file-problems.ts';
import { readCsv } from '../../db/read-csv.ts';
import { addDays } from '../../domain/business-day.ts';
import { Refusal } from '../../domain/errors.ts';
import type { AppId, OwnerId } from '../../domain/ids.ts';
import { nanos, parseAmount } from '../../domain/nanos.ts';
import type { PlannedTransfer } from '../../ledger/decision-transfers.ts';
import { signedAmountField } from '../amount-field.ts';
import { checkBooks, rowOf } from '../check-books.ts';
import { ledgerKind } from '../ledger-kind.ts';

const MAX_ROWS = 10_000;
const ROWS = `write a list of 1 to ${MAX_ROWS} rows, or {"csv": "a file beside this one"}`;
/** The ledger makes room by the month. */
const MAX_AGE_DAYS = 3_653;
const COLUMNS = ['book', 'currency', 'amount', 'reason', 'app', 'business_date'] as const;

const row = strictEntry({
  book: idField,
  currency: currencyField,
  // In favour of the book's owner; negative: against.
  amount: signedAmountField,
  reason: textField(200),
  app: idField.nullable().default(null),
  business_date: dayField.nullable().default(null),
});

const parameters = strictEntry({ rows: z.array(row, ROWS).min(1, ROWS).max(MAX_ROWS, ROWS) });

const csvFile = z.strictObject({ csv: z.string() });

type Row = z.output<typeof row>;

/** Amounts in favour of books or against them, each with its reason. */
export const adjust = ledgerKind<z.output<typeof parameters>>({
  name: 'adjust',
  parameters,

  complete: async (tx, given, beside) => {
    const named = csvFile.safeParse(given);
    if (!named.success) return { parameters: given, evidence: [] };
    const file = await beside(named.data.csv);
    const problems = new FileProblems({ source: file.source, code: 'bad_csv' });
    const lines = await readCsv(tx, file, COLUMNS);
    const rows = lines.map(
      (line, index) => parseEntry(line, { place: `row ${index + 1}`, schema: row, problems })?.value,
    );
    problems.refuseIfAny();
    return { parameters: { rows }, evidence: [file.evidence] };
  },

  transfers: ({ rows }) => rows.map(transferOf),

  check: async (tx, { rows }, { calendar, at }) => {
    await checkBooks(tx, rows);
    const today = calendar.dayOf(at.getTime());
    const first = addDays(today, -MAX_AGE_DAYS);
    const wrong = rows.findIndex(({ business_date: day }) => day !== null && (day < first || day > today));
    if (wrong === -1) return;
    const day = rows[wrong]?.business_date;
    throw new Refusal({
      code: 'day_out_of_range',
      message: `${rowOf(rows, wrong)}business_date ${day} is not one of ${first} to ${today}`,
      remedy: 'refer to a day that has begun, at most ten years ago, or leave it out',
      details: { day, first, last: today },
    });
  },
});

function transferOf({ book, currency, amount, reason, app, business_date: day }: Row): PlannedTransfer {
  const amountNanos = parseAmount(amount);
  const sides =
    amountNanos > 0n
      ? ({ debit: 'adjustment', credit: 'payable', amountNanos } as const)
      : ({ debit: 'payable', credit: 'adjustment', amountNanos: nanos(-amountNanos) } as const);
  return {
    ownerId: book as OwnerId,
    appId: app as AppId | null,
    businessDay: day,
    currency,
    ...sides,
    reason: 'adjustment',
    why: reason,
  };
}
