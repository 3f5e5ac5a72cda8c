/**
 * Follows a register in stored order for as long as the caller wants, over as many connections as that takes.
 *
 *   connect ──▶ read entries ──▶ connection lost, server restarted, 503 ──▶ wait (back-off, jitter) ──▶ connect …
 *
 * Invariant: a new connection asks for exactly what comes after the last entry that was handed to the caller, so there
 * is neither a gap nor a repeat. That needs a cursor before the first entry too: a connection from now first tells where
 * now is.
 */
import { ClientError } from './client-error.ts';
import { createLongPollTail } from './long-poll-tail.ts';
import { createDelays, pause } from './retry.ts';
import { createSseTail } from './sse-tail.ts';
import { toPlace } from './tail-place.ts';
import type { TailItem } from './tail-place.ts';
import type { Transport } from './transport.ts';

export interface TailOptions {
  /** Goes on behind this place, `from` then does not count; an empty one is the place before the first entry. */
  readonly cursor?: string | undefined;
  /** `start`: with the oldest entry; `now` (default): with what is written from now on. */
  readonly from?: 'start' | 'now' | undefined;
  /** Ends the iteration, without an error. */
  readonly signal?: AbortSignal | undefined;
  /** Default `sse`, which turns into `long-poll` where the server says that it has no SSE (406 LIVE_UNAVAILABLE). */
  readonly live?: 'sse' | 'long-poll' | undefined;
  /** Default true: a first connection that fails is tried again as every later one is; false: it throws. */
  readonly retryFirst?: boolean | undefined;
  /** The wait before a new connection: 50–100 % of this, doubling up to `maxDelayMs`. Default 250. */
  readonly firstDelayMs?: number | undefined;
  /** Default 15 000. */
  readonly maxDelayMs?: number | undefined;
  /** Told how far the tail has come where no entry says so, as when it begins from now. */
  readonly onCursor?: ((cursor: string) => void) | undefined;
  /** Told before every wait for a new connection; `error` is undefined when the server ended the stream in order. */
  readonly onDisconnect?: ((lost: { error: ClientError | undefined; delayMs: number }) => void) | undefined;
}

const DEFAULT_FIRST_DELAY_MS = 250;
const DEFAULT_MAX_DELAY_MS = 15_000;

/** @throws {ClientError} when trying again cannot help; `CursorExpiredError` when the cursor is of an earlier store. */
export async function* tail(
  transport: Transport,
  register: string,
  options: TailOptions = {},
): AsyncGenerator<TailItem, void> {
  const { signal, onCursor, onDisconnect, firstDelayMs, maxDelayMs } = options;
  const longPoll = createLongPollTail(transport, register);
  let connection = options.live === 'long-poll' ? longPoll : createSseTail(transport, register);
  let place = toPlace(options.cursor, options.from);
  let mayRetry = options.retryFirst ?? true;
  const delays = createDelays(firstDelayMs ?? DEFAULT_FIRST_DELAY_MS, maxDelayMs ?? DEFAULT_MAX_DELAY_MS);

  while (!isAborted(signal)) {
    let error: ClientError | undefined;
    try {
      for await (const step of connection(place, signal)) {
        place = toPlace(step.cursor);
        mayRetry = true;
        delays.reset();
        if (step.entry === undefined) onCursor?.(step.cursor);
        else yield step;
        if (isAborted(signal)) return;
      }
      mayRetry = true;
    } catch (thrown) {
      if (isAborted(signal)) return;
      if (!(thrown instanceof ClientError)) throw thrown;
      if (thrown.code === 'LIVE_UNAVAILABLE' && connection !== longPoll) {
        connection = longPoll;
        continue;
      }
      if (!thrown.retryable || !mayRetry) throw thrown;
      error = thrown;
    }
    const delayMs = Math.max(delays.next(), error?.retryAfterMs ?? 0);
    onDisconnect?.({ error, delayMs });
    await pause(delayMs, signal).catch(() => undefined); // Aborted: the loop ends.
  }
}

/** A call, because the compiler takes the property for settled once it was compared. */
function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
