/**
 * Client addresses: kept whole, cut to their network, or not at all. IPv4 by /24, IPv6 by /48 unless said otherwise.
 */
import { isIPv6 } from 'node:net';

const IPV4_KEPT_OCTETS = 3;
const IPV6_GROUP_BITS = 16;
const IPV6_GROUPS = 8;

/** A few clients send most requests; telling IPv6 from IPv4 takes a long regular expression. */
const MAX_REMEMBERED = 1_000;
const remembered = new Map<string, string>();

/** `203.0.113.7` → `203.0.113.0`; `2001:db8:1:2::7` → `2001:db8:1::`. */
export function truncateAddress(address: string, { ipv6Bits = 48 }: { ipv6Bits?: 48 | 64 } = {}): string {
  const name = ipv6Bits === 48 ? address : `${address}/${ipv6Bits}`;
  let truncated = remembered.get(name);
  if (truncated === undefined) {
    if (remembered.size === MAX_REMEMBERED) remembered.clear();
    truncated = truncate(address, ipv6Bits);
    remembered.set(name, truncated);
  }
  return truncated;
}

function truncate(address: string, ipv6Bits: number): string {
  const plain = withoutMapping(address);
  if (!isIPv6(plain)) {
    return [...plain.split('.').slice(0, IPV4_KEPT_OCTETS), '0'].join('.');
  }
  const kept = ipv6Groups(plain).slice(0, ipv6Bits / IPV6_GROUP_BITS);
  return `${kept.join(':')}::`;
}

/** A dual-stack socket shows IPv4 clients as `::ffff:203.0.113.7`. */
export function withoutMapping(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped?.[1] ?? address;
}

export function isLoopback(host: string): boolean {
  return (
    host === 'localhost' ||
    host === '::1' ||
    host === '[::1]' ||
    /^127(?:\.\d{1,3}){3}$/.test(withoutMapping(host))
  );
}

function ipv6Groups(address: string): string[] {
  const [head = '', tail] = (address.split('%')[0] as string).split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : IPV6_GROUPS - left.length - right.length;
  return [...left, ...Array.from({ length: Math.max(0, zeros) }, () => '0'), ...right];
}
