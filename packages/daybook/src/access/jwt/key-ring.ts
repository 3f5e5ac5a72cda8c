/**
 * The keys of one issuer as they are known now. Keys are read at their first use and again when they are no longer
 * fresh, beside the requests that use them; there is no timer. While the issuer cannot be asked its known keys stay in
 * use up to their maximum age.
 *
 *   none     → read; who needs keys waits for it
 *   fresh    → used
 *   due      → used, and read beside it; after a failure again with back-off
 *   too old  → none
 *
 * Whoever holds a token with an unknown key asks for a read too, and gets one unless the last was just now, so that
 * forged tokens cannot make us flood an issuer.
 */
import type { Logger } from 'pino';

import { toError } from '../../errors.ts';
import { backOffMs } from '../../retry.ts';
import type { KeySet } from './key-set.ts';
import { parseKeySet } from './key-set.ts';
import type { KeySource } from './key-source.ts';

export interface KeyRing {
  /** The keys that may be used; starts a read when they are due. @param atMs now: who asks has asked the clock. */
  current(atMs: number): KeySet | undefined;
  /** Reads, or waits for the read under way, unless the last one was just now. Never rejects. */
  refresh(): Promise<void>;
  /** Resolves when no read is under way. Never rejects. */
  settled(): Promise<void>;
  status(): KeyRingStatus;
}

export interface KeyRingStatus {
  /** Undefined when there are none that may be used. */
  readonly keys: number | undefined;
  /** Unix milliseconds of the last read that succeeded. */
  readonly readAtMs: number | undefined;
  /** Why the last read failed; undefined when it did not. */
  readonly failure: string | undefined;
  /** Until the source may be read again. */
  readonly retryAfterMs: number;
}

export interface KeyRingOptions {
  /** The name in the configuration. */
  readonly issuer: string;
  readonly source: KeySource;
  /** Unix milliseconds. */
  readonly nowMs: () => number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

/** After the first failure a second; a server and its issuer are often started together. */
const FIRST_RETRY_MS = 1_000;

export function createKeyRing({ issuer, source, nowMs, log }: KeyRingOptions): KeyRing {
  const { freshMs, coolDownMs, maxAgeMs } = source.pace;
  let known: { readonly set: KeySet; readonly readAtMs: number } | undefined;
  let notBeforeMs = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let failure: string | undefined;
  let reading: Promise<void> | undefined;

  function usable(atMs: number): KeySet | undefined {
    return known !== undefined && atMs - known.readAtMs < maxAgeMs ? known.set : undefined;
  }

  async function read(): Promise<void> {
    try {
      const text = await source.read();
      succeed(text === known?.set.text ? known.set : parseKeySet(text));
    } catch (thrown) {
      fail(toError(thrown));
    } finally {
      reading = undefined;
    }
  }

  function succeed(set: KeySet): void {
    if (set !== known?.set) log.info({ event: 'issuer-keys-changed', issuer, keys: set.keys });
    else if (failures > 0) log.info({ event: 'issuer-keys-available', issuer, keys: set.keys });
    known = { set, readAtMs: nowMs() };
    notBeforeMs = known.readAtMs + coolDownMs;
    failures = 0;
    failure = undefined;
  }

  function fail(error: Error): void {
    failures += 1;
    // `fetch failed` says nothing; what happened is one deeper.
    failure = error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
    notBeforeMs = nowMs() + backOffMs(failures, { firstMs: FIRST_RETRY_MS, limitMs: coolDownMs });
    const ageMs = known && nowMs() - known.readAtMs;
    if (failures === 1) log.warn({ event: 'issuer-keys-unavailable', issuer, failure, ageMs, maxAgeMs });
  }

  function refresh(): Promise<void> {
    if (reading === undefined && nowMs() >= notBeforeMs) reading = read();
    return reading ?? Promise.resolve();
  }

  return {
    current(atMs) {
      if (known !== undefined && atMs - known.readAtMs >= freshMs) void refresh();
      return usable(atMs);
    },
    refresh,
    settled: () => reading ?? Promise.resolve(),
    status: () => ({
      keys: usable(nowMs())?.keys,
      readAtMs: known?.readAtMs,
      failure,
      retryAfterMs: Math.max(0, notBeforeMs - nowMs()),
    }),
  };
}
