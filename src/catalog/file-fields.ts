import { z } from 'zod';
import { parseBusinessDay } from '../domain/business-day.ts';
import { isCurrency } from '../domain/currency.ts';
import { isRefusal } from '../domain/errors.ts';
import { isId, MAX_ID_LENGTH } from '../domain/ids.ts';

// Every message of a field is its remedy; the place and the value are put before it.

const ID = `write 1 to ${MAX_ID_LENGTH} printable ASCII characters, the first of them no underscore`;
const DAY = 'write a date that exists as YYYY-MM-DD, such as "2018-04-15"';
const CURRENCY = 'write an upper-case ISO 4217 code with a minor unit, such as "CNY"';

/** Ids that begin with an underscore belong to the program, `_unassigned` among them. */
export const idField = z.string(ID).refine(id => isId(id) && !id.startsWith('_'), ID);

export const currencyField = z.string(CURRENCY).refine(isCurrency, CURRENCY);

export const dayField = parsedField(DAY, parseBusinessDay);

/** A string as `parse` reads it; where that refuses or gives null, whatever it says, the problem's remedy is `remedy`. */
export function parsedField<Value extends string | bigint>(remedy: string, parse: (text: string) => Value | null) {
  return z.string(remedy).transform((text, context): Value => {
    const value = valueOrNull(parse, text);
    if (value !== null) return value;
    context.addIssue({ code: 'custom', message: remedy });
    return z.NEVER;
  });
}

/** 1 to `maxLength` UTF-16 units that Postgres can hold and a terminal can show. */
export function textField(maxLength: number) {
  const remedy = `write 1 to ${maxLength} characters without control characters`;
  const isText = (text: string) =>
    text !== '' && text.length <= maxLength && text.isWellFormed() && !/\p{Cc}/u.test(text) && text.trim() === text;
  return z.string(remedy).refine(isText, `${remedy} or spaces around them`);
}

function valueOrNull<Value>(parse: (text: string) => Value | null, text: string): Value | null {
  try {
    return parse(text);
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}
