/** What docs/traffic-quality.md says of addresses and networks; nothing here comes from the program. */

interface Address {
  readonly value: bigint;
  readonly bits: 32 | 128;
}

/** An address, IPv4 or IPv6; null for any other text. An IPv4 address that is written as IPv6 is the IPv4 one. */
export function readAddress(text: string): Address | null {
  if (!text.includes(':')) {
    const value = ipv4(text);
    return value === null ? null : { value, bits: 32 };
  }
  const value = ipv6(text);
  if (value === null) return null;
  return value >> 32n === 0xffffn ? { value: value & 0xffff_ffffn, bits: 32 } : { value, bits: 128 };
}

/** Whether the address lies in a network such as 203.0.113.0/24, or is the one address that is listed. */
export function liesIn(text: string, network: string): boolean {
  const [start = '', prefix] = network.split('/');
  const address = readAddress(text);
  const first = readAddress(start);
  if (address === null || first === null || address.bits !== first.bits) return false;
  const writtenBits = start.includes(':') ? 128 : 32;
  const hostBits = BigInt(prefix === undefined ? 0 : writtenBits - Number(prefix));
  return address.value >> hostBits === first.value >> hostBits;
}

function ipv4(text: string): bigint | null {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) return null;
  const parts = text.split('.').map(Number);
  return parts.some(part => part > 255) ? null : parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

function ipv6(text: string): bigint | null {
  const [, before = text, tail] = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text) ?? [];
  const last = tail === undefined ? null : ipv4(tail);
  if (tail !== undefined && last === null) return null;
  const whole = last === null ? before : `${before}${(last >> 16n).toString(16)}:${(last & 0xffffn).toString(16)}`;
  const halves = whole.split('::');
  const groups = halves.map(half => (half === '' ? [] : half.split(':')));
  const count = groups.flat().length;
  if (halves.length > 2 || (halves.length === 2 ? count > 7 : count !== 8)) return null;
  if (!groups.flat().every(group => /^[0-9a-f]{1,4}$/i.test(group))) return null;
  const [head = [], rest = []] = groups;
  const zeros = Array.from({ length: 8 - count }, () => '0');
  return [...head, ...zeros, ...rest].reduce((sum, group) => sum * 65_536n + BigInt(`0x${group}`), 0n);
}
