/**
 * Everything about a write that its head decides, before a byte of the body is read: the format of the answer, the
 * idempotency key, the kind of body, and the limits that hold for it.
 */
import type { IncomingHttpHeaders } from 'node:http';

import { essence } from '../../entry.ts';
import { DaybookError } from '../../errors.ts';
import type { Identity } from '../../access/identity.ts';
import type { Client } from '../../access/client-address.ts';
import type { Register } from '../../register.ts';
import { clientName } from '../../access/rate-limit.ts';
import type { HttpContext } from '../context.ts';
import { negotiate } from '../negotiation.ts';
import { preferredWait } from './prefer-wait.ts';

export interface WriteHead {
  readonly register: Register;
  readonly requestId: string;
  readonly headers: IncomingHttpHeaders;
  /** The query string without its question mark. */
  readonly search: string;
  readonly client: Client;
  /** Whoever calls; undefined where nobody needs to be known. */
  readonly identity: Identity | undefined;
}

export type ContentEncoding = 'identity' | 'gzip' | 'zstd';

export interface WritePlan extends WriteHead {
  readonly kind: 'single' | 'batch';
  readonly format: 'json' | 'text' | 'html';
  readonly key: string | undefined;
  readonly encoding: ContentEncoding;
  /** Of the body, after decompression. */
  readonly maxBytes: number;
  /** How long a queued write may be held until it is stored; 0 without a queue. */
  readonly waitSeconds: number;
  /** Undefined where nothing is limited. */
  readonly rateHeaders: Readonly<Record<string, string>> | undefined;
}

const NDJSON_TYPES = new Set(['application/x-ndjson', 'application/ndjson']);
/** Visible ASCII, so that a key survives every proxy and log. */
const KEY = /^[\x21-\x7e]{1,255}$/;
/** Anonymous callers share one name space, so their keys must not be easy to guess. */
const MIN_ANONYMOUS_KEY_LENGTH = 16;

/** @throws {DaybookError} RATE_LIMITED, NOT_ACCEPTABLE, HEADER_INVALID, ENCODING_UNSUPPORTED, MEDIA_TYPE_UNSUPPORTED, 413. */
export function planWrite(context: HttpContext, head: WriteHead): WritePlan {
  const { register, headers, client, identity } = head;
  const rateHeaders = takeToken(context, register, client.address, identity);
  const kind = NDJSON_TYPES.has(essence(headers['content-type'] ?? '')) ? 'batch' : 'single';
  const format =
    kind === 'batch' ? acceptBatch(headers.accept) : negotiate(headers.accept, ['json', 'text', 'html']);
  const key = idempotencyKey(register, headers, identity === undefined);
  const maxBytes = kind === 'batch' ? context.config.limits.maxBatchBytes : register.maxEntryBytes;
  assertNoCloudEvent(headers);
  assertPlainTransfer(headers['transfer-encoding']);
  assertLength(headers['content-length'], maxBytes, kind, register);
  return {
    register,
    requestId: head.requestId,
    headers,
    search: head.search,
    client,
    identity,
    kind,
    format,
    key,
    encoding: contentEncoding(headers['content-encoding']),
    maxBytes,
    waitSeconds: context.queue === undefined ? 0 : preferredWait(headers['prefer']),
    rateHeaders,
  };
}

function takeToken(
  { config, limiter }: HttpContext,
  register: Register,
  address: string,
  identity: Identity | undefined,
): Record<string, string> | undefined {
  const { rateLimit, name } = register;
  if (rateLimit === undefined || config.rateLimit === 'off') return undefined;
  const taken = limiter.take(name, 'write', rateLimit, clientName(address, identity?.subject));
  return rateHeaders(name, taken, rateLimit);
}

/** The fields of draft-ietf-httpapi-ratelimit-headers, all in whole numbers. @throws {DaybookError} RATE_LIMITED */
export function rateHeaders(
  name: string,
  taken: ReturnType<HttpContext['limiter']['take']>,
  { refillPerSecond, capacity }: NonNullable<Register['rateLimit']>,
): Record<string, string> {
  const headers = {
    ratelimit: `"${name}";r=${taken.remaining};t=${Math.max(1, taken.retryAfterSeconds)}`,
    'ratelimit-policy': `"${name}";q=${Math.floor(capacity)};w=${Math.max(1, Math.ceil(capacity / refillPerSecond))}`,
  };
  if (taken.allowed) return headers;
  throw new DaybookError(
    'RATE_LIMITED',
    `expected at most ${refillPerSecond} requests a second and ${capacity} at once from one client; the key registers.${name}.rateLimit changes it`,
    { outcome: 'not-written', retryAfterSeconds: taken.retryAfterSeconds, headers },
  );
}

