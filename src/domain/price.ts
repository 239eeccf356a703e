const MAX_PRICE = '1000000';
export const MAX_PRICE_DECIMALS = 6;
export const MAX_PRICE_MICROS = 1e12;
export const MICROS_PER_UNIT = 1_000_000;

/**
 * The one spelling of a price's value: no leading zeros, no trailing zeros of the fraction ("02.50" is "2.5"), so that
 * equal prices are equal strings. Null unless digits with at most 6 decimals and at most 1,000,000.
 */
export function canonicalPrice(text: string): string | null {
  const length = text.length;
  let point = length;
  for (let i = 0; i < length; i++) {
    const char = text.charCodeAt(i);
    if (char >= 0x30 && char <= 0x39) continue;
    if (char !== 0x2e || point !== length) return null;
    point = i;
  }
  const decimals = length - point - 1;
  if (point === 0 || decimals === 0 || decimals > MAX_PRICE_DECIMALS) return null;

  let start = 0;
  while (start < point - 1 && text.charCodeAt(start) === 0x30) start++;
  let end = length;
  if (point !== length) {
    while (end > point + 1 && text.charCodeAt(end - 1) === 0x30) end--;
    if (end === point + 1) end = point;
  }
  const canonical = start === 0 && end === length ? text : text.slice(start, end);
  // As many digits without a leading zero are at least the maximum.
  return point - start >= MAX_PRICE.length && canonical !== MAX_PRICE ? null : canonical;
}

/** Millionths of a currency unit, at most 10¹², so that a thousand times as many are still a safe integer; throws for more than 6 decimals. */
export function priceMicros(price: string): number {
  let micros = 0;
  let decimals = -1;
  for (let index = 0; index < price.length; index += 1) {
    const char = price.charCodeAt(index);
    if (char === 0x2e) decimals = 0;
    else {
      micros = micros * 10 + char - 0x30;
      if (decimals >= 0) decimals += 1;
    }
  }
  if (decimals > MAX_PRICE_DECIMALS) throw new Error(`price ${price} has more than 6 decimals`);
  for (let missing = MAX_PRICE_DECIMALS - Math.max(decimals, 0); missing > 0; missing -= 1) micros *= 10;
  return micros;
}

/** The canonical price of so many millionths: digits, without trailing zeros of the fraction. */
export function priceOfMicros(micros: number): string {
  const whole = Math.floor(micros / MICROS_PER_UNIT);
  const rest = micros - whole * MICROS_PER_UNIT;
  if (rest === 0) return String(whole);
  const digits = String(rest).padStart(MAX_PRICE_DECIMALS, '0');
  let end = MAX_PRICE_DECIMALS;
  while (digits.charCodeAt(end - 1) === 0x30) end -= 1;
  return `${whole}.${digits.slice(0, end)}`;
}
