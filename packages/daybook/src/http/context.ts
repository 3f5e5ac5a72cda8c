/**
 * What the HTTP layer works with: made once by the composition root, given to every route.
 */
import type { Logger } from 'pino';

import type { Audit } from '../access/audit.ts';
import type { createClientOf } from '../access/client-address.ts';
import type { Drain } from '../access/drain/drain.ts';
import type { KeysWhenNeeded } from '../access/keys/keys-when-needed.ts';
import type { RateLimiter } from '../access/rate-limit.ts';
import type { Config } from '../config/load.ts';
import type { Budget } from '../intake/budget.ts';
import type { Intake } from '../intake/intake.ts';
import type { KeysInFlight } from '../intake/keys-in-flight.ts';
import type { DurabilityLevel } from '../durability.ts';
import type { DeadLetters } from '../persister/dead-letters.ts';
import type { PersisterStatus } from '../persister/persister.ts';
import type { Queue } from '../queue/queue.ts';
import type { Register } from '../register.ts';
import type { Store } from '../store/store.ts';
import type { Signal } from '../tail/signal.ts';
import type { Health } from '../telemetry/health.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Authenticate } from './authenticate.ts';
import type { Front } from './front.ts';

export interface HttpContext {
  readonly version: string;
  readonly config: Config;
  /** What carries the answers. */
  readonly front: Front;
  /** The folder of what pages load. */
  readonly assets: URL;
  /** `METHOD /path` to register, without the base path. */
  readonly paths: ReadonlyMap<string, Register>;
  readonly intake: Intake;
  readonly keysInFlight: KeysInFlight;
  /** API keys. */
  readonly keys: KeysWhenNeeded;
  readonly audit: Audit;
  /** Whether readiness fails on purpose. */
  readonly drain: Drain;
  readonly authenticate: Authenticate;
  /** Who is at the other end of a socket, as trusted proxies tell. */
  readonly clientOf: ReturnType<typeof createClientOf>;
  /** @throws {DaybookError} ADDRESS_REFUSED */
  readonly assertLetsIn: (register: Register, address: string) => void;
  readonly store: Store;
  /** What stands between intake and store, when anything does. */
  readonly queue?: Queue;
  /** Only where this process moves batches from the queue to the store. */
  readonly persister?: {
    status(): PersisterStatus;
    perSecond(): Record<keyof PersisterStatus['counters'], number>;
  };
  /** Where an object storage keeps what was given up on. */
  readonly deadLetters?: DeadLetters;
  /** What an acknowledged entry has survived, and how that is known. */
  readonly durability: () => { readonly level: DurabilityLevel; readonly proof: string };
  /** Every acknowledged entry up to this stamp has reached its final place; undefined where that cannot be known. */
  readonly settledThrough: () => number | undefined;
  /** Rings when an entry was stored. */
  readonly stored: Signal;
  readonly limiter: RateLimiter;
  readonly budget: Budget;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Aborted when the server begins to shut down: streams end. */
  readonly draining: AbortSignal;
  /** Unix microseconds. */
  readonly nowMicros: () => number;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}
