/**
 * `createClient`: everything that Daybook's HTTP contract offers, typed, on `fetch` alone. Runs in Node.js, in browsers
 * and in workers; has no dependencies.
 */
import type {
  DrainRequest,
  DrainView,
  EntryPage,
  EntryState,
  EntryView,
  Ledger,
  Receipt,
  Registers,
  Stats,
  Status,
} from '../contract/messages.ts';
import type { BatchItem } from './batch-lines.ts';
import { postBatch } from './batch.ts';
import type { BatchOptions, BatchResult } from './batch.ts';
import { createDeadLettersClient } from './dead-letters.ts';
import type { DeadLettersClient } from './dead-letters.ts';
import { download } from './download.ts';
import { readEntries, readPages, readPayload, repeatRead } from './entries.ts';
import type { DownloadOptions, ListOptions, Payload, Range } from './entries.ts';
import { createKeysClient } from './keys.ts';
import type { KeysClient } from './keys.ts';
import { post } from './post.ts';
import type { PostBody, PostOptions } from './post.ts';
import { DEFAULT_RETRY } from './retry.ts';
import type { RetryPolicy } from './retry.ts';
import { tail } from './tail.ts';
import type { TailItem } from './tail-place.ts';
import type { TailOptions } from './tail.ts';
import { createTransport } from './transport.ts';
import type { QueryValue } from './transport.ts';

export interface ClientOptions {
  /** Such as `http://127.0.0.1:3000`, with the base path if the server has one. */
  readonly baseUrl: string | URL;
  /**
   * Any credential, sent as `Authorization: Bearer`: an API key, a token of an issuer, the admin key. Open registers need none;
   * `registers`, `ledger`, `drain`, `undrain`, `deadLetters` and `keys` need one with the role `admin`.
   */
  readonly apiKey?: string | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Default: the global one. */
  readonly fetch?: typeof fetch | undefined;
  /** For a request and its answer, each attempt anew; streams only until they begin. Default 30 000. */
  readonly timeoutMs?: number | undefined;
  /** `{ attempts: 1 }` turns retries off (a tail goes on all the same). */
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** False: writes have no idempotency key unless one is given. Default true. */
  readonly randomIdempotencyKeys?: boolean | undefined;
}

export interface StatsOptions extends Range {
  /** Default `minute`; at most 1440 buckets. */
  readonly bucket?: 'second' | 'minute' | 'hour' | 'day' | undefined;
}

interface Abortable {
  readonly signal?: AbortSignal | undefined;
}

/**
 * Every method throws {@link ClientError} (see `client-error.ts`), or the reason of the caller's own signal. Of access: with
 * `code` UNAUTHENTICATED (401) no credential that is in force was given; FORBIDDEN (403) its roles do not reach;
 * CREDENTIAL_UNVERIFIABLE (503, repeated) it cannot be judged now; PAYLOAD_INVALID (422) `problem.errors` names the fields.
 */
