/**
 * The configuration of one register.
 */
import { z } from 'zod';

import { DURABILITY_LEVELS } from '../durability.ts';
import type { Register, TokenBucket } from '../register.ts';
import { isKeepableHeader } from '../register.ts';
import { leaf, listOf, oneOf, textLike, wholeNumber } from './leaf.ts';

const HEADER_NAME = /^[a-z0-9][a-z0-9-]{0,127}$/;
const PATH = /^(?:\/[A-Za-z0-9._~-]{1,64}){1,4}$/;

const KIB = 1024;
const DEFAULT_MAX_ENTRY_BYTES = 256 * KIB;

/** One request a day. */
const MIN_REFILL_PER_SECOND = 1 / 86_400;
const MAX_RATE = 1e9;

function isNumberFrom(value: unknown, least: number): boolean {
  return typeof value === 'number' && value >= least && value <= MAX_RATE;
}

function isTokenBucket(value: unknown): boolean {
  if (value === 'off') return true;
  if (typeof value !== 'object' || value === null) return false;
  const { refillPerSecond, capacity, ...rest } = value as Record<string, unknown>;
  return (
    Object.keys(rest).length === 0 &&
    isNumberFrom(refillPerSecond, MIN_REFILL_PER_SECOND) &&
    isNumberFrom(capacity, 1)
  );
}

export const registerSchema = z.strictObject({
  access: oneOf('open'),
  aliases: z
    .array(
      z.strictObject({
        method: oneOf('POST', 'GET'),
        path: textLike('a path such as /getEpoch', PATH),
      }),
    )
    .default([]),
  maxEntryBytes: wholeNumber(KIB, 16 * KIB * KIB).default(DEFAULT_MAX_ENTRY_BYTES),
  keepHeaders: listOf(
    'a list of lower-case header names, none of them a credential, a cookie or a forwarding header',
    (name) => HEADER_NAME.test(name) && isKeepableHeader(name),
  ).default([]),
  keepQuery: listOf(
    'a list of query parameter names',
    (name) => name.length > 0 && name.length <= 128,
  ).default([]),
  idempotencyKeyFrom: leaf<string>(
    'a lower-case header name such as x-github-delivery, not of a credential, a cookie or a forwarding header',
    (value) => typeof value === 'string' && HEADER_NAME.test(value) && isKeepableHeader(value),
  ).optional(),
  occurredAtFrom: textLike('the name of a top-level field of the payload', /^.{1,128}$/).optional(),
  clientIp: oneOf('full', 'truncated', 'off').default('truncated'),
  rateLimit: leaf<TokenBucket | 'off'>(
    '"off" or { refillPerSecond, capacity } with positive numbers',
    isTokenBucket,
  ).default('off'),
  minDurability: oneOf(...DURABILITY_LEVELS).optional(),
  showEpochMs: leaf<boolean>('true or false', (value) => typeof value === 'boolean').default(false),
});

export function toRegister(name: string, config: z.output<typeof registerSchema>): Register {
  const { access, idempotencyKeyFrom, occurredAtFrom, minDurability, rateLimit, ...rest } = config;
  return {
    name,
    ...rest,
    access: { write: access, read: access },
    ...(rateLimit !== 'off' && { rateLimit }),
    ...(idempotencyKeyFrom && { idempotencyKeyFrom }),
    ...(occurredAtFrom && { occurredAtFrom }),
    ...(minDurability && { minDurability }),
  };
}

/** The registers that a fresh install has; a configured register of the same name takes the place of one. */
export const DEFAULT_REGISTERS: Readonly<Record<string, z.input<typeof registerSchema>>> = {
  app: { access: 'open', rateLimit: { refillPerSecond: 100, capacity: 50 } },
  epoch: {
    access: 'open',
    rateLimit: { refillPerSecond: 100, capacity: 50 },
    showEpochMs: true,
    aliases: [
      { method: 'POST', path: '/EpochRegisterTime' },
      { method: 'GET', path: '/getEpoch' },
    ],
  },
};
