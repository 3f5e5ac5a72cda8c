/**
 * The breaker: whether there is any use in trying. It opens by itself, knows how long to wait, and remembers why; probes
 * and trials are its owner's.
 *
 *   closed ──trip──▶ open ──its delay is over──▶ half-open ──success──▶ closed
 *                     ▲                              │
 *                     └──────────────trip────────────┘
 *
 * Delays grow with every trip, and begin anew only after it has been closed for as long as the longest of them: what
 * comes and goes is treated like what stays away. What is systemic stays so until it is closed, whatever fails meanwhile.
 */
import type { Logger } from 'pino';

import { toError } from '../errors.ts';
import type { BackOffOptions } from '../retry.ts';
import { backOffMs } from '../retry.ts';
import { Halt } from './halt.ts';

/** Recovery is noticed within this; the same bounds a delivery's wait while something is away. */
export const BACK_OFF = { firstMs: 200, limitMs: 10_000 };

export interface BreakerOptions {
  readonly backOff: BackOffOptions;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
  /** Unix microseconds. */
  readonly nowMicros: () => number;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly onTrip: () => void;
}

export interface Breaker {
  readonly state: 'closed' | 'open' | 'half-open';
  /** Why it is not closed. */
  readonly halt: Halt | undefined;
  /** When it was closed, or when it first opened after that; Unix microseconds. */
  readonly since: number;
  /** How long it stays open, from its trip. */
  readonly delayMs: number;
  /** @param thrown what is no {@link Halt} is a defect, and systemic. */
  trip(thrown: unknown): void;
  halfOpen(): void;
  close(): void;
}

export function createBreaker({ backOff, nowMs, nowMicros, log, onTrip }: BreakerOptions): Breaker {
  let state: Breaker['state'] = 'closed';
  let halt: Halt | undefined;
  let since = nowMicros();
  let closedAtMs = nowMs();
  let trips = 0;
  let delayMs = 0;

  function noteHalt(thrown: unknown): void {
    const { state: kind, message } =
      thrown instanceof Halt ? thrown : new Halt('systemic', toError(thrown).message);
    const now = halt?.state === 'systemic' ? 'systemic' : kind;
    if (now !== halt?.state) log.warn({ event: `persister-${now}`, reason: message });
    halt = new Halt(now, message);
  }

  return {
    get state() {
      return state;
    },
    get halt() {
      return halt;
    },
    get since() {
      return since;
    },
    get delayMs() {
      return delayMs;
    },
    trip(thrown) {
      noteHalt(thrown);
      if (state === 'open') return;
      if (state === 'closed') {
        since = nowMicros();
        if (nowMs() - closedAtMs >= backOff.limitMs) trips = 0;
      }
      state = 'open';
      trips += 1;
      delayMs = backOffMs(trips, backOff);
      onTrip();
    },
    halfOpen() {
      state = 'half-open';
    },
    close() {
      if (state === 'closed') return;
      state = 'closed';
      halt = undefined;
      since = nowMicros();
      closedAtMs = nowMs();
      log.info({ event: 'persister-running' });
    },
  };
}
