/**
 * Token buckets, one per register, direction and client; per process, which the documentation says. A client is its
 * subject where that is known, else its address, IPv6 by /64, because a subscriber line has a whole /64 to choose from.
 */
import type { TokenBucket } from '../register.ts';
import { truncateAddress, withoutMapping } from './address.ts';

export interface Taken {
  readonly allowed: boolean;
  /** Whole requests left now. */
  readonly remaining: number;
  /** Until one more request is allowed; 0 when it is already. */
  readonly retryAfterSeconds: number;
}

export interface RateLimiter {
  /** @param client as {@link clientName} calls it. */
  take(register: string, direction: 'read' | 'write', bucket: TokenBucket, client: string): Taken;
}

interface State {
  tokens: number;
  atMs: number;
}

/** The bound on remembered clients; the one seen longest ago is forgotten, which can only be in its favour. */
const MAX_CLIENTS = 100_000;

/** @param nowMs monotonic milliseconds. */
export function createRateLimiter(nowMs: () => number, maxClients = MAX_CLIENTS): RateLimiter {
  const clients = new Map<string, State>();
  return {
    take(register, direction, { refillPerSecond, capacity }, name) {
      const client = `${register} ${direction} ${name}`;
      const now = nowMs();
      const state = clients.get(client) ?? { tokens: capacity, atMs: now };
      state.tokens = Math.min(capacity, state.tokens + ((now - state.atMs) / 1000) * refillPerSecond);
      state.atMs = now;
      const allowed = state.tokens >= 1;
      if (allowed) state.tokens -= 1;
      // Behind all others: the first of the map is the one seen longest ago.
      clients.delete(client);
      clients.set(client, state);
      if (clients.size > maxClients) clients.delete(clients.keys().next().value as string);
      const missing = Math.max(0, 1 - state.tokens);
      return {
        allowed,
        remaining: Math.floor(state.tokens),
        retryAfterSeconds: allowed ? 0 : Math.ceil(missing / refillPerSecond),
      };
    },
  };
}

/** A dual-stack socket shows IPv4 clients as IPv6: each is a client of its own all the same. No address has a quote. */
export function clientName(address: string, subject?: string): string {
  if (subject !== undefined) return JSON.stringify(subject);
  if (!address.includes(':')) return address;
  const plain = withoutMapping(address);
  return plain.includes(':') ? truncateAddress(plain, { ipv6Bits: 64 }) : plain;
}
