import { hash } from 'node:crypto';
import { type BusinessDay, parseBusinessDay } from '../domain/business-day.ts';
import { isRefusal } from '../domain/errors.ts';
import { isPrintableAscii } from '../domain/ids.ts';
import { type Nanos, parseAmount } from '../domain/nanos.ts';
import type { StepStatus } from './payout.ts';

export const ANSWER_COLUMNS = [
  ...(['reference', 'status', 'amount', 'currency', 'bank_reference', 'booked_on', 'reason'] as const),
] as const;

/** A row of the bank's answers as it came; a field without anything in it is null. */
export type AnswerRow = Readonly<Record<(typeof ANSWER_COLUMNS)[number], string | null>>;

/** Why a row moves no payout. */
export const UNMATCHED_REASONS = {
  bad_row: 'a field is missing or not of its form',
  unknown_reference: 'no payout has this reference',
  not_sent: 'the payout has not been sent',
  currency_differs: 'the payout was sent in another currency',
  amount_differs: 'the payout was sent with another amount',
  differs_from_before: 'the same answer was imported before with other content',
  already_paid: 'the payout is paid by another answer',
  already_returned: 'the payout has come back by another answer',
} as const;

export type UnmatchedReason = keyof typeof UNMATCHED_REASONS;

/** What a row says, once its form is right. */
export interface Answer {
  readonly reference: string;
  readonly status: 'paid' | 'returned';
  readonly amountNanos: Nanos;
  readonly currency: string;
  readonly bankReference: string;
  readonly bookedOn: BusinessDay;
  readonly reason: string | null;
}

const MAX_BANK_REFERENCE = 64;
const MAX_REASON = 500;

/** The answer of a row; null where a field is missing or not of its form. */
export function answerOf(row: AnswerRow): Answer | null {
  const { reference, status, currency, bank_reference: bankReference, reason } = row;
  if (reference === null || currency === null || (status !== 'paid' && status !== 'returned')) return null;
  if (bankReference === null || !isPrintableAscii(bankReference, MAX_BANK_REFERENCE)) return null;
  if (reason !== null && (reason.length > MAX_REASON || /\p{Cc}/u.test(reason))) return null;
  const amountNanos = readOrNull(() => parseAmount(row.amount ?? ''));
  const bookedOn = readOrNull(() => parseBusinessDay(row.booked_on ?? ''));
  if (amountNanos === null || amountNanos <= 0n || bookedOn === null) return null;
  return { reference, status, amountNanos, currency, bankReference, bookedOn, reason };
}

/** SHA-256, as hex, over what a row says, so that "500" and "500.00" are one; over the row as it came where it says nothing. */
export function rowDigest(row: AnswerRow, answer: Answer | null): string {
  const said = answer === null ? row : { ...row, amount: String(answer.amountNanos) };
  return hash('sha256', JSON.stringify(ANSWER_COLUMNS.map(column => said[column])), 'hex');
}

/** A payout as far as answers have brought it; changes with each that moves it. */
export interface AnsweredPayout {
  readonly sentCurrency: string;
  readonly sentNanos: Nanos;
  status: StepStatus | null;
  lastStepNo: number;
  /** Digests of the answers that moved it, by status and the bank's reference. */
  readonly answers: Map<string, string>;
}

/** What an answer does to its payout: it moves it, repeats what is known, or doesn't match. */
export function judgeAnswer(
  { status, amountNanos, currency, bankReference }: Answer,
  { payout, digest }: { readonly payout: AnsweredPayout | null; readonly digest: string },
): 'moves' | 'repeats' | UnmatchedReason {
  if (payout === null) return 'unknown_reference';
  // Keyed by the bank's reference: an answer that comes again is known by it, whatever has become of the payout since.
  const before = payout.answers.get(answerKey({ status, bankReference }));
  if (before !== undefined) return before === digest ? 'repeats' : 'differs_from_before';
  if (currency !== payout.sentCurrency) return 'currency_differs';
  if (amountNanos !== payout.sentNanos) return 'amount_differs';
  if (payout.status === 'returned') return 'already_returned';
  if (payout.status === 'paid') return status === 'paid' ? 'already_paid' : 'moves';
  return payout.status === 'sent' ? 'moves' : 'not_sent';
}

export function answerKey({ status, bankReference }: Pick<Answer, 'status' | 'bankReference'>): string {
  return `${status} ${bankReference}`;
}

function readOrNull<Value>(parse: () => Value): Value | null {
  try {
    return parse();
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}
