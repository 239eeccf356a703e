import { parsedField } from '../catalog/file-fields.ts';
import { isRefusal } from '../domain/errors.ts';
import { formatDecimal, parseAmount } from '../domain/nanos.ts';

const SIGNED =
  'write a decimal string other than zero with at most 18 digits before the point and 9 after it, such as "12.50" or "-12.50"';
const POSITIVE =
  'write a decimal string above zero with at most 18 digits before the point and 9 after it, such as "12.50"';
/** Far above any amount of business, and far below what sums of such amounts can hold. */
const MOST = 10n ** 27n;

/** An amount in a decision's parameters: two at least, nine at most decimals, whatever the file wrote. */
export const signedAmountField = parsedField(SIGNED, text => canonical(text, amount => amount !== 0n));

export const positiveAmountField = parsedField(POSITIVE, text => canonical(text, amount => amount > 0n));

function canonical(text: string, fits: (amount: bigint) => boolean): string | null {
  try {
    const amount = parseAmount(text);
    return fits(amount) && amount < MOST && amount > -MOST ? formatDecimal(amount) : null;
  } catch (error) {
    if (isRefusal(error)) return null;
    throw error;
  }
}
