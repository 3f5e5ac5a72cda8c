/**
 * Messages as they cross to the writer thread: columns and one buffer that holds all bodies and is handed over. A copy is
 * made on purpose: the sender keeps its own bytes and may send them again.
 */
import type { OutgoingMessage } from '../queue.ts';

export interface MessageColumns {
  readonly entries: readonly number[];
  readonly oldestStamps: readonly number[];
  readonly newestStamps: readonly number[];
  /** Milliseconds from now. */
  readonly delaysMs: readonly number[];
  readonly bodyBytes: readonly number[];
  /** The bodies one after the other. */
  readonly bodies: Uint8Array<ArrayBuffer>;
}

export function toColumns(messages: readonly OutgoingMessage[]): MessageColumns {
  const bodyBytes = messages.map(({ body }) => body.byteLength);
  const bodies = new Uint8Array(bodyBytes.reduce((sum, bytes) => sum + bytes, 0));
  let offset = 0;
  for (const { body } of messages) {
    bodies.set(body, offset);
    offset += body.byteLength;
  }
  return {
    entries: messages.map(({ entries }) => entries),
    oldestStamps: messages.map(({ oldestStamp }) => oldestStamp),
    newestStamps: messages.map(({ oldestStamp, newestStamp }) => newestStamp ?? oldestStamp),
    delaysMs: messages.map(({ delayMs }) => delayMs ?? 0),
    bodyBytes,
    bodies,
  };
}
