import type pg from 'pg';
import type { Entry } from '../catalog/file-entries.ts';
import { FileProblems } from '../catalog/file-problems.ts';
import { storedWithholdingTiers } from '../domain/withholding.ts';
import {
  type Effective,
  type InvoiceRule,
  invoiceRules,
  type PayoutTerms,
  payoutTerms,
  type WithholdingTable,
  withholdingTables,
} from './payout-terms.ts';
import { type PayoutImport, type Recording, recordPayoutImport } from './record-import.ts';
import { BAD_PAYOUT_TERMS, type TermsFile } from './terms-file.ts';

/** All that may ever be recorded of one list, so that it can be read at once. */
const MOST_RECORDED = 100_000;

/**
 * Records entries that are new or say something else than the one of their key: the currency and first day, the id of a table, the
 * country and first day of a rule. A second import of the same file changes nothing; what the file leaves out stays as it is. Payouts
 * that are drawn up keep the terms they had.
 * @throws Refusal `bad_payout_terms` where two entries of one subject would be in force on one day, as things stand after the import
 */
export async function importPayoutTerms(
  tx: pg.ClientBase,
  file: TermsFile,
  recording: Recording,
): Promise<PayoutImport> {
  const problems = new FileProblems({ source: file.source, code: BAD_PAYOUT_TERMS });
  eachKeyOnce(problems, file.currencies, terms => `${terms.currency} ${terms.effectiveFrom}`);
  eachKeyOnce(problems, file.invoices, rule => `${rule.country} ${rule.effectiveFrom}`);
  problems.refuseIfAny();
  const tables = [
    {
      table: 'payout_terms' as const,
      rows: file.currencies.map(({ value: terms }) => [
        ...[terms.currency, terms.effectiveFrom, terms.effectiveTo],
        ...[terms.thresholdNanos, terms.netDays],
      ]),
    },
    {
      table: 'withholding_tables' as const,
      rows: file.withholding.map(({ value: table }) => [
        ...[table.withholdingId, table.country, table.payee, table.currency, table.effectiveFrom, table.effectiveTo],
        JSON.stringify(storedWithholdingTiers(table.tiers, table.currency)),
      ]),
    },
    {
      table: 'invoice_rules' as const,
      rows: file.invoices.map(({ value: rule }) => [
        ...[rule.country, rule.effectiveFrom, rule.effectiveTo],
        String(rule.required),
      ]),
    },
  ];
  const imported = await recordPayoutImport(tx, { kind: 'terms', tables }, recording);
  const every = { on: null };
  checkList(problems, { list: 'currencies', file: file.currencies, all: await payoutTerms(tx, every), ...CURRENCIES });
  checkList(problems, {
    ...{ list: 'withholding', file: file.withholding, all: await withholdingTables(tx, every) },
    ...WITHHOLDING,
  });
  checkList(problems, { list: 'invoices', file: file.invoices, all: await invoiceRules(tx, every), ...INVOICES });
  problems.refuseIfAny();
  return imported;
}

/** How entries of a list are told apart, and what at most one of them may be in force for on a day. */
interface Subjects<Value> {
  readonly keyOf: (value: Value) => string;
  readonly subjectOf: (value: Value) => string;
}

const CURRENCIES: Subjects<PayoutTerms> = {
  keyOf: terms => terms.effectiveFrom,
  subjectOf: terms => terms.currency,
};

const WITHHOLDING: Subjects<WithholdingTable> = {
  keyOf: table => table.withholdingId,
  subjectOf: table => `${table.country} ${table.payee} ${table.currency}`,
};

const INVOICES: Subjects<InvoiceRule> = {
  keyOf: rule => rule.effectiveFrom,
  subjectOf: rule => rule.country,
};

function eachKeyOnce<Value extends Effective>(
  problems: FileProblems,
  entries: readonly Entry<Value>[],
  keyOf: (value: Value) => string,
): void {
  const seen = new Map<string, string>();
  for (const { place, value } of entries) {
    const before = seen.get(keyOf(value));
    if (before !== undefined) {
      const fault = `that of ${before} too`;
      problems.add({ place: `${place}.effective_from`, value: value.effectiveFrom, fault, remedy: 'keep one of them' });
    }
    seen.set(keyOf(value), place);
  }
}

function checkList<Value extends Effective>(
  problems: FileProblems,
  {
    list,
    file,
    all,
    keyOf,
    subjectOf,
  }: Subjects<Value> & {
    readonly list: string;
    readonly file: readonly Entry<Value>[];
    /** As they stand after the import, those of a subject by first day. */
    readonly all: readonly Value[];
  },
): void {
  if (all.length > MOST_RECORDED) {
    const remedy = `at most ${MOST_RECORDED} are kept`;
    problems.add({ place: list, value: all.length, fault: 'more than can be read at once', remedy });
  }
  const places = new Map(file.map(({ place, value }) => [`${subjectOf(value)} ${keyOf(value)}`, place]));
  const placeOf = (value: Value) => places.get(`${subjectOf(value)} ${keyOf(value)}`);
  for (const [subject, values] of Map.groupBy(all, subjectOf)) {
    for (const [index, value] of values.entries()) {
      const before = values[index - 1];
      if (before === undefined || (before.effectiveTo !== null && before.effectiveTo < value.effectiveFrom)) continue;
      // What was recorded earlier shares no day, so one of the two is of the file.
      const [named, other] = placeOf(value) === undefined ? [before, value] : [value, before];
      const called = placeOf(other) ?? `what is recorded from ${other.effectiveFrom}`;
      const ends = other.effectiveTo === null ? 'without an end' : `until ${other.effectiveTo}`;
      problems.add({
        place: `${placeOf(named) ?? list}.effective_from`,
        value: named.effectiveFrom,
        fault: `in force for ${subject} on a day of ${called} too, ${ends}`,
        remedy: 'end one before the other starts, with "effective_to"',
      });
    }
  }
}
