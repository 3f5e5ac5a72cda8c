/**
 * `Prefer: wait=N` (RFC 7240 §4.3): holds the answer to a queued write until the store has its entries, for N seconds
 * at most. What an entry has become by then is its answer; what is still queued is answered as queued.
 */
import { setTimeout as sleep } from 'node:timers/promises';

import type { Entry } from '../../entry.ts';
import type { Accepted, Waiter } from '../../intake/intake.ts';
import type { Store } from '../../store/store.ts';
import type { HttpContext } from '../context.ts';

const WAIT = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])/i;
const MAX_WAIT_SECONDS = 30;
/** The bell rings for what this process stores; others may store it too. */
const LOOK_EVERY_MS = 250;
/** How long a store may take to answer after the wait; what it did not tell by then is answered as queued. */
const LAST_LOOK_MS = 1_000;
const LOOKED_AT_ONCE = 32;

/** @returns seconds, 0 when nothing of the kind is preferred. */
export function preferredWait(prefer: string | string[] | undefined): number {
  const text = Array.isArray(prefer) ? prefer.join(',') : (prefer ?? '');
  return Math.min(MAX_WAIT_SECONDS, Number(WAIT.exec(text)?.[1] ?? 0));
}

/** A waiter that passes on what the entry is once it is stored. */
export function waitForStore(context: HttpContext, waitSeconds: number, waiter: Waiter): Waiter {
  return {
    accepted(accepted) {
      if (accepted.kind !== 'queued') return waiter.accepted(accepted);
      const { entry } = accepted;
      // Never rejects: a store that does not answer leaves the entry queued.
      void untilStored(context, [entry], waitSeconds).then(([outcome]) =>
        waiter.accepted(outcome ?? accepted),
      );
    },
    refused: (error, entry) => waiter.refused(error, entry),
  };
}

/**
 * Waits until all of these queued entries are stored, for `waitSeconds` at most. Never rejects.
 * @returns what each of them is then, in the same order.
 */
export async function untilStored(
  context: HttpContext,
  entries: readonly Entry[],
  waitSeconds: number,
): Promise<Accepted[]> {
  const { stored, draining, nowMs } = context;
  const outcomes: Accepted[] = entries.map((entry) => ({ kind: 'queued', entry }));
  const endMs = nowMs() + waitSeconds * 1000;
  let waiting = [...entries.keys()];
  for (;;) {
    const { rings } = stored;
    const leftMs = endMs - nowMs();
    const last = leftMs <= 0 || draining.aborted;
    waiting = await look(context, outcomes, waiting, { last, giveUpMs: Math.max(0, leftMs + LAST_LOOK_MS) });
    if (waiting.length === 0 || last) return outcomes;
    await stored.wait(rings, Math.max(0, Math.min(endMs - nowMs(), LOOK_EVERY_MS)), draining);
  }
}

/**
 * Entries reach the store by and large in their order, so the rest is left alone where some of them are all missing; the
 * last look passes over none.
 * @returns those that are queued still.
 */
async function look(
  { store }: HttpContext,
  outcomes: Accepted[],
  waiting: readonly number[],
  { last, giveUpMs }: { readonly last: boolean; readonly giveUpMs: number },
): Promise<number[]> {
  const missing: number[] = [];
  const over = new AbortController();
  const late = sleep(giveUpMs, 'late' as const, { signal: over.signal }).catch(() => 'late' as const);
  let at = 0;
  for (let found = true; at < waiting.length && (found || last); at += LOOKED_AT_ONCE) {
    const some = waiting.slice(at, at + LOOKED_AT_ONCE);
    const looking = Promise.all(some.map((index) => lookAt(store, outcomes, index)));
    const answers = await Promise.race([looking, late]);
    if (answers === 'late') break;
    missing.push(...some.filter((_, index) => answers[index] === false));
    found = answers.includes(true);
  }
  over.abort();
  return [...missing, ...waiting.slice(at)];
}

/** @returns whether it is known what became of the entry. */
async function lookAt(store: Store, outcomes: Accepted[], index: number): Promise<boolean> {
  const { entry } = outcomes[index] as Extract<Accepted, { kind: 'queued' }>;
  const found = await store.find(entry.register, entry.id).catch(() => undefined);
  if (found?.status === 'stored') outcomes[index] = { kind: 'stored', entry };
  if (found?.status === 'duplicate') outcomes[index] = { kind: 'duplicate', firstId: found.first.id };
  return found !== undefined;
}
