/**
 * `Prefer: wait=N` (RFC 7240 §4.3): holds the answer to a queued write until the store has the entry, for N seconds at
 * most. What the entry has become by then is the answer; what is still queued is answered as queued.
 */
import type { Entry } from '../../entry.ts';
import type { Accepted, Waiter } from '../../intake/intake.ts';
import type { HttpContext } from '../context.ts';

const WAIT = /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,9})"?\s*(?=$|[,;])/i;
const MAX_WAIT_SECONDS = 30;
/** The bell rings for what this process stores; others may store it too. */
const LOOK_EVERY_MS = 250;

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
      // Never rejects: a store that does not answer leaves the entry queued.
      void lookUntilStored(context, accepted.entry, waitSeconds).then((outcome) => waiter.accepted(outcome));
    },
    refused: (error, entry) => waiter.refused(error, entry),
  };
}

async function lookUntilStored(context: HttpContext, entry: Entry, waitSeconds: number): Promise<Accepted> {
  const { store, stored, draining, nowMs } = context;
  const endMs = nowMs() + waitSeconds * 1000;
  for (;;) {
    const { rings } = stored;
    const found = await store.find(entry.register, entry.id).catch(() => undefined);
    if (found?.status === 'stored') return { kind: 'stored', entry };
    if (found?.status === 'duplicate') return { kind: 'duplicate', firstId: found.first.id };
    const leftMs = endMs - nowMs();
    if (found !== undefined || leftMs <= 0 || draining.aborted) return { kind: 'queued', entry };
    await stored.wait(rings, Math.min(leftMs, LOOK_EVERY_MS), draining);
  }
}
