/**
 * A delivery of SQS: the bytes of a message, and the handle with which this delivery of it, and no other one, is
 * acknowledged or put back.
 */
import { systemTime } from '../../clock.ts';
import type { Delivery } from '../queue.ts';
import { fromText } from './message-text.ts';

export interface SqsMessage {
  readonly body: string;
  readonly receiptHandle: string;
  /** Unix milliseconds. */
  readonly sentMs: number;
}

/**
 * "Amazon SQS visibility timeout" in the Developer Guide: a delivery can be held for 12 hours in all, counted from when
 * it was received. A minute is left for clocks and networks.
 */
export const MAX_HELD_SECONDS = 12 * 3600 - 60;

/** The driver's handle of a delivery. */
class SqsHandle {
  readonly receiptHandle: string;
  readonly receivedMs: number;

  constructor(receiptHandle: string) {
    this.receiptHandle = receiptHandle;
    this.receivedMs = systemTime.monotonicMs();
  }

  /** @returns `seconds`, or as long as the delivery can still be held. */
  holdable(seconds: number): number {
    const heldSeconds = Math.ceil((systemTime.monotonicMs() - this.receivedMs) / 1000);
    return Math.min(seconds, Math.max(0, MAX_HELD_SECONDS - heldSeconds));
  }
}

/** A message that was received just now, here or by who calls. */
export function toDelivery({ body, receiptHandle, sentMs }: SqsMessage): Delivery {
  return { body: fromText(body), sentAt: sentMs * 1000, handle: new SqsHandle(receiptHandle) };
}

export function handleOf({ handle }: Delivery): SqsHandle {
  if (!(handle instanceof SqsHandle)) throw new TypeError('sqs: expected a delivery of this queue');
  return handle;
}
