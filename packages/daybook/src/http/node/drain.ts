/**
 * An answer given before the body has arrived is lost when the connection is closed at once: the reset overtakes it. So
 * the rest of the body is read and thrown away, up to a bound; a client that goes on sending is cut off.
 */
import type { IncomingMessage } from 'node:http';

const MAX_DRAINED_BYTES = 16 * 1024 * 1024;
const MAX_DRAIN_MS = 5_000;

export function drain(request: IncomingMessage): void {
  let bytes = 0;
  const cut = () => void request.socket.destroy();
  const timer = setTimeout(cut, MAX_DRAIN_MS).unref();
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes > MAX_DRAINED_BYTES) cut();
  });
  request.once('close', () => clearTimeout(timer));
  request.resume();
}
