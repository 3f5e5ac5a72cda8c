/**
 * What was received: a delivery opened, or the reason why it cannot be worked on.
 */
import type { Batch, Retry } from '../envelope.ts';
import { decodeEnvelope, EnvelopeVersionError } from '../envelope.ts';
import { toError } from '../errors.ts';
import type { Delivery } from '../queue/queue.ts';
import type { AcknowledgedBatch } from '../store/store.ts';

/** A delivery with the batch that it carries. */
export interface Received {
  readonly delivery: Delivery;
  readonly batch: Batch;
  /** Present when it carries entries of the batch by themselves. */
  readonly retry?: Retry | undefined;
  readonly bytes: number;
}

export type Opened =
  | { readonly kind: 'work'; readonly received: Received }
  /** Not to be tried yet. */
  | { readonly kind: 'early'; readonly delayMs: number }
  /** For a newer program than this one. */
  | { readonly kind: 'newer'; readonly message: string }
  /** Not the bytes that were sent. */
  | { readonly kind: 'broken'; readonly message: string };

export function openDelivery(delivery: Delivery, nowMicros: number): Opened {
  try {
    const { batch, retry } = decodeEnvelope(delivery.body);
    if (retry !== undefined && retry.notBefore > nowMicros) {
      return { kind: 'early', delayMs: Math.ceil((retry.notBefore - nowMicros) / 1000) };
    }
    return { kind: 'work', received: { delivery, batch, retry, bytes: delivery.body.byteLength } };
  } catch (thrown) {
    const { message } = toError(thrown);
    return { kind: thrown instanceof EnvelopeVersionError ? 'newer' : 'broken', message };
  }
}

/** All of it, as the store takes it. */
export function toAcknowledged({ batch, retry }: Received): AcknowledgedBatch {
  return { batch, part: retry !== undefined, leftOut: [] };
}