export interface Client {
  /** Registers one moment. See {@link post}. */
  post(register: string, body?: PostBody, options?: PostOptions): Promise<Receipt>;
  /** Registers many. See {@link postBatch}. */
  postBatch(
    register: string,
    lines: Iterable<BatchItem> | AsyncIterable<BatchItem>,
    options?: BatchOptions,
  ): AsyncGenerator<BatchResult, void>;
  /** One page. Numbers beyond 2^53 in JSON payloads lose digits here; `payload` gives the bytes. */
  list(register: string, options?: ListOptions): Promise<EntryPage>;
  /** All pages from the cursor on. */
  pages(register: string, options?: ListOptions): AsyncGenerator<EntryPage, void>;
  /** All entries from the cursor on. */
  entries(register: string, options?: ListOptions): AsyncGenerator<EntryView, void>;
  /**
   * What became of an id, told apart by `status`: `stored`; `duplicate`, which shows the entry that holds its key
   * (`duplicateOf`); `pending`, an id that may still be stored; `dead`, given up on until it is replayed.
   * @throws {ClientError} ENTRY_UNKNOWN (404; on a register with ownership also of somebody else's), ENTRY_DISCARDED and
   *   ENTRY_EXPIRED (410).
   */
  entry(register: string, id: string, options?: Abortable): Promise<EntryView | EntryState>;
  /**
   * The exact bytes of one entry; of a duplicate those of the first. One that is pending is asked for again, as any
   * read that may succeed later.
   * @throws {ClientError} as `entry`, and ENTRY_PENDING or ENTRY_DEAD (202) where there are no bytes to read.
   */
  payload(register: string, id: string, options?: Abortable): Promise<Payload>;
  /** The register as a file. */
  download(register: string, options: DownloadOptions): Promise<ReadableStream<Uint8Array>>;
  stats(register: string, options?: StatsOptions & Abortable): Promise<Stats>;
  /** Follows a register; goes on by itself after every interruption. See {@link tail}. */
  tail(register: string, options?: TailOptions): AsyncGenerator<TailItem, void>;
  status(options?: Abortable): Promise<Status>;
  registers(options?: Abortable): Promise<Registers>;
  ledger(options?: Range & Abortable): Promise<Ledger>;
  /**
   * The readiness of the server's region fails from now on, until `undrain`; it goes on to take and to answer what comes.
   * Repeating is harmless. Needs the role `admin`.
   */
  drain(options?: { readonly reason?: string | undefined } & Abortable): Promise<DrainView>;
  undrain(options?: Abortable): Promise<DrainView>;
  /** What was given up on. Needs the role `admin`. */
  readonly deadLetters: DeadLettersClient;
  /** API keys are made, listed and revoked. Needs the role `admin`. */
  readonly keys: KeysClient;
}

/** @throws {TypeError} when the base URL is none. */
export function createClient(options: ClientOptions): Client {
  const transport = createTransport(options);
  const retry: RetryPolicy = { ...DEFAULT_RETRY, ...options.retry };
  const write = { retry, randomKeys: options.randomIdempotencyKeys ?? true };

  function get<T extends object>(
    path: readonly string[],
    { signal, ...query }: Abortable & Readonly<Record<string, QueryValue | AbortSignal>> = {},
  ): Promise<T> {
    const request = { method: 'GET' as const, path, query: query as Record<string, QueryValue>, signal };
    return repeatRead(retry, () => transport.readJson<T>(request), signal);
  }

  function setDrained(body: DrainRequest, signal: AbortSignal | undefined): Promise<DrainView> {
    const headers = { 'Content-Type': 'application/json' };
    const request = {
      method: 'POST' as const,
      path: ['api', 'drain'],
      headers,
      body: JSON.stringify(body),
      signal,
    };
    return repeatRead(retry, () => transport.readJson<DrainView>(request), signal);
  }

  const list: Client['list'] = (register, given) => get([register], { ...given });
  const pages: Client['pages'] = (register, given = {}) => readPages((page) => list(register, page), given);
  return {
    post: (register, body, given) => post(transport, write, register, body, given),
    postBatch: (register, lines, given) => postBatch(transport, write, register, lines, given),
    list,
    pages,
    entries: (register, given) => readEntries(pages(register, given)),
    entry: (register, id, given) => get([register, id], { ...given }),
    payload: (register, id, given) =>
      repeatRead(retry, () => readPayload(transport, register, id, given?.signal), given?.signal),
    download: (register, given) => download(transport, retry, register, given),
    stats: (register, given) => get([register, 'stats'], { ...given }),
    tail: (register, given) => tail(transport, register, given),
    status: (given) => get(['api', 'status'], { ...given }),
    registers: (given) => get(['api', 'registers'], { ...given }),
    ledger: (given) => get(['api', 'ledger'], { ...given }),
    drain: ({ reason, signal } = {}) => setDrained({ drained: true, reason }, signal),
    undrain: ({ signal } = {}) => setDrained({ drained: false }, signal),
    deadLetters: createDeadLettersClient(transport, retry),
    keys: createKeysClient(transport, retry),
  };
}
