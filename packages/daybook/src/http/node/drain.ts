/**
 * An answer given before the body has arrived is lost when the connection is closed at once: the reset overtakes it. So
 * the rest of the body is read and thrown away, up to a bound; a client that goes on sending is cut off.
 */
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

const MAX_DRAINED_BYTES = 16 * 1024 * 1024;
const MAX_DRAIN_MS = 5_000;

const draining = new WeakSet<Socket>();

export function drain(request: IncomingMessage): void {
  const { socket } = request;
  let bytes = 0;
  const cut = () => void socket.destroy();
  const timer = setTimeout(cut, MAX_DRAIN_MS).unref();
  draining.add(socket);
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.byteLength;
    if (bytes > MAX_DRAINED_BYTES) cut();
  });
  request.once('close', () => {
    clearTimeout(timer);
    draining.delete(socket);
  });
  request.resume();
}

/** Whether the request that arrives on this connection has its answer already. */
export function isDraining(socket: Socket): boolean {
  return draining.has(socket);
}