/** A batch is always answered as NDJSON. */
function acceptBatch(accept: string | undefined): 'json' {
  negotiate(accept, ['ndjson', 'json']);
  return 'json';
}

function idempotencyKey(
  { idempotencyKeyFrom }: Register,
  headers: IncomingHttpHeaders,
  isAnonymous: boolean,
): string | undefined {
  const given = headers['idempotency-key'];
  if (given === undefined) {
    const kept = idempotencyKeyFrom === undefined ? undefined : headers[idempotencyKeyFrom];
    // A webhook is not lost because its delivery id is no key; without one it cannot be recognised, only stored.
    return typeof kept === 'string' && KEY.test(kept) ? kept : undefined;
  }
  if (typeof given !== 'string' || !KEY.test(given)) {
    throw new DaybookError(
      'HEADER_INVALID',
      `Idempotency-Key: expected 1 to 255 visible ASCII characters, given ${given.length}`,
    );
  }
  if (isAnonymous && given.length < MIN_ANONYMOUS_KEY_LENGTH) {
    throw new DaybookError(
      'HEADER_INVALID',
      `Idempotency-Key: expected at least ${MIN_ANONYMOUS_KEY_LENGTH} characters from an anonymous caller, given ${given.length}`,
    );
  }
  return given;
}

function contentEncoding(given: string | undefined): ContentEncoding {
  const name = given?.trim().toLowerCase() ?? 'identity';
  if (name === 'identity' || name === '') return 'identity';
  if (name === 'gzip' || name === 'x-gzip') return 'gzip';
  if (name === 'zstd') return 'zstd';
  throw new DaybookError(
    'ENCODING_UNSUPPORTED',
    `Content-Encoding: expected gzip, zstd or none, given ${name.slice(0, 40)}`,
    {
      outcome: 'not-written',
      headers: { 'accept-encoding': 'gzip, zstd' },
    },
  );
}

/** Node undoes `chunked` alone and hands over what is inside, whatever else was applied. */
function assertPlainTransfer(given: string | undefined): void {
  if (given === undefined || given.toLowerCase() === 'chunked') return;
  throw new DaybookError(
    'ENCODING_UNSUPPORTED',
    `Transfer-Encoding: expected chunked or none, given ${given.slice(0, 40)}; Content-Encoding takes gzip and zstd`,
    { outcome: 'not-written', headers: { 'accept-encoding': 'gzip, zstd' } },
  );
}

/** Stored as plain JSON a CloudEvent would lose its meaning, so it is refused until it is understood. */
function assertNoCloudEvent(headers: IncomingHttpHeaders): void {
  const structured = essence(headers['content-type'] ?? '').startsWith('application/cloudevents');
  if (!structured && headers['ce-specversion'] === undefined) return;
  throw new DaybookError(
    'MEDIA_TYPE_UNSUPPORTED',
    'expected a body that is no CloudEvent; they are not supported yet',
    {
      outcome: 'not-written',
    },
  );
}

function assertLength(
  declared: string | undefined,
  maxBytes: number,
  kind: WritePlan['kind'],
  register: Register,
): void {
  if (declared !== undefined && Number(declared) > maxBytes)
    throw tooLarge(kind, register, maxBytes, `${declared} bytes`);
}

export function tooLarge(
  kind: WritePlan['kind'],
  register: Register,
  maxBytes: number,
  given: string,
): DaybookError {
  const limit = kind === 'batch' ? 'limits.maxBatchBytes' : `registers.${register.name}.maxEntryBytes`;
  return new DaybookError(
    kind === 'batch' ? 'BATCH_TOO_LARGE' : 'ENTRY_TOO_LARGE',
    `body: expected at most ${maxBytes} bytes (${limit}), given ${given}`,
    { outcome: 'not-written' },
  );
}
