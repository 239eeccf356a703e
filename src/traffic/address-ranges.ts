import { isIPv6 } from 'node:net';
import ipaddr from 'ipaddr.js';

/** A network: the first and the last address as 32-bit words, one for IPv4, four for IPv6. */
export interface Network {
  readonly first: readonly number[];
  readonly last: readonly number[];
}

/** Addresses of IPv6 that are remembered, since taking one apart costs far more than looking it up. */
const REMEMBERED = 65_536;
const NOT_FOUR_PARTS = -1;

/** Whether addresses lie in any of up to some hundred thousand networks: sorted, disjoint ranges, searched by halving. */
export class AddressRanges {
  readonly #v4: SortedRanges;
  readonly #v6: SortedRanges;
  readonly #knownV6 = new Map<string, boolean>();

  constructor(networks: readonly Network[]) {
    this.#v4 = new SortedRanges(1, networks);
    this.#v6 = new SortedRanges(4, networks);
  }

  /** An address in any other form than `addressWords` reads lies in no network. */
  has(address: string): boolean {
    const v4 = fourParts(address);
    if (v4 !== NOT_FOUR_PARTS) return this.#v4.has([v4]);
    const known = this.#knownV6.get(address);
    if (known !== undefined) return known;
    const words = addressWords(address);
    const found = words !== null && (words.length === 1 ? this.#v4 : this.#v6).has(words);
    if (this.#knownV6.size >= REMEMBERED) this.#knownV6.clear();
    this.#knownV6.set(address, found);
    return found;
  }
}

/**
 * An address as 32-bit words: IPv4 as four decimal numbers without leading zeros, or IPv6 without a zone; one that IPv6 maps an IPv4
 * address to (::ffff:0:0/96) counts as that one. Null for any other text.
 */
export function addressWords(text: string): number[] | null {
  const v4 = fourParts(text);
  if (v4 !== NOT_FOUR_PARTS) return [v4];
  if (!isIPv6(text) || text.includes('%')) return null;
  const { parts } = ipaddr.IPv6.parse(withoutDots(text));
  const words = [0, 2, 4, 6].map(place => (((parts[place] as number) << 16) | (parts[place + 1] as number)) >>> 0);
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff ? [words[3] as number] : words;
}

/** The same address with its last 32 bits as IPv6 writes them: ipaddr.js takes ::203.0.113.7 for ::ffff:203.0.113.7. */
function withoutDots(text: string): string {
  const tail = text.slice(text.lastIndexOf(':') + 1);
  const v4 = fourParts(tail);
  if (v4 === NOT_FOUR_PARTS) return text;
  return `${text.slice(0, -tail.length)}${(v4 >>> 16).toString(16)}:${(v4 & 0xffff).toString(16)}`;
}

/** The number that "203.0.113.7" writes, -1 for any other text. */
function fourParts(text: string): number {
  let address = 0;
  let part = NOT_FOUR_PARTS;
  let parts = 1;
  for (let place = 0; place < text.length; place += 1) {
    const char = text.charCodeAt(place);
    if (char === 0x2e) {
      if (part < 0 || parts === 4) return NOT_FOUR_PARTS;
      address = address * 256 + part;
      part = NOT_FOUR_PARTS;
      parts += 1;
    } else {
      if (char < 0x30 || char > 0x39 || part === 0) return NOT_FOUR_PARTS;
      part = part < 0 ? char - 0x30 : part * 10 + char - 0x30;
      if (part > 255) return NOT_FOUR_PARTS;
    }
  }
  return part < 0 || parts !== 4 ? NOT_FOUR_PARTS : address * 256 + part;
}

class SortedRanges {
  readonly #words: number;
  readonly #first: Uint32Array;
  readonly #last: Uint32Array;
  readonly #count: number;

  constructor(words: number, networks: readonly Network[]) {
    const sorted = networks.filter(network => network.first.length === words).sort((a, b) => compare(a.first, b.first));
    const disjoint: { first: readonly number[]; last: readonly number[] }[] = [];
    for (const { first, last } of sorted) {
      const before = disjoint.at(-1);
      if (before === undefined || compare(first, before.last) > 0) disjoint.push({ first, last });
      else if (compare(last, before.last) > 0) before.last = last;
    }
    this.#words = words;
    this.#count = disjoint.length;
    this.#first = Uint32Array.from(disjoint.flatMap(range => range.first));
    this.#last = Uint32Array.from(disjoint.flatMap(range => range.last));
  }

  has(address: readonly number[]): boolean {
    let low = 0;
    let high = this.#count - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (this.#compareAt(this.#first, middle, address) > 0) high = middle - 1;
      else if (this.#compareAt(this.#last, middle, address) < 0) low = middle + 1;
      else return true;
    }
    return false;
  }

  #compareAt(edges: Uint32Array, range: number, address: readonly number[]): number {
    const at = range * this.#words;
    for (let word = 0; word < this.#words; word += 1) {
      const difference = (edges[at + word] as number) - (address[word] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (let word = 0; word < a.length; word += 1) {
    const difference = (a[word] as number) - (b[word] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
