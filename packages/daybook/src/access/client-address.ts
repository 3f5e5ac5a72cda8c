/**
 * Who is at the other end: the peer of the socket, or of the front where that says so, unless it is a proxy that the
 * configuration trusts. Then it is the last address in `X-Forwarded-For` that no trusted proxy has; what stands before it was written by strangers.
 */
import { BlockList, isIP } from 'node:net';

import { withoutMapping } from './address.ts';

/** The proxies in front: their networks as CIDR, or how many of them each request passes. */
export type TrustedProxies = number | readonly string[];

export interface Client {
  /** Empty where it is not known. */
  readonly address: string;
  readonly protocol: 'http' | 'https';
}

export interface Networks {
  includes(address: string): boolean;
}

type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

/** @param networks CIDRs or single addresses, as the configuration has checked them. */
export function createNetworks(networks: readonly string[]): Networks {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family);
  }
  return {
    includes(given) {
      const address = withoutMapping(withoutZone(given));
      const family = isIP(address);
      return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
    },
  };
}

/** Whether a text is an address or a CIDR. */
export function isNetwork(text: string): boolean {
  const [address = '', bits, ...rest] = text.split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 6 ? 128 : 32));
}

/** @returns from the peer, which is at the other end of the socket or of the front, to whoever it speaks for. */
export function createClientOf(trusted: TrustedProxies): (peer: Client, headers: Fields) => Client {
  if (Array.isArray(trusted) ? trusted.length === 0 : trusted === 0) return (peer) => peer;
  const networks = Array.isArray(trusted) ? createNetworks(trusted as readonly string[]) : undefined;
  const isTrusted = (address: string, hops: number): boolean =>
    networks === undefined ? hops < (trusted as number) : networks.includes(address);

  return (peer, headers) => {
    if (!isTrusted(peer.address, 0)) return peer;
    const forwarded = listOf(headers['x-forwarded-for']);
    let { address } = peer;
    for (let hops = 0; isTrusted(address, hops); hops += 1) {
      const previous = parseAddress(forwarded.pop() ?? '');
      // What is no address was put there by nobody that is trusted.
      if (previous === undefined) break;
      address = previous;
    }
    const protocol = listOf(headers['x-forwarded-proto']).at(-1)?.toLowerCase();
    return { address, protocol: protocol === 'https' ? 'https' : 'http' };
  };
}

function listOf(field: string | readonly string[] | undefined): string[] {
  if (field === undefined) return [];
  return (typeof field === 'string' ? field : field.join(',')).split(',').map((item) => item.trim());
}

/** In one spelling, because an address is kept, counted and compared as text. @returns undefined for what is none. */
export function parseAddress(text: string): string | undefined {
  const address = withoutZone(withoutPort(text));
  if (isIP(address) !== 6) return isIP(address) === 4 ? address : undefined;
  const spelled = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(spelled) ?? [];
  if (high === undefined || low === undefined) return spelled;
  const halves = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return halves.map((half) => `${half >> 8}.${half & 255}`).join('.');
}

/** An interface of some machine (RFC 4007 §11), which means nothing on another; its name may be any text. */
function withoutZone(address: string): string {
  const zone = address.indexOf('%');
  return zone === -1 || isIP(address) !== 6 ? address : address.slice(0, zone);
}

/** Some proxies add the port: `203.0.113.7:4711`, `[2001:db8::7]:4711`. */
function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text);
  if (bracketed !== null) return bracketed[1] as string;
  return /^[\d.]+:\d+$/.test(text) ? text.slice(0, text.indexOf(':')) : text;
}
