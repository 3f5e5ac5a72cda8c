/**
 * One round: the persister's work on deliveries that somebody else received, until each of them has come to its end, or
 * cannot now. For where a program is called with deliveries and does not ask for them itself.
 *
 * What must be known from one round to the next is its memory: whether there is use in trying, and how the last entries
 * fared. While there is no use, a round is one probe. What a round leaves open was never acknowledged and comes again.
 */
import type { Delivery } from '../queue/queue.ts';
import type { BackOffOptions, Sleep } from '../retry.ts';
import type { Breaker, BreakerOptions } from './breaker.ts';
import { BACK_OFF, createBreaker } from './breaker.ts';
import { knock } from './knock.ts';
import type { Verdict } from './verdict.ts';
import { createVerdict } from './verdict.ts';
import type { Work, WorkOptions, WorkParts } from './work.ts';
import { createWork } from './work.ts';

export interface RoundMemory {
  readonly breaker: Breaker;
  readonly verdict: Verdict;
  readonly backOff: BackOffOptions;
}

export interface RoundMemoryOptions extends Pick<BreakerOptions, 'nowMs' | 'nowMicros' | 'log'> {
  readonly sleep: Sleep;
  readonly random: () => number;
}

export interface RoundOptions extends WorkParts, Pick<WorkOptions, 'queue' | 'lastResort'> {
  readonly memory: RoundMemory;
  /** Ends the round: what has not begun is put back, and what goes on is left to itself and acknowledged to nobody. */
  readonly stop: AbortSignal;
}

export function createRoundMemory(options: RoundMemoryOptions): RoundMemory {
  const { nowMs, nowMicros, log, sleep, random } = options;
  const backOff = { ...BACK_OFF, random, sleep };
  const breaker = createBreaker({ backOff, nowMs, nowMicros, log, onTrip: () => undefined });
  return { breaker, verdict: createVerdict(), backOff };
}

/** Resolves when every delivery was acknowledged or put back, when there is no use in going on, or when it is stopped. */
export async function runRound(deliveries: readonly Delivery[], options: RoundOptions): Promise<void> {
  const { memory, stop, store } = options;
  const closing = new AbortController();
  const breaker = untilStopped(memory.breaker, stop);
  // Who calls keeps them from being delivered again meanwhile.
  const leases = { drop: () => undefined };
  const { backOff, verdict } = memory;
  const work = createWork({ ...options, leases, breaker, verdict, backOff, closing: closing.signal });
  const stopped = whenAborted(stop);

  if (breaker.state !== 'closed') {
    await Promise.race([knock(breaker, store).catch((thrown: unknown) => breaker.trip(thrown)), stopped]);
  }
  if (breaker.state !== 'open' && !stop.aborted) {
    work.open(deliveries);
    await Promise.race([end(work, breaker), stopped]);
  }
  closing.abort();
  await work.releaseWaiting(breaker.delayMs);
}

async function end(work: Work, breaker: Breaker): Promise<void> {
  while (work.isBusy() && breaker.state !== 'open') await work.changed();
  await work.ended();
}

/** What a round that was stopped still hears is no news: its connections may be as old as the whole pause since then. */
function untilStopped(breaker: Breaker, stop: AbortSignal): Breaker {
  return {
    get state() {
      return breaker.state;
    },
    get halt() {
      return breaker.halt;
    },
    get since() {
      return breaker.since;
    },
    get delayMs() {
      return breaker.delayMs;
    },
    trip(thrown) {
      if (!stop.aborted) breaker.trip(thrown);
    },
    halfOpen: () => breaker.halfOpen(),
    close() {
      if (!stop.aborted) breaker.close();
    },
  };
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
