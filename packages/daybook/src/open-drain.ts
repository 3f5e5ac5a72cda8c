/**
 * Puts together what makes a region's readiness fail on purpose.
 */
import type { Drain } from './access/drain/drain.ts';
import { createDrain } from './access/drain/drain.ts';
import type { DrainFollowerOptions } from './access/drain/drain-follower.ts';
import { followDrains } from './access/drain/drain-follower.ts';
import type { InternalRecords } from './access/internal-records.ts';
import type { Store } from './store/store.ts';

export interface OpenDrainOptions extends Omit<DrainFollowerOptions, 'everyMs'> {
  readonly store: Store;
  readonly records: InternalRecords;
  /** Whether the process runs between requests. */
  readonly background: boolean;
}

/** How soon a server hears of what another one was asked for. */
const LOOK_EVERY_MS = 2_000;
/** What this process writes is known at once; nobody else writes. */
const LOOK_AT_OWN_MS = 60_000;

export function openDrain({ store, records, background, ...options }: OpenDrainOptions): Drain {
  const everyMs = store.capabilities.live === 'polled' ? LOOK_EVERY_MS : LOOK_AT_OWN_MS;
  const follower = followDrains({ ...options, store, everyMs: background ? everyMs : undefined });
  return createDrain({ follower, records, region: options.region });
}
