import { FileProblems } from '../catalog/file-problems.ts';
import { addressWords, type Network } from './address-ranges.ts';

export const BAD_NETWORKS = 'bad_networks';

export const MOST_NETWORKS = 200_000;
const FORM = 'write a network such as 203.0.113.0/24 or 2001:db8::/32, or one address';

/**
 * The networks of a text file, one a line; blank lines and what follows a # are passed over. As they are written in the file, each
 * once, sorted; `parseNetwork` reads each of them.
 * @throws Refusal `bad_networks` naming the line of what is no network, or more than 200,000 of them
 */
export function parseNetworks(text: string, source: string): string[] {
  const problems = new FileProblems({ source, code: BAD_NETWORKS });
  const networks = new Set<string>();
  for (const [index, line] of text.split('\n').entries()) {
    const written = line.replace(/#.*/s, '').trim();
    if (written === '') continue;
    if (parseNetwork(written) === null) {
      problems.add({ place: `line ${index + 1}`, value: written, fault: faultOf(written), remedy: FORM });
    }
    networks.add(written);
  }
  if (networks.size > MOST_NETWORKS) {
    const remedy = `join neighbours, or leave some out: at most ${MOST_NETWORKS} are taken`;
    problems.add({ place: 'the list', value: networks.size, fault: 'too many networks', remedy });
  }
  problems.refuseIfAny();
  return [...networks].sort();
}

/** "203.0.113.0/24" or a lone address; null for what is neither, and for an address with bits beyond its network's. */
export function parseNetwork(text: string): Network | null {
  const [, address = '', prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const words = addressWords(address);
  if (words === null || (prefix !== undefined && prefix.length > 1 && prefix.startsWith('0'))) return null;
  const bits = words.length * 32;
  // An IPv4 address that is written as IPv6 has the prefix of the latter.
  const mapped = words.length === 1 && address.includes(':') ? 96 : 0;
  const length = prefix === undefined ? bits : Number(prefix) - mapped;
  if (length < 0 || length > bits) return null;
  const hostBits = words.map((_, word) => {
    const inNetwork = Math.min(32, Math.max(0, length - word * 32));
    return inNetwork === 32 ? 0 : 0xffff_ffff >>> inNetwork;
  });
  if (words.some((word, place) => (word & (hostBits[place] as number)) !== 0)) return null;
  return { first: words, last: words.map((word, place) => (word | (hostBits[place] as number)) >>> 0) };
}

function faultOf(written: string): string {
  const [address = '', prefix] = written.split('/');
  const isBeyond = prefix !== undefined && /^\d{1,3}$/.test(prefix) && addressWords(address) !== null;
  return isBeyond ? 'whose prefix is too long, or has bits of the address beyond it' : 'no network';
}
