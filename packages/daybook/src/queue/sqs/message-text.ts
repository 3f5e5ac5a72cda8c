/**
 * The text of a message and the bytes that it stands for. SQS and SNS carry text, so bytes travel as Base64 (RFC 4648
 * §4). What comes back is not always what was sent: a topic that was not told to deliver raw messages wraps each in JSON,
 * and anybody who may send to the queue can put anything into it.
 */

/** SQS refuses an empty body; Base64 ignores padding that pads nothing (RFC 4648 §3.2). */
const EMPTY_BODY = '=';
/** No Base64 begins so. */
const JSON_START = '{';

export function toText({ buffer, byteOffset, byteLength }: Uint8Array): string {
  if (byteLength === 0) return EMPTY_BODY;
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

/** @returns the bytes that were sent; of JSON that is no wrapped message its own bytes, so that nothing of it is lost. */
export function fromText(text: string): Uint8Array {
  if (!text.startsWith(JSON_START)) return Buffer.from(text, 'base64');
  const wrapped = unwrap(text);
  return wrapped === undefined ? Buffer.from(text) : Buffer.from(wrapped, 'base64');
}

/** "Parsing message formats in Amazon SNS", Amazon SNS Developer Guide: the JSON of a notification. */
function unwrap(text: string): string | undefined {
  try {
    const { Type, Message } = JSON.parse(text) as { Type?: unknown; Message?: unknown };
    return Type === 'Notification' && typeof Message === 'string' ? Message : undefined;
  } catch {
    return undefined;
  }
}
