/**
 * Puts the intake together: in front of the store, or in front of a queue with the store beside it for keyed writes.
 */
import type { Clock } from './clock.ts';
import type { Config } from './config/load.ts';
import type { Batch } from './envelope.ts';
import type { IdGenerator } from './id.ts';
import { randomId } from './id.ts';
import type { Budget } from './intake/budget.ts';
import type { Intake, IntakeOptions } from './intake/intake.ts';
import { createIntake } from './intake/intake.ts';
import { createQueueTarget, ENVELOPE_BYTES } from './intake/queue-target.ts';
import { createQueuedIntake } from './intake/queued-intake.ts';
import type { Queue } from './queue/queue.ts';
import { createBackOff } from './retry.ts';
import type { Store } from './store/store.ts';

export interface OpenIntakeOptions {
  readonly config: Config;
  readonly store: Store;
  readonly queue: Queue | undefined;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  readonly budget: Budget;
  /** Asked for every batch; default what the configuration says. */
  readonly answerWithinMs?: () => number;
  /** Called with every batch that the intake itself brought into the store. */
  readonly onStored: IntakeOptions['onStored'];
  /** Called with every batch that the queue has. */
  readonly onQueued: (batch: Batch) => void;
}

const RETRY = { firstMs: 50, limitMs: 2_000 };

export interface OpenedIntake {
  /** Where entries of callers go. */
  readonly intake: Intake;
  /** Straight to the store, whether there is a queue or not. */
  readonly toStore: Intake;
}

export function openIntake(options: OpenIntakeOptions): OpenedIntake {
  const { config, store, queue, clock, ids, budget, onStored, onQueued } = options;
  const { answerWithinMs = () => config.limits.answerWithinMs } = options;
  const { maxCommitEntries, maxCommitBytes, keyedStoreMs } = config.limits;
  const common = {
    ids,
    nowMicros: () => clock.nowMicros(),
    region: config.region,
    budget,
    maxBatchEntries: maxCommitEntries,
  };
  const toStore = createIntake({
    ...common,
    target: { as: 'stored', append: (batch) => store.append(batch), probe: () => store.probe() },
    source: randomId(),
    backOff: createBackOff(RETRY),
    maxBatchBytes: maxCommitBytes,
    answerWithinMs: queue === undefined ? answerWithinMs : () => keyedStoreMs,
    onStored,
  });
  if (queue === undefined) return { intake: toStore, toStore };
  const toQueue = createIntake({
    ...common,
    target: createQueueTarget(queue),
    source: randomId(),
    backOff: createBackOff(RETRY),
    maxBatchBytes: Math.min(maxCommitBytes, queue.capabilities.maxMessageBytes - ENVELOPE_BYTES),
    answerWithinMs,
    onStored: onQueued,
  });
  return { intake: createQueuedIntake({ toQueue, toStore }), toStore };
}
