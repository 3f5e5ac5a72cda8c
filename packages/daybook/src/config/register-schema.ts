/**
 * The configuration of one register.
 */
import * as z from 'zod';

import { DURABILITY_LEVELS } from '../durability.ts';
import { isNetwork } from '../access/client-address.ts';
import type { Access, CredentialKind, Direction, Register, TokenBucket } from '../register.ts';
import { isKeepableHeader } from '../register.ts';
import { group } from './group.ts';
import { leaf, listOf, oneOf, show, textLike, wholeNumber } from './leaf.ts';

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

const CREDENTIAL_KINDS: readonly CredentialKind[] = ['key', 'jwt'];
const ACCESS = 'open, key, jwt or a list of key and jwt';

function isAccess(value: unknown): boolean {
  if (value === 'open') return true;
  const kinds: unknown[] = Array.isArray(value) ? value : [value];
  return kinds.length > 0 && kinds.every((kind) => (CREDENTIAL_KINDS as readonly unknown[]).includes(kind));
}

function isAccessByDirection(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return isAccess(value);
  const { write, read, ...rest } = value as Record<string, unknown>;
  return Object.keys(rest).length === 0 && isAccess(write) && isAccess(read);
}

type GivenAccess = 'open' | CredentialKind | readonly CredentialKind[];

const isFlag = (value: unknown): boolean => typeof value === 'boolean';

function isOrigin(value: unknown): boolean {
  return typeof value === 'string' && URL.canParse(value) && new URL(value).origin === value;
}

const schemaSchema = z
  .custom<Readonly<Record<string, unknown>>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    { error: (issue) => `expected a JSON Schema (2020-12), given ${show(issue.input)}` },
  )
  .describe('a JSON Schema (2020-12)');

export const registerSchema = group({
  access: leaf<GivenAccess | Readonly<Record<Direction, GivenAccess>>>(
    `${ACCESS}, or { write, read } of these`,
    isAccessByDirection,
  ),
  /** Every caller sees its own entries only; needs a credential for both directions. */
  ownership: leaf<boolean>('true or false', isFlag).default(false),
  schema: schemaSchema.optional(),
  allowFrom: listOf('a list of addresses and CIDRs such as 10.0.0.0/8', isNetwork).optional(),
  retentionDays: wholeNumber(1, 36_500).optional(),
  cors: group({
    origins: leaf<'*' | readonly string[]>(
      '"*" or a list of origins such as https://app.example.com',
      (value) => value === '*' || (Array.isArray(value) && value.length > 0 && value.every(isOrigin)),
    ),
    maxAgeSeconds: wholeNumber(0, 86_400).default(600),
  }).optional(),
  aliases: z
    .array(
      group({
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
  showEpochMs: leaf<boolean>('true or false', isFlag).default(false),
});

export function toRegister(name: string, config: z.output<typeof registerSchema>): Register {
  const { access, idempotencyKeyFrom, occurredAtFrom, minDurability, rateLimit, ...others } = config;
  const { schema, allowFrom, retentionDays, cors, ...rest } = others;
  const { write, read } =
    typeof access === 'object' && 'write' in access ? access : { write: access, read: access };
  return {
    name,
    ...rest,
    access: { write: toAccess(write), read: toAccess(read) },
    ...(schema && { schema }),
    ...(allowFrom && { allowFrom }),
    ...(retentionDays !== undefined && { retentionDays }),
    ...(cors && { cors }),
    ...(rateLimit !== 'off' && { rateLimit }),
    ...(idempotencyKeyFrom && { idempotencyKeyFrom }),
    ...(occurredAtFrom && { occurredAtFrom }),
    ...(minDurability && { minDurability }),
  };
}

function toAccess(given: GivenAccess): Access {
  return given === 'key' || given === 'jwt' ? [given] : given;
}

/** What Daybook itself puts on record about its operators: no configuration changes it. */
export const AUDIT_REGISTER: Register = {
  ...toRegister('audit', registerSchema.parse({ access: ['key', 'jwt'], clientIp: 'off' })),
  access: { write: 'internal', read: ['key', 'jwt'] },
};

/** The registers that a fresh install has; a configured register of the same name takes the place of one. */
export const DEFAULT_REGISTERS: Readonly<Record<string, z.input<typeof registerSchema>>> = {
  app: { access: 'open', rateLimit: { refillPerSecond: 100, capacity: 50 } },
  data: {
    access: 'jwt',
    ownership: true,
    rateLimit: { refillPerSecond: 100, capacity: 50 },
    schema: {
      type: 'object',
      required: ['informationOne', 'informationTwo'],
      properties: {
        informationOne: { type: 'string', minLength: 1 },
        informationTwo: { type: 'string', minLength: 1 },
      },
    },
  },
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
