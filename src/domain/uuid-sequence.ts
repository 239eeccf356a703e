const RANDOM_TAIL = (1n << 62n) - 1n;

/**
 * UUIDv7s that never fall behind the one before, whatever the clock does, so that their order is the order in which they were
 * taken. `generate` gives fresh ones.
 */
export function uuidSequence(generate: () => string): () => string {
  let last = '';
  return () => {
    const fresh = generate();
    last = fresh > last ? fresh : afterwards(last, fresh);
    return last;
  };
}

/**
 * The id that follows the last one in the same millisecond: were its time put forward instead, thousands of ids taken at once
 * would come from the future, and the next sequence would begin before them.
 */
function afterwards(last: string, fresh: string): string {
  const tail = BigInt(`0x${last.slice(19, 23)}${last.slice(24)}`);
  if ((tail & RANDOM_TAIL) === RANDOM_TAIL) return nextMillisecond(last, fresh);
  const next = (tail + 1n).toString(16);
  return `${last.slice(0, 19)}${next.slice(0, 4)}-${next.slice(4)}`;
}

function nextMillisecond(last: string, fresh: string): string {
  const time = (BigInt(`0x${last.slice(0, 8)}${last.slice(9, 13)}`) + 1n).toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}${fresh.slice(13)}`;
}
