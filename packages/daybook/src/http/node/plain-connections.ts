/**
 * The connections that are served without Node's HTTP server, from their beginning until they send something unusual.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

import type { Register } from '../../register.ts';
import type { HttpContext } from '../context.ts';
import type { HostCheck } from './host-check.ts';
import type { PlainSurroundings } from './plain-connection.ts';
import { PlainConnection } from './plain-connection.ts';

export interface PlainConnections {
  /** Whether an answer is due on the connection. */
  isBusy(socket: Socket): boolean;
  close(): void;
}

interface Silence {
  requests: number;
  sinceMs: number;
}

const LOOK_EVERY_MS = 1_000;

/** Takes every new connection of the server. */
export function createPlainConnections(
  context: HttpContext,
  server: Server,
  checkHost: HostCheck,
): PlainConnections {
  const { config, paths, nowMs, nowMicros } = context;
  const plain = new Map<Socket, PlainConnection>();
  const silences = new WeakMap<PlainConnection, Silence>();
  let date = httpDate(nowMicros());
  const serveByNode = server.listeners('connection') as ((socket: Socket) => void)[];

  const surroundings: PlainSurroundings = {
    context,
    registers: registersByPath(paths, config.basePath),
    checkHost,
    date: () => date,
    handOver(socket) {
      plain.delete(socket);
      for (const serve of serveByNode) serve.call(server, socket);
    },
  };

  server.removeAllListeners('connection').on('connection', (socket: Socket) => {
    plain.set(socket, new PlainConnection(surroundings, socket));
    socket.once('close', () => plain.delete(socket));
  });

  /** A client that sends nothing at first is Node's to time; one that has become silent is kept for a while. */
  function look(): void {
    const now = nowMs();
    date = httpDate(nowMicros());
    for (const connection of plain.values()) {
      const silence = silences.get(connection);
      const { requests, busy } = connection;
      if (silence === undefined || silence.requests !== requests || busy)
        silences.set(connection, { requests, sinceMs: now });
      else if (requests === 0) connection.handOver();
      else if (now - silence.sinceMs >= config.limits.keepAliveTimeoutMs) connection.end();
    }
  }

  const timer = setInterval(look, LOOK_EVERY_MS).unref();
  return {
    isBusy: (socket) => plain.get(socket)?.busy === true,
    close: () => clearInterval(timer),
  };
}

function registersByPath(paths: ReadonlyMap<string, Register>, basePath: string): Map<string, Register> {
  const posts = new Map<string, Register>();
  for (const [key, register] of paths) {
    const [method, path] = key.split(' ') as [string, string];
    if (method === 'POST') posts.set(basePath + path, register);
  }
  return posts;
}

/** RFC 9110 §5.6.7. */
function httpDate(micros: number): string {
  return new Date(micros / 1000).toUTCString();
}
