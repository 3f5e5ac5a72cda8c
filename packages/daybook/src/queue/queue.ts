/**
 * The queue port: the durable hand-off between intake and store. One message carries one envelope. Delivery is at least
 * once and in any order: a message comes again until it is acknowledged, and late or double acknowledgements are
 * harmless. One conformance suite (`testing/queue-conformance.ts`) holds every driver to this.
 */
import type { DurabilityLevel } from '../durability.ts';

export interface QueueCapabilities {
  readonly driver: string;
  readonly durability: DurabilityLevel;
  /** How the level is known, for people. */
  readonly durabilityProof: string;
  /** The largest body; the intake makes no batch that is larger. */
  readonly maxMessageBytes: number;
  /** How long a message waits before the queue itself gives it up; undefined: for ever. */
  readonly retentionMs: number | undefined;
  /** A delivery that is neither acknowledged nor released comes again after this; undefined: when the process ends. */
  readonly visibilityMs: number | undefined;
  /**
   * Longer delays of a release are cut to this, and a queue may cut those of a send shorter still: the receiver looks at
   * the envelope and waits again.
   */
  readonly maxDelayMs: number;
  /** Whether it can tell how far everything that it accepted was acknowledged by the receiver. */
  readonly settled: boolean;
  /** True when it belongs to this process alone and outlives it: it is drained before the process ends. */
  readonly local: boolean;
  /** Whether depth and age are counted, or estimated by the vendor. */
  readonly depth: 'exact' | 'approximate';
}

export interface OutgoingMessage {
  readonly body: Uint8Array;
  /** How many entries the body holds, for `status`. */
  readonly entries: number;
  /** The smallest stamp in it; Unix microseconds. */
  readonly oldestStamp: number;
  /** The largest stamp in it; default `oldestStamp`. */
  readonly newestStamp?: number;
  /** Not delivered before; default at once. */
  readonly delayMs?: number;
}

export interface Delivery {
  readonly body: Uint8Array;
  /** When it was sent, by the queue's clock; Unix microseconds. */
  readonly sentAt: number;
  /** The driver's own handle of this delivery. */
  readonly handle: unknown;
}

export interface ReceiveOptions {
  /** A queue may give fewer than there are. */
  readonly maxMessages: number;
  /** Bodies together; the first message is given whatever its size. */
  readonly maxBytes: number;
  /** Resolves with nothing when no message came for so long. */
  readonly waitMs: number;
  /** Ends the wait with nothing, without an error; a message that was on its way comes again later. */
  readonly signal?: AbortSignal;
}

export interface QueueStatus {
  /** Not acknowledged yet: waiting, delayed and delivered together. */
  readonly messages: number;
  /** Of these, delivered and neither acknowledged nor released; where `depth` is approximate also those put back with a delay. */
  readonly delivered: number;
  /** Undefined where the queue does not tell. */
  readonly entries: number | undefined;
  readonly bytes: number | undefined;
  /** When the oldest of them was sent; Unix microseconds, undefined when there is none or the queue does not tell. */
  readonly oldestSentAt: number | undefined;
}

/**
 * `outcome` says whether what was asked for may have been done all the same: a message whose send is `unknown` may be
 * delivered. `too-large`: never accepted, and never will be. Otherwise the same call succeeds once the cause is gone.
 */
export class QueueError extends Error {
  override readonly name = 'QueueError';
  readonly reason: 'disk-full' | 'unavailable' | 'too-large';
  readonly outcome: 'not-written' | 'unknown';

  constructor(
    reason: QueueError['reason'],
    outcome: QueueError['outcome'],
    message: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.reason = reason;
    this.outcome = outcome;
  }
}

export interface Queue {
  readonly capabilities: QueueCapabilities;
  /** The largest stamp that was ever sent before it was opened, where it can tell: a restart continues above it. */
  readonly newestStampAtOpen: number | undefined;

  /** Resolves only after the message is durable at the level of the capabilities. @throws {QueueError} */
  send(message: OutgoingMessage): Promise<void>;
  /** Waits for the first message only: gives at once what is there. @throws {QueueError} */
  receive(options: ReceiveOptions): Promise<readonly Delivery[]>;
  /** They are done with and do not come again. A delivery that is out of date is passed over. @throws {QueueError} */
  acknowledge(deliveries: readonly Delivery[]): Promise<void>;
  /**
   * Puts them back: they come again after the delay, or after {@link QueueCapabilities.maxDelayMs} if it is longer; after
   * a restart perhaps sooner. What is out of date or acknowledged is passed over. @throws {QueueError}
   */
  release(deliveries: readonly Delivery[], delayMs: number): Promise<void>;
  /** Keeps deliveries that need longer than the visibility timeout for another one. @throws {QueueError} */
  extend(deliveries: readonly Delivery[]): Promise<void>;
  /** @throws {QueueError} */
  status(): Promise<QueueStatus>;
  /**
   * The smallest stamp of what is not acknowledged yet; Unix microseconds, undefined when nothing waits.
   * Only where `capabilities.settled`, else a TypeError. @throws {QueueError}
   */
  oldestStamp(): Promise<number | undefined>;
  /** Proves, as far as it can be without sending one, that a message would be accepted. @throws {QueueError} */
  probe(): Promise<void>;
  /** Ends every wait and finishes what it was called for; nothing is accepted afterwards. Idempotent. */
  close(): Promise<void>;
}
