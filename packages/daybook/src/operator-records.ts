/**
 * What an operator puts on record in a store beside the servers that use it: one process more that writes the lane, for as
 * long as the work takes.
 */
import type { InternalRecords } from './access/internal-records.ts';
import { createInternalRecords } from './access/internal-records.ts';
import type { Keys } from './access/keys/keys.ts';
import { createKeys } from './access/keys/keys.ts';
import type { Clock } from './clock.ts';
import { createClock, systemTime } from './clock.ts';
import type { Config } from './config/load.ts';
import { createIdGenerator, idToMicros } from './id.ts';
import { createBudget } from './intake/budget.ts';
import { openIntake } from './open-intake.ts';
import type { Store } from './store/store.ts';

export interface OpenRecords {
  readonly store: Store;
  readonly records: InternalRecords;
  readonly clock: Clock;
}

/** @param store stays open. */
export async function withRecords<T>(
  store: Store,
  config: Config,
  work: (open: OpenRecords) => Promise<T>,
): Promise<T> {
  const newest = store.newestIdAtOpen;
  const clock = createClock(systemTime, newest === undefined ? 0 : idToMicros(newest));
  const { toStore } = openIntake({
    config,
    store,
    queue: undefined,
    clock,
    ids: createIdGenerator(clock, newest === undefined ? {} : { after: newest }),
    budget: createBudget(config.limits.maxBytesInFlight),
    answerWithinMs: () => config.limits.answerWithinMs,
    onStored: () => {},
    onQueued: () => {},
  });
  try {
    const records = createInternalRecords({ intake: toStore, region: config.region });
    return await work({ store, records, clock });
  } finally {
    await toStore.close();
  }
}

/** @param scopes what a key may be for. */
export async function withKeys<T>(
  { store, records, clock }: OpenRecords,
  scopes: readonly string[],
  work: (keys: Keys) => Promise<T>,
): Promise<T> {
  const keys = createKeys({
    store,
    records,
    scopes,
    onUnknownEvents: () => {},
    onUsesNotRecorded: () => {},
    nowMicros: () => clock.nowMicros(),
    nowMs: () => clock.elapsedMs(),
  });
  try {
    await keys.started;
    return await work(keys);
  } finally {
    await keys.close();
  }
}
