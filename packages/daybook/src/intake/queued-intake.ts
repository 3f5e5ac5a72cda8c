/**
 * The intake in front of a queue. Entries go to the queue, and are acknowledged once it has them. One with an idempotency
 * key goes to the store first, because only the store can recognise a repeat; when the store does not answer in time, or
 * its answer is not known, the same entry goes to the queue, and the persister settles what it is.
 */
import type { Entry, EntryDraft } from '../entry.ts';
import type { DaybookError } from '../errors.ts';
import { idToMicros } from '../id.ts';
import type { Hold } from './budget.ts';
import type { Intake, Waiter } from './intake.ts';

export interface QueuedIntakeOptions {
  readonly toQueue: Intake;
  /** Gives a waiter up as `unknown` after the time that a keyed write may wait for the store. */
  readonly toStore: Intake;
}

export function createQueuedIntake({ toQueue, toStore }: QueuedIntakeOptions): Intake {
  /** Entries that the store did not take and the queue does not have yet. */
  const changingOver = new Set<Entry>();

  function acceptKeyed(draft: EntryDraft, waiter: Waiter, hold?: Hold): void {
    const storeFirst: Waiter = {
      accepted: (accepted) => waiter.accepted(accepted),
      refused: (error, entry) => changeOver(entry, error, waiter),
    };
    try {
      toStore.accept(draft, storeFirst, hold);
    } catch {
      // It was not stamped yet; while the store is known to be away nobody waits for it.
      toQueue.accept(draft, waiter, hold);
    }
  }

  function changeOver(entry: Entry, error: DaybookError, waiter: Waiter): void {
    changingOver.add(entry);
    const queued: Waiter = {
      accepted(accepted) {
        changingOver.delete(entry);
        waiter.accepted(accepted);
      },
      refused(refusal) {
        changingOver.delete(entry);
        // The queue does not have it, but what the store made of it may still be unknown.
        waiter.refused(error.details.outcome === 'unknown' ? error : refusal, entry);
      },
    };
    try {
      toQueue.readmit(entry, queued);
    } catch (thrown) {
      queued.refused(thrown as DaybookError, entry);
    }
  }

  return {
    accept(draft, waiter, hold) {
      if (draft.idempotencyKey === undefined) toQueue.accept(draft, waiter, hold);
      else acceptKeyed(draft, waiter, hold);
    },
    readmit: (entry, waiter) => toQueue.readmit(entry, waiter),
    settledThrough() {
      const handedOn = Math.min(toQueue.settledThrough(), toStore.settledThrough());
      return Math.min(handedOn, ...[...changingOver].map(({ id }) => idToMicros(id) - 1));
    },
    status() {
      const queue = toQueue.status();
      const { entriesInFlight } = toStore.status();
      return { ...queue, entriesInFlight: queue.entriesInFlight + entriesInFlight };
    },
    abandon() {
      toStore.abandon();
      toQueue.abandon();
    },
    async close() {
      // What the store does not take goes to the queue, so the queue is closed last.
      await toStore.close();
      await toQueue.close();
    },
  };
}
