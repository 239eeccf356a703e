const START = 0x811c9dc5;
const PRIME = 0x01000193;

/** FNV-1a over UTF-16 units. */
export function hash32(text: string): number {
  let hash = START;
  for (let place = 0; place < text.length; place += 1) hash = Math.imul(hash ^ text.charCodeAt(place), PRIME);
  return hash >>> 0;
}

/** `hash32` of the text that the bytes are in Latin-1, which costs far more to be made than to be hashed. */
export function hash32OfBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = START;
  for (let place = start; place < end; place += 1) hash = Math.imul(hash ^ (bytes[place] as number), PRIME);
  return hash >>> 0;
}
