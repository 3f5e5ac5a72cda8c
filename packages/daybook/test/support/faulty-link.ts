/**
 * A TCP link to a backend that does what networks do: it is cut, refuses, loses answers, or stands still. It knows
 * nothing of what it carries, so it stands before every backend alike.
 */
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/**
 *   ok       as if nobody stood here
 *   away     connections break and later ones are refused
 *   lossy    what is asked arrives; the connection ends with the first byte of an answer
 *   torn     the connection ends in the middle of what is asked
 *   silent   connections are taken, and nothing passes in either direction
 */
export const LINK_STATES = ['ok', 'away', 'lossy', 'torn', 'silent'] as const;
export type LinkState = (typeof LINK_STATES)[number];

export interface FaultyLink {
  readonly port: number;
  /** From now on. What `silent` held back goes on when it is over. */
  turn(state: LinkState): void;
  close(): Promise<void>;
}

export async function startFaultyLink(targetPort: number): Promise<FaultyLink> {
  const sockets = new Set<Socket>();
  let state: LinkState = 'ok';

  function keep(socket: Socket, end: () => void): void {
    sockets.add(socket);
    // Requests and answers are small: waiting to fill a packet would only slow them.
    socket.setNoDelay(true);
    if (state === 'silent') socket.pause();
    socket.on('error', end);
    socket.on('close', () => {
      sockets.delete(socket);
      end();
    });
  }

  const server = createServer((client) => {
    if (state === 'away') {
      client.destroy();
      return;
    }
    const upstream = connect(targetPort, '127.0.0.1');
    const end = (): void => {
      client.destroy();
      upstream.destroy();
    };
    keep(client, end);
    keep(upstream, end);
    client.on('data', (chunk) => {
      if (state === 'torn') {
        upstream.end(chunk.subarray(0, chunk.byteLength >> 1));
        client.destroy();
      } else upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (state === 'lossy') end();
      else client.write(chunk);
    });
    client.on('end', end);
    upstream.on('end', end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: (server.address() as AddressInfo).port,
    turn(next) {
      state = next;
      for (const socket of sockets) {
        if (state === 'away') socket.destroy();
        else if (state === 'silent') socket.pause();
        else socket.resume();
      }
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
