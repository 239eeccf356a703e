import { traitOf } from './sample-random.ts';

export interface SampleDevice {
  readonly deviceId: string | null;
  readonly userAgent: string;
  readonly ip: string;
}

const WITHOUT_ID_IN_100 = 3;
const IPV6_IN_100 = 4;

const SYSTEMS = [
  'iPhone; CPU iPhone OS 11_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E216',
  'iPhone; CPU iPhone OS 11_2_6 like Mac OS X) AppleWebKit/604.5.6 (KHTML, like Gecko) Mobile/15D100',
  'iPhone; CPU iPhone OS 10_3_3 like Mac OS X) AppleWebKit/603.3.8 (KHTML, like Gecko) Mobile/14G60',
  'Linux; Android 8.0.0; MI 6 Build/OPR1.170623.027; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/57.0.2987.132 Mobile Safari/537.36',
  'Linux; Android 7.1.1; OPPO R11 Build/NMF26X; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/57.0.2987.132 Mobile Safari/537.36',
  'Linux; Android 7.1.2; vivo X9 Build/N2G47H; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/57.0.2987.132 Mobile Safari/537.36',
  'Linux; Android 8.0.0; HUAWEI BLA-AL00 Build/HUAWEIBLA-AL00; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/62.0.3202.84 Mobile Safari/537.36',
  'Linux; Android 6.0.1; SM-G9280 Build/MMB29K; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/53.0.2785.49 Mobile Safari/537.36',
];
const CLIENTS = ['MicroMessenger/6.6.6', 'MicroMessenger/6.6.5', 'MicroMessenger/6.6.3', 'MicroMessenger/6.5.23'];
const NETWORKS = ['WIFI', '4G', '4G', '3G'];
const USER_AGENTS = SYSTEMS.flatMap(system =>
  CLIENTS.flatMap(client =>
    NETWORKS.map(network => `Mozilla/5.0 (${system} ${client} NetType/${network} Language/zh_CN`),
  ),
);
const HEX_BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const IPV4_NETWORKS = ['36.112', '60.191', '101.226', '112.64', '114.88', '117.136', '120.204', '183.192', '223.104'];

/** A device's id, user agent and address, always the same ones for one (key, index). */
export function sampleDevice({ key, index }: { readonly key: number; readonly index: number }): SampleDevice {
  const first = traitOf({ key, index });
  const second = traitOf({ key: ~key, index });
  return {
    deviceId: first % 100 < WITHOUT_ID_IN_100 ? null : hex(first) + hex(second),
    userAgent: USER_AGENTS[second % USER_AGENTS.length] as string,
    ip: (first >>> 8) % 100 < IPV6_IN_100 ? ipv6Of(second) : ipv4Of(second),
  };
}

/** Eight hexadecimal digits; from a table, as padding them would take a third of a sample's time. */
export function hex(uint32: number): string {
  return `${HEX_BYTES[uint32 >>> 24]}${HEX_BYTES[(uint32 >>> 16) & 0xff]}${HEX_BYTES[(uint32 >>> 8) & 0xff]}${HEX_BYTES[uint32 & 0xff]}`;
}

function ipv4Of(trait: number): string {
  return `${IPV4_NETWORKS[(trait >>> 16) % IPV4_NETWORKS.length]}.${(trait >>> 8) & 0xff}.${trait & 0xff}`;
}

function ipv6Of(trait: number): string {
  return `240e:3a1:${(trait >>> 16).toString(16)}:${(trait & 0xffff).toString(16)}::1`;
}
