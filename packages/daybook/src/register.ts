/**
 * The register: a named, append-only list of entries with its own paths and limits. Registers come from the
 * configuration; three are there by default (`app`, `data` and `epoch`), and two hold what Daybook itself puts on record.
 */
import { StartError } from './errors.ts';
import type { DurabilityLevel } from './durability.ts';

export interface TokenBucket {
  readonly refillPerSecond: number;
  readonly capacity: number;
}

/** Another exact path for one of a register's two collection methods. */
export interface RegisterAlias {
  readonly method: 'POST' | 'GET';
  readonly path: string;
}

/** A kind of credential: an API key of Daybook, or the token of an issuer. */
export type CredentialKind = 'key' | 'jwt';

/**
 * `open`: anybody who reaches the port. `internal`: Daybook alone. Otherwise whoever shows a credential of one of these
 * kinds that has the role `<register>.<direction>`, or `admin`.
 */
export type Access = 'open' | 'internal' | readonly CredentialKind[];

export type Direction = 'write' | 'read';

/** Which pages of other sites a browser lets write and read here. */
export interface Cors {
  readonly origins: '*' | readonly string[];
  readonly maxAgeSeconds: number;
}

export interface Register {
  readonly name: string;
  readonly access: Readonly<Record<Direction, Access>>;
  /** Every caller sees the entries of its own subject alone; an admin sees all. */
  readonly ownership: boolean;
  /** A JSON Schema (2020-12) that payloads must match. */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** The only networks that are let in, as CIDR. */
  readonly allowFrom?: readonly string[];
  /** Entries expire when their stamps are so old; without it they stay for ever. */
  readonly retentionDays?: number;
  readonly cors?: Cors;
  readonly aliases: readonly RegisterAlias[];
  readonly maxEntryBytes: number;
  /** Lower-case header names that are kept with each entry. */
  readonly keepHeaders: readonly string[];
  readonly keepQuery: readonly string[];
  /** The header whose value is the idempotency key when the caller sends no `Idempotency-Key`. */
  readonly idempotencyKeyFrom?: string;
  /** The top-level field of a JSON payload that becomes `occurredAt`. */
  readonly occurredAtFrom?: string;
  readonly clientIp: 'full' | 'truncated' | 'off';
  readonly rateLimit?: TokenBucket;
  /** Readiness fails while the drivers cannot give this level. */
  readonly minDurability?: DurabilityLevel;
  /** Answers and entries carry `epochMs`, the stamp in whole milliseconds. */
  readonly showEpochMs: boolean;
}

/** Whether strangers may write to it or read it. */
export function isOpen({ access }: Register): boolean {
  return access.write === 'open' || access.read === 'open';
}

export const REGISTER_NAME = /^[a-z][a-z0-9-]{0,62}$/;

/** First path segments that belong to the service. */
const RESERVED_FIRST = new Set(
  'api assets console docs favicon.ico health healthz livez metrics openapi.json ping readyz robots.txt sping .well-known'.split(
    ' ',
  ),
);
/** Second path segments that belong to every register. */
const RESERVED_SECOND = new Set(['payload', 'stats', 'trace']);

/** Headers that are never kept: credentials, and what proxies say about the caller. */
const NEVER_KEPT =
  /^(?:authorization|proxy-authorization|cookie|set-cookie|forwarded|x-forwarded-.*|x-real-ip|idempotency-key)$/;

function isReservedFirstSegment(segment: string): boolean {
  return RESERVED_FIRST.has(segment) || /^v[1-9]$/.test(segment);
}

export function isKeepableHeader(name: string): boolean {
  return !NEVER_KEPT.test(name);
}

/**
 * Every exact path of the registers, `METHOD /path` to register.
 * @throws {StartError} naming both sides when two registers claim a path or one claims a reserved path.
 */
export function registerPaths(registers: Iterable<Register>): Map<string, Register> {
  const paths = new Map<string, Register>();
  for (const register of registers) {
    if (register.access.write !== 'internal')
      claim(paths, register, { method: 'POST', path: `/${register.name}` });
    claim(paths, register, { method: 'GET', path: `/${register.name}` });
    for (const alias of register.aliases) claim(paths, register, alias);
  }
  return paths;
}

function claim(paths: Map<string, Register>, register: Register, alias: RegisterAlias): void {
  const [first = '', second = ''] = alias.path.slice(1).split('/');
  if (isReservedFirstSegment(first)) {
    throw new StartError(
      `register "${register.name}": path ${alias.path} collides with the service's reserved path /${first}`,
    );
  }
  if (RESERVED_SECOND.has(second)) {
    throw new StartError(
      `register "${register.name}": path ${alias.path} collides with the reserved segment "${second}"`,
    );
  }
  const key = `${alias.method} ${alias.path}`;
  const holder = paths.get(key);
  if (holder !== undefined) {
    throw new StartError(
      `register "${register.name}": ${key} is already a path of register "${holder.name}"`,
    );
  }
  paths.set(key, register);
}
