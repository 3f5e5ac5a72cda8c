/**
 * One keep-alive connection of the load generator, straight on `node:net`: whole requests out, whole answers in.
 *
 * One read buffer per connection, so nothing is allocated per answer. A connection that breaks fails the run: a
 * benchmark that reconnects in silence measures something else.
 */
import { connect } from 'node:net';
import { createAnswerParser } from './answer-parser.ts';
import type { AnswerListener } from './answer-parser.ts';
import type { Target } from './messages.ts';

export interface Connection {
  send(request: Buffer): void;
  close(): void;
}

const READ_BUFFER_BYTES = 64 * 1024;

/** Resolves once connected. `onFailure` is told of every error and of a close that nobody asked for. */
export function openConnection(
  target: Target,
  onAnswer: AnswerListener,
  onFailure: (error: Error) => void,
): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>();
  let closing = false;
  const parser = createAnswerParser(onAnswer);
  const socket = connect({
    host: target.host,
    port: target.port,
    noDelay: true,
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_BUFFER_BYTES),
      callback(length, bytes) {
        try {
          parser.feed(bytes as Buffer, length);
        } catch (error) {
          onFailure(error as Error);
        }
        return true;
      },
    },
  });
  socket.once('connect', () => {
    resolve({
      send: (request) => void socket.write(request),
      close() {
        closing = true;
        socket.destroy();
      },
    });
  });
  socket.on('error', (error) => {
    reject(error);
    if (!closing) onFailure(error);
  });
  socket.on('close', () => {
    if (!closing) onFailure(new Error('the server closed a keep-alive connection'));
  });
  return promise;
}

/** Opens `count` connections; if one fails, closes the others. */
export async function openConnections(
  count: number,
  open: (index: number) => Promise<Connection>,
): Promise<Connection[]> {
  const settled = await Promise.allSettled(Array.from({ length: count }, (_, index) => open(index)));
  const failed = settled.find((one) => one.status === 'rejected');
  const opened = settled.filter((one) => one.status === 'fulfilled').map((one) => one.value);
  if (failed === undefined) return opened;
  for (const connection of opened) connection.close();
  throw failed.reason;
}
