import { z } from 'zod';
import { type Entry, eachIdOnce, parseEntries, parseLists, strictEntry } from '../catalog/file-entries.ts';
import { currencyField, dayField, idField, parsedField } from '../catalog/file-fields.ts';
import { FileProblems } from '../catalog/file-problems.ts';
import type { BusinessDay } from '../domain/business-day.ts';
import { minorUnits } from '../domain/currency.ts';
import { isRefusal } from '../domain/errors.ts';
import { isWholeMinor } from '../domain/minor-unit.ts';
import { formatAmount, parseAmount } from '../domain/nanos.ts';
import { parseShare } from '../domain/tiers.ts';
import { checkWithholdingTiers } from '../domain/withholding.ts';
import type { InvoiceRule, PayoutTerms, WithholdingTable } from './payout-terms.ts';

/** Terms whose form is good, each with its place for messages. Whether they share days with others is checked by the import. */
export interface TermsFile {
  /** The file's name, for messages. */
  readonly source: string;
  readonly currencies: readonly Entry<PayoutTerms>[];
  readonly withholding: readonly Entry<WithholdingTable>[];
  readonly invoices: readonly Entry<InvoiceRule>[];
}

export const BAD_PAYOUT_TERMS = 'bad_payout_terms';

const MOST_ENTRIES = 1_000;
const MOST_TIERS = 100;
const MOST_NET_DAYS = 366;
const THRESHOLD = 'write a decimal string of at least one minor unit and no part of one, such as "100.00" in CNY';
const NET_DAYS = `write a whole number of days from 0 to ${MOST_NET_DAYS}`;
const COUNTRY = 'write two capital letters as in ISO 3166-1, such as "CN"';
const PAYEE = 'write "individual" or "company"';
const REQUIRED = 'write true or false';
const TIERS = `write a list of 1 to ${MOST_TIERS} tiers, such as [{"up_to": "800.00", "rate": "0"}, {"rate": "0.20"}]`;
const UP_TO = 'write a decimal string above 0 with at most 9 decimals, such as "800.00"';
const RATE = 'write a decimal string from "0" to "1" with at most 6 decimals, such as "0.20"';

const days = { effective_from: dayField, effective_to: dayField.nullable().default(null) };
const countryField = z.string(COUNTRY).regex(/^[A-Z]{2}$/, COUNTRY);

const currencyEntry = strictEntry({
  currency: currencyField,
  threshold: parsedField(THRESHOLD, parseAmount),
  net_days: z.int(NET_DAYS).min(0, NET_DAYS).max(MOST_NET_DAYS, NET_DAYS),
  ...days,
});

const tierEntry = strictEntry({
  up_to: parsedField(UP_TO, parseAmount).nullable().default(null),
  rate: parsedField(RATE, parseShare),
});

const withholdingEntry = strictEntry({
  id: idField,
  country: countryField,
  payee: z.enum(['individual', 'company'], PAYEE),
  currency: currencyField,
  ...days,
  tiers: z.array(tierEntry, TIERS).min(1, TIERS).max(MOST_TIERS, TIERS),
});

const invoiceEntry = strictEntry({ country: countryField, required: z.boolean(REQUIRED), ...days });

/**
 * Payout terms from the text of a JSON file; `source` names the file in messages. Lists that the file leaves out are empty.
 * @throws Refusal `bad_payout_terms` naming place, value and remedy of the first problem; its details list the first 20
 */
export function parsePayoutTerms(text: string, source: string): TermsFile {
  const lists = parseLists(text, { source, code: BAD_PAYOUT_TERMS, lists: ['currencies', 'withholding', 'invoices'] });
  const problems = new FileProblems({ source, code: BAD_PAYOUT_TERMS });
  for (const [list, entries] of Object.entries(lists)) {
    if (entries.length <= MOST_ENTRIES) continue;
    const remedy = `hand in at most ${MOST_ENTRIES}`;
    problems.add({ place: list, value: entries, fault: `a list of ${entries.length}`, remedy });
  }
  problems.refuseIfAny();
  const currencies = [...parseEntries(lists.currencies ?? [], { list: 'currencies', schema: currencyEntry, problems })];
  const withholding = eachIdOnce(
    problems,
    parseEntries(lists.withholding ?? [], { list: 'withholding', schema: withholdingEntry, problems }),
  );
  const invoices = [...parseEntries(lists.invoices ?? [], { list: 'invoices', schema: invoiceEntry, problems })];
  const file = {
    source,
    currencies: currencies.map(entry => ({ place: entry.place, value: currencyTerms(problems, entry) })),
    withholding: [...withholding].map(entry => ({ place: entry.place, value: withholdingTable(problems, entry) })),
    invoices: invoices.map(entry => ({ place: entry.place, value: invoiceRule(problems, entry) })),
  };
  problems.refuseIfAny();
  return file;
}

function currencyTerms(problems: FileProblems, entry: Entry<z.output<typeof currencyEntry>>): PayoutTerms {
  const { currency, threshold, net_days: netDays, effective_from, effective_to } = entry.value;
  checkDays(problems, entry);
  if (threshold <= 0n || !isWholeMinor(threshold, currency)) {
    const fault = `but ${currency} has ${minorUnits(currency)} decimals`;
    const value = formatAmount(threshold, currency);
    problems.add({
      place: `${entry.place}.threshold`,
      value,
      ...(threshold <= 0n ? {} : { fault }),
      remedy: THRESHOLD,
    });
  }
  return { currency, thresholdNanos: threshold, netDays, effectiveFrom: effective_from, effectiveTo: effective_to };
}

function withholdingTable(problems: FileProblems, entry: Entry<z.output<typeof withholdingEntry>>): WithholdingTable {
  const { place, value } = entry;
  checkDays(problems, entry);
  const tiers = value.tiers.map(({ up_to: upToNanos, rate: ratePpm }) => ({ upToNanos, ratePpm }));
  try {
    checkWithholdingTiers(tiers);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    const index = Number(error.details.tier) - 1;
    const upTo = tiers[index]?.upToNanos ?? null;
    const faulty = upTo === null ? undefined : formatAmount(upTo, value.currency);
    problems.add({ place: `${place}.tiers[${index}].up_to`, value: faulty, remedy: error.remedy ?? UP_TO });
  }
  return {
    withholdingId: value.id,
    country: value.country,
    payee: value.payee,
    currency: value.currency,
    effectiveFrom: value.effective_from,
    effectiveTo: value.effective_to,
    tiers,
  };
}

function invoiceRule(problems: FileProblems, entry: Entry<z.output<typeof invoiceEntry>>): InvoiceRule {
  const { country, required, effective_from, effective_to } = entry.value;
  checkDays(problems, entry);
  return { country, required, effectiveFrom: effective_from, effectiveTo: effective_to };
}

function checkDays(
  problems: FileProblems,
  { place, value }: Entry<{ readonly effective_from: BusinessDay; readonly effective_to: BusinessDay | null }>,
): void {
  const { effective_from: from, effective_to: to } = value;
  if (to === null || to >= from) return;
  const fault = `before effective_from ${from}`;
  problems.add({ place: `${place}.effective_to`, value: to, fault, remedy: 'put the last day there' });
}
