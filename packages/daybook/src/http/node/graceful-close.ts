/**
 * Ends a server so that no request which was heard is left without an answer:
 *
 *   1. for a moment everything goes on, but every answer says `Connection: close`: clients that are in the middle of
 *      sending the next request hear of the shutdown instead of a reset, and busy connections end by themselves
 *   2. nothing is accepted any more; connections on which no answer is due are ended
 *   3. when the grace is over, the rest is cut
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { responseUnderWay } from './under-way.ts';

/** Longer than a request is on its way within a data centre. */
const LINGER_MS = 100;
const LOOK_EVERY_MS = 20;

export type GracefulClose = (graceMs: number) => Promise<boolean>;

/**
 * @param isBusy whether an answer is due on a connection that Node's HTTP server does not serve.
 * @returns closes the server; its promise tells whether the rest had to be cut.
 */
export function createGracefulClose(server: Server, isBusy: (socket: Socket) => boolean): GracefulClose {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });

  function endIdle(): void {
    for (const socket of sockets)
      if (responseUnderWay(socket) === undefined && !isBusy(socket)) socket.destroy();
  }

  return async (graceMs) => {
    const lingerMs = sockets.size === 0 ? 0 : Math.min(LINGER_MS, graceMs);
    await sleep(lingerMs);
    let cut = false;
    const cutting = setTimeout(() => {
      cut = true;
      for (const socket of sockets) socket.destroy();
    }, graceMs - lingerMs);
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    endIdle();
    // Also what becomes idle later, and what never sent a whole head: Node looks at neither once it is closing.
    const looking = setInterval(endIdle, LOOK_EVERY_MS);
    await closed;
    clearInterval(looking);
    clearTimeout(cutting);
    return cut;
  };
}
