/**
 * Puts the persister together with what tells others of its work.
 */
import type { Logger } from 'pino';

import type { Clock } from './clock.ts';
import type { Config } from './config/load.ts';
import type { DeadLetters } from './persister/dead-letters.ts';
import { createCrashedMessages } from './persister/crashed-messages.ts';
import type { Persister, PersisterOptions } from './persister/persister.ts';
import { createPersister } from './persister/persister.ts';
import type { Queue } from './queue/queue.ts';
import { random, sleep } from './retry.ts';
import type { AcknowledgedBatch, Store } from './store/store.ts';

export interface OpenPersisterOptions {
  readonly config: Config;
  readonly queue: Queue;
  /** What ended the persister again and again, where the queue moves it. */
  readonly crashed?: Queue | undefined;
  readonly store: Store;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  readonly log: Logger;
  /** @param entries that have a place in the store now. */
  readonly onStored: (entries: number) => void;
}

/** Begins at once. */
export function openPersister(options: OpenPersisterOptions): Persister {
  const { config, queue, crashed, store, deadLetters, clock, log, onStored } = options;
  const parts = {
    store,
    deadLetters,
    limits: config.persister,
    nowMicros: () => clock.nowMicros(),
    nowMs: () => clock.elapsedMs(),
    sleep,
    random,
    onStored: (batches: readonly AcknowledgedBatch[]) =>
      onStored(batches.reduce((sum, { batch }) => sum + batch.entries.length, 0)),
    log,
  } satisfies Omit<PersisterOptions, 'queue'>;
  const persister = createPersister({ ...parts, queue });
  persister.start();
  if (crashed === undefined) return persister;
  // The same events are told of both queues.
  const messages = createCrashedMessages({ ...parts, queue: crashed, log: log.child({ queue: 'crashed' }) });
  messages.start();
  return {
    ...persister,
    async close() {
      await Promise.all([messages.close(), persister.close()]);
    },
  };
}
