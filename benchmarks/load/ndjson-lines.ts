/**
 * Streams an NDJSON answer and hands over each line as bytes, at the speed of the socket.
 */
import { request } from 'node:http';
import type { Target } from './messages.ts';

/** `bytes[start, end)` is one line without its newline, valid only during the call. */
export type LineListener = (bytes: Buffer, start: number, end: number) => void;

const NEWLINE = 0x0a;

/**
 * Resolves with the number of bytes once the answer has ended well.
 *
 * @throws when the answer is not 200, is cut off, or is aborted by `signal`.
 */
export function readNdjsonLines(
  target: Target,
  path: string,
  onLine: LineListener,
  signal: AbortSignal,
): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const outgoing = request(
    { host: target.host, port: target.port, path, headers: { accept: 'application/x-ndjson' }, signal },
    (answer) => {
      if (answer.statusCode !== 200) {
        answer.resume();
        reject(new Error(`GET ${path} answered ${answer.statusCode}`));
        return;
      }
      let total = 0;
      let held = Buffer.alloc(0);
      answer.on('data', (chunk: Buffer) => {
        total += chunk.length;
        const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
        let start = 0;
        for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
          if (end > start) onLine(bytes, start, end);
          start = end + 1;
        }
        held = start === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(start));
      });
      answer.on('end', () => {
        if (held.length > 0) onLine(held, 0, held.length);
        resolve(total);
      });
      answer.on('close', () => {
        if (!answer.complete) reject(new Error(`GET ${path} was cut off after ${total} bytes`));
      });
      answer.on('error', reject);
    },
  );
  outgoing.on('error', reject);
  outgoing.end();
  return promise;
}
