/**
 * The requests of the benchmark, built once as bytes.
 *
 * Every single POST carries the same JSON object of exactly 110 bytes; a batch repeats it, one line an entry.
 */
import type { Target } from './messages.ts';

/** Bytes of the JSON body of a single POST. */
const BODY_BYTES = 110;

const BODY = JSON.stringify({
  device: 'sensor-0042',
  event: 'reading',
  temperature: 21.43,
  humidity: 48,
  batteryVolts: 3.87,
  note: 'calm',
});

if (Buffer.byteLength(BODY) !== BODY_BYTES) {
  throw new Error(`the body has ${Buffer.byteLength(BODY)} bytes instead of ${BODY_BYTES}`);
}

/** A POST of one JSON body, or of `linesPerRequest` NDJSON lines. */
export function buildWrite(
  target: Target,
  path: string,
  linesPerRequest: number | null,
  authorization?: string,
): Buffer {
  const body = linesPerRequest === null ? BODY : `${BODY}\n`.repeat(linesPerRequest);
  const type = linesPerRequest === null ? 'application/json' : 'application/x-ndjson';
  const credential = authorization === undefined ? '' : `Authorization: ${authorization}\r\n`;
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\n${credential}Content-Type: ${type}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}

export function buildRead(target: Target, path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\n\r\n`);
}
