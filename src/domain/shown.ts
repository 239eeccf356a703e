const SHOWN_LENGTH = 80;

// What could move a terminal's cursor or reverse the reading order: C1 controls, line separators, bidirectional marks.
const UNSAFE = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * An outside value as it may appear in messages, logs and database text: cut to 80 characters, quoted, well-formed,
 * free of control characters. Containers are only named, because printing a deeply nested one overflows the stack.
 */
export function shown(value: unknown): string {
  if (typeof value === 'string') {
    const cut =
      value.length > SHOWN_LENGTH ? `${JSON.stringify(value.slice(0, SHOWN_LENGTH))}…` : JSON.stringify(value);
    return cut.replace(UNSAFE, unsafe => `\\u${unsafe.charCodeAt(0).toString(16).padStart(4, '0')}`);
  }
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  return String(value).slice(0, SHOWN_LENGTH);
}
