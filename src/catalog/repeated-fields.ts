/** An object or array that a scan is inside of. */
interface Open {
  /** The fields of an object so far; null of an array. */
  readonly fields: Set<string> | null;
  /** The field or element that the scan is at. */
  at: string | number;
}

/**
 * The place of the first field that stands twice in one object, such as `plans[0].tiers[1].share`; null where none does. JSON.parse would
 * silently take the last one, which is not the one that a person who reads the file must see.
 * @param text must be JSON already parsed; of any other text the answer means nothing
 */
export function repeatedField(text: string): string | null {
  const open: Open[] = [];
  let keyNext = false;
  for (let index = 0; index < text.length; index += 1) {
    const inner = open.at(-1);
    switch (text.charCodeAt(index)) {
      case 0x22: {
        const end = endOfString(text, index);
        if (keyNext && inner?.fields) {
          inner.at = keyOf(text.slice(index, end + 1));
          if (inner.fields.has(inner.at)) return placeOf(open);
          inner.fields.add(inner.at);
          keyNext = false;
        }
        index = end;
        break;
      }
      case 0x7b:
        open.push({ fields: new Set(), at: '' });
        keyNext = true;
        break;
      case 0x5b:
        open.push({ fields: null, at: 0 });
        keyNext = false;
        break;
      case 0x7d:
      case 0x5d:
        open.pop();
        keyNext = false;
        break;
      case 0x2c:
        keyNext = inner?.fields !== null;
        if (typeof inner?.at === 'number') inner.at += 1;
        break;
    }
  }
  return null;
}

function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

function isEscaped(text: string, quote: number): boolean {
  let backslashes = 0;
  while (text[quote - 1 - backslashes] === '\\') backslashes += 1;
  return backslashes % 2 === 1;
}

function keyOf(quoted: string): string {
  return quoted.includes('\\') ? String(JSON.parse(quoted)) : quoted.slice(1, -1);
}

function placeOf(open: readonly Open[]): string {
  return open.reduce((place, { at }) => {
    if (typeof at === 'number') return `${place}[${at}]`;
    return place === '' ? at : `${place}.${at}`;
  }, '');
}
