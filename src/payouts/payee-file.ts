import { z } from 'zod';
import { type Entry, eachIdOnce, parseEntries, parseLists, strictEntry } from '../catalog/file-entries.ts';
import { currencyField, idField, parsedField, textField } from '../catalog/file-fields.ts';
import { FileProblems } from '../catalog/file-problems.ts';
import { parseAmount } from '../domain/nanos.ts';
import type { Payee } from './payees.ts';

/** Payees whose form is good, each with its place for messages. */
export interface PayeeFile {
  /** The file's name, for messages. */
  readonly source: string;
  readonly payees: readonly Entry<Payee>[];
}

export const BAD_PAYEES = 'bad_payees';

const MOST_PAYEES = 1_000_000;
const MOST_DESTINATION_LENGTH = 140;
const MINIMUM = 'write a decimal string above 0 with at most 9 decimals, such as "500.00"';
const HOLD = 'write true or false';

const payeeEntry = strictEntry({
  id: idField,
  destination: textField(MOST_DESTINATION_LENGTH).nullable().default(null),
  currency: currencyField.nullable().default(null),
  minimum: parsedField(MINIMUM, text => {
    const amount = parseAmount(text);
    return amount > 0n ? amount : null;
  })
    .nullable()
    .default(null),
  hold: z.boolean(HOLD).default(false),
});

/**
 * Payees from the text of a JSON file; `source` names the file in messages.
 * @throws Refusal `bad_payees` naming place, value and remedy of the first problem; its details list the first 20
 */
export function parsePayees(text: string, source: string): PayeeFile {
  const { payees: listed = [] } = parseLists(text, { source, code: BAD_PAYEES, lists: ['payees'] });
  const problems = new FileProblems({ source, code: BAD_PAYEES });
  if (listed.length > MOST_PAYEES) {
    const remedy = `hand in at most ${MOST_PAYEES} at a time`;
    problems.add({ place: 'payees', value: listed, fault: `a list of ${listed.length}`, remedy });
    problems.refuseIfAny();
  }
  const entries = eachIdOnce(problems, parseEntries(listed, { list: 'payees', schema: payeeEntry, problems }));
  const payees = [...entries].map(({ place, value }): Entry<Payee> => {
    const { id: ownerId, destination, currency, minimum: minimumNanos, hold: onHold } = value;
    return { place, value: { ownerId, destination, currency, minimumNanos, onHold } };
  });
  problems.refuseIfAny();
  return { source, payees };
}
