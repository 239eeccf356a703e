import { InvalidArgumentError, Option } from 'commander';
import { type BusinessDay, parseBusinessDay } from '../domain/business-day.ts';
import { isCurrency } from '../domain/currency.ts';
import { isRefusal } from '../domain/errors.ts';
import { isActor, isId, RESERVED_PREFIXES } from '../domain/ids.ts';
import { parseInstant } from '../domain/instant.ts';
import { type PeriodRange, parsePeriod } from '../domain/period.ts';
import { type Dimension, parseDimensions } from '../ledger/dimensions.ts';

/** Parsers of option values; commander turns their errors into wrong use (exit code 2). */
export function dayArgument(text: string): BusinessDay {
  return argument(() => parseBusinessDay(text));
}

export function periodArgument(text: string): PeriodRange {
  return argument(() => parsePeriod(text));
}

export function currencyArgument(text: string): string {
  if (!isCurrency(text)) throw new InvalidArgumentError('Give an ISO 4217 code in upper case, such as CNY.');
  return text;
}

/** Dimensions of the ledger, with commas between. */
export function dimensionsArgument(text: string): Dimension[] {
  return argument(() => parseDimensions(text));
}

/** What was known, and booked, at an instant. */
export function asKnownOnOption(): Option {
  return new Option('--as-known-on <instant>', 'what was known and booked then, instead of now').argParser(
    instantArgument,
  );
}

export function instantArgument(text: string): Date {
  const epochMs = parseInstant(text);
  if (Number.isNaN(epochMs)) {
    throw new InvalidArgumentError('Give an instant with its offset, such as 2013-10-22T00:00:00+08:00.');
  }
  return new Date(epochMs);
}

/** A whole number from 1 to `most`. */
export function countArgument(most: number): (text: string) => number {
  return text => {
    const count = Number(text);
    if (!/^\d+$/.test(text) || count < 1 || count > most) {
      throw new InvalidArgumentError(`Give a whole number from 1 to ${most}.`);
    }
    return count;
  };
}

/** The person who does or says it, as records name them. */
export function actorArgument(text: string): string {
  if (isActor(text)) return text;
  const reserved = RESERVED_PREFIXES.join(' or ');
  throw new InvalidArgumentError(
    `Give 1 to 64 printable ASCII characters that don't begin with ${reserved}, such as li.wei.`,
  );
}

/** As records have it: a person, a login, or the program itself. */
export function recordedActorArgument(text: string): string {
  if (!isId(text)) throw new InvalidArgumentError('Give 1 to 64 printable ASCII characters, such as li.wei.');
  return text;
}

/** A sentence of a person, kept with what was done. */
export function noteArgument(text: string): string {
  if (text.trim() === '' || text.length > 500 || !text.isWellFormed() || /\p{Cc}/u.test(text)) {
    throw new InvalidArgumentError('Give 1 to 500 characters without control characters.');
  }
  return text;
}

function argument<Value>(parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    throw isRefusal(error) ? new InvalidArgumentError(error.message) : error;
  }
}
