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

/** The fresh id with the time of the last one, one millisecond on. */
function afterwards(last: string, fresh: string): string {
  const millisecond = BigInt(`0x${last.slice(0, 8)}${last.slice(9, 13)}`) + 1n;
  const time = millisecond.toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}${fresh.slice(13)}`;
}
