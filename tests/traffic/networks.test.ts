import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressRanges, addressWords, type Network } from '../../src/traffic/address-ranges.ts';
import { parseNetwork, parseNetworks } from '../../src/traffic/network-file.ts';
import { refusalOf } from '../support/refusals.ts';
import { runs } from '../support/runs.ts';

const rangesOf = (...networks: string[]) =>
  new AddressRanges(networks.map(network => parseNetwork(network) as Network));

describe('a list of networks', () => {
  it.each([
    [
      '203.0.113.0/24',
      ['203.0.113.0', '203.0.113.255', '::ffff:203.0.113.7', '::FFFF:cb00:7107'],
      ['203.0.112.255', '203.0.114.0'],
    ],
    ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], ['::', '::1']],
    [
      '198.51.100.7',
      ['198.51.100.7'],
      ['198.51.100.6', '198.51.100.8', '198.51.100.07', '198.51.100.7 ', '198.51.100.7:80'],
    ],
    [
      '10.0.0.0/9',
      ['10.0.0.0', '10.127.255.255'],
      ['10.128.0.0', '9.255.255.255', '0x0a.0.0.1', '10.1', '167772161', '010.0.0.1'],
    ],
    [
      '2001:db8::/32',
      ['2001:db8::', '2001:0DB8:ffff::1', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
      ['2001:db9::', '2001:db7:ffff::', 'fe80::1%eth0', '2001:db8::/32', '[2001:db8::1]'],
    ],
    [
      '2001:db8:0:0:8000::/65',
      ['2001:db8::8000:0:0:0', '2001:db8::ffff:ffff:ffff:ffff'],
      ['2001:db8::7fff:ffff:ffff:ffff', '2001:db8:0:1::'],
    ],
    ['::ffff:203.0.113.0/120', ['203.0.113.9', '::ffff:203.0.113.9'], ['203.0.114.0', '::203.0.113.9']],
    ['::/0', ['::', '2001:db8::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'], ['203.0.113.9', '']],
  ])('%s', (network, inside, outside) => {
    const ranges = rangesOf(network);
    expect(inside.filter(address => !ranges.has(address))).toEqual([]);
    expect(outside.filter(address => ranges.has(address))).toEqual([]);
  });

  it('finds exactly the addresses of its networks, however they overlap', () => {
    const v4 = fc.record({ address: fc.nat(255), length: fc.integer({ min: 24, max: 32 }) });
    fc.assert(
      fc.property(fc.array(v4, { maxLength: 12 }), fc.nat(255), (networks, address) => {
        const masked = networks.map(({ address: each, length }) => ({ first: each & (0xff << (32 - length)), length }));
        const ranges = rangesOf(...masked.map(({ first, length }) => `192.0.2.${first}/${length}`));
        const sixes = rangesOf(...masked.map(({ first, length }) => `2001:db8::${first.toString(16)}/${length + 96}`));
        const expected = masked.some(({ first, length }) => address >= first && address < first + 2 ** (32 - length));
        expect(ranges.has(`192.0.2.${address}`)).toBe(expected);
        expect(sixes.has(`2001:db8::${address.toString(16)}`)).toBe(expected);
      }),
      { numRuns: runs(500) },
    );
  });

  it('tells 200,000 networks from their gaps', () => {
    const networks = Array.from(
      { length: 200_000 },
      (_, index) => `${(index >> 15) + 1}.${(index >> 7) & 255}.${(index & 127) * 2}.0/24`,
    );
    const ranges = new AddressRanges(networks.map(network => parseNetwork(network) as Network));
    expect([ranges.has('3.7.2.255'), ranges.has('3.7.3.0'), ranges.has('3.7.4.0'), ranges.has('0.0.0.0')]).toEqual([
      true,
      false,
      true,
      false,
    ]);
  });
});

describe('a file of networks', () => {
  it('is read without comments, blank lines and repeats', () => {
    const text = '# data centres\r\n203.0.113.0/24 # one\n\n  2001:db8::/32\t\n203.0.113.0/24\n198.51.100.7';
    expect(parseNetworks(text, 'networks.txt')).toEqual(['198.51.100.7', '2001:db8::/32', '203.0.113.0/24']);
    expect(parseNetworks('# nothing yet\n', 'networks.txt')).toEqual([]);
  });

  it.each([
    ['203.0.113.0/24\n203.0.113.0/33', 'line 2 is "203.0.113.0/33", whose prefix is too long'],
    ['203.0.113.7/24', 'line 1 is "203.0.113.7/24", whose prefix is too long, or has bits of the address beyond it'],
    ['2001:db8::1/32', 'line 1 is "2001:db8::1/32", whose prefix'],
    ['203.0.113/24', 'line 1 is "203.0.113/24", no network'],
    ['203.0.113.0/024', 'line 1'],
    ['::ffff:203.0.113.0/90', 'line 1'],
    ['example.com', 'line 1 is "example.com", no network; write a network such as 203.0.113.0/24'],
    ['203.0.113.0/24, 198.51.100.0/24', 'line 1'],
  ])('is refused with %j', (text, message) => {
    const refusal = refusalOf(() => parseNetworks(text, 'networks.txt'));
    expect(refusal.code).toBe('bad_networks');
    expect(refusal.message).toContain(`networks.txt: ${message}`);
  });

  it('is refused with more than 200,000 of them', () => {
    const text = Array.from(
      { length: 200_001 },
      (_, index) => `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
    ).join('\n');
    expect(refusalOf(() => parseNetworks(text, 'networks.txt')).message).toContain('200001, too many networks');
  });
});

it('an address has one reading', () => {
  expect(addressWords('255.0.0.1')).toEqual([0xff000001]);
  expect(addressWords('::ffff:255.0.0.1')).toEqual([0xff000001]);
  expect(addressWords('1:2::fffe:0')).toEqual([0x10002, 0, 0, 0xfffe0000]);
  for (const none of ['1.2.3', '1.2.3.4.5', '1..2.3', '.1.2.3', '256.1.1.1', '1.2.3.', ':::', 'abc', '1.2.3.4\n']) {
    expect(addressWords(none), none).toBeNull();
  }
});
