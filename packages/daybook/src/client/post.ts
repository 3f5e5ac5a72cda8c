/**
 * A single write. A write may only be repeated when that cannot make two entries: under an idempotency key, or when the
 * server says that nothing was written.
 */
import type { Receipt } from '../contract/messages.ts';
import { ClientError } from './client-error.ts';
import { createAttempts, createIdempotencyKey } from './retry.ts';
import type { RetryPolicy } from './retry.ts';
import type { Transport } from './transport.ts';

/** Text, bytes, a form, or any other object: that is sent as JSON. Nothing at all registers the moment alone. */
export type PostBody = string | object | undefined;

export interface PostOptions {
  /**
   * Default: `text/plain` for a string, `application/octet-stream` for bytes, a blob's own type, JSON or form data for
   * what becomes that.
   */
  readonly contentType?: string | undefined;
  /**
   * 16–255 visible ASCII characters, or false for none. Default: a random one, so that retries are safe; none when
   * `headers` are given, because a register may take its key from one of them and a random key would hide that.
   */
  readonly idempotencyKey?: string | false | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface WriteSettings {
  readonly retry: RetryPolicy;
  /** False: no random keys. */
  readonly randomKeys: boolean;
}

/**
 * Resolves when the entry is durable at the level that the receipt names. `duplicate: true` also when an earlier attempt
 * of this very call had been written.
 * @throws {ClientError} whose `outcome` says whether the entry may be there all the same.
 */
export async function post(
  transport: Transport,
  { retry, randomKeys }: WriteSettings,
  register: string,
  body: PostBody,
  options: PostOptions = {},
): Promise<Receipt> {
  const key = keyOf(options, randomKeys);
  const { bytes, type } = await encode(body);
  const contentType = options.contentType ?? type;
  const headers = {
    ...options.headers,
    ...(contentType === undefined ? {} : { 'Content-Type': contentType }),
    ...(key === undefined ? {} : { 'Idempotency-Key': key }),
  };
  const { signal } = options;
  const request = {
    method: 'POST' as const,
    path: [register],
    headers,
    signal,
    ...(bytes !== undefined && { body: bytes }),
  };
  const attempts = createAttempts(retry);
  for (;;) {
    try {
      return await transport.readJson<Receipt>(request);
    } catch (thrown) {
      if (!mayRepeat(thrown, key !== undefined)) throw thrown;
      if (!(await attempts.another(thrown.retryAfterMs, signal))) throw thrown;
    }
  }
}

export function keyOf(
  { idempotencyKey, headers }: Pick<PostOptions, 'idempotencyKey' | 'headers'>,
  randomKeys: boolean,
): string | undefined {
  if (typeof idempotencyKey === 'string') return idempotencyKey;
  const wanted = idempotencyKey === undefined && randomKeys && Object.keys(headers ?? {}).length === 0;
  return wanted ? createIdempotencyKey() : undefined;
}

export function mayRepeat(thrown: unknown, keyed: boolean): thrown is ClientError {
  return thrown instanceof ClientError && thrown.retryable && (keyed || thrown.outcome === 'not-written');
}

interface Encoded {
  readonly bytes?: NonNullable<RequestInit['body']>;
  /** Undefined: fetch() knows it from the body. */
  readonly type?: string | undefined;
}

/** Whatever is sent again must be the same bytes of the same type, or the server takes it for another write. */
async function encode(body: PostBody): Promise<Encoded> {
  if (body === undefined) return {};
  if (typeof body === 'string') return { bytes: body, type: 'text/plain; charset=utf-8' };
  if (body instanceof ArrayBuffer) return { bytes: body, type: 'application/octet-stream' };
  if (ArrayBuffer.isView(body)) {
    return { bytes: body as Uint8Array<ArrayBuffer>, type: 'application/octet-stream' };
  }
  if (body instanceof Blob || body instanceof URLSearchParams) return { bytes: body };
  if (body instanceof FormData) {
    // fetch() would choose another boundary for every attempt.
    const once = new Response(body);
    return { bytes: await once.arrayBuffer(), type: once.headers.get('Content-Type') ?? undefined };
  }
  if (body instanceof ReadableStream) {
    throw new TypeError('body: expected something that can be sent again, given a stream');
  }
  return { bytes: JSON.stringify(body), type: 'application/json' };
}
