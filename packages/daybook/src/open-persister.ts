/**
 * Puts the persister together with what tells others of its work.
 */
import type { Logger } from 'pino';

import type { Clock } from './clock.ts';
import type { Config } from './config/load.ts';
import type { DeadLetters } from './persister/dead-letters.ts';
import type { Persister } from './persister/persister.ts';
import { createPersister } from './persister/persister.ts';
import type { Queue } from './queue/queue.ts';
import { random, sleep } from './retry.ts';
import type { Store } from './store/store.ts';

export interface OpenPersisterOptions {
  readonly config: Config;
  readonly queue: Queue;
  readonly store: Store;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  readonly log: Logger;
  /** @param entries that have a place in the store now. */
  readonly onStored: (entries: number) => void;
}

/** Begins at once. */
export function openPersister(options: OpenPersisterOptions): Persister {
  const { config, queue, store, deadLetters, clock, log, onStored } = options;
  const persister = createPersister({
    queue,
    store,
    deadLetters,
    limits: config.persister,
    nowMicros: () => clock.nowMicros(),
    nowMs: () => clock.elapsedMs(),
    sleep,
    random,
    onStored: (batches) => onStored(batches.reduce((sum, { batch }) => sum + batch.entries.length, 0)),
    log,
  });
  persister.start();
  return persister;
}
