/**
 * A TCP proxy in front of PostgreSQL that loses what it is told to lose: a request that never arrives, or an answer that
 * never comes back although the server has committed. Also stands still and lets go again.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/**
 * `request`: the next one is not passed on; `answer`: the next one is lost when the server has finished it. Both end the
 * connection.
 */
export type Loss = 'request' | 'answer';

export interface CutProxy {
  readonly port: number;
  /**
   * @param statement the name of the prepared statement whose next execution it is about.
   * @returns a promise that resolves when it has happened.
   */
  loseNext(loss: Loss, statement: string): Promise<void>;
  /** Nothing passes in either direction, and connections stay, until {@link CutProxy.flow}. */
  stall(): void;
  flow(): void;
  close(): Promise<void>;
}

/** ReadyForQuery, outside of a transaction: its commit is done (https://www.postgresql.org/docs/18/protocol-message-formats.html). */
const READY_FOR_QUERY = Buffer.from([0x5a, 0, 0, 0, 5, 0x49]);

export async function startCutProxy(targetPort: number): Promise<CutProxy> {
  const sockets = new Set<Socket>();
  let armed: { readonly loss: Loss; readonly statement: string; readonly done: () => void } | undefined;
  let stalled = false;

  const server = createServer((client) => {
    const upstream = connect(targetPort, '127.0.0.1');
    let losingAnswer: (() => void) | undefined;
    const end = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      if (stalled) socket.pause();
      socket.on('error', end);
      socket.on('close', () => {
        sockets.delete(socket);
        end();
      });
    }
    client.on('data', (chunk: Buffer) => {
      // The name comes first in a message, so it is in the first part of what arrives of it.
      const now = armed !== undefined && chunk.includes(`${armed.statement}\0`) ? armed : undefined;
      if (now !== undefined) armed = undefined;
      if (now?.loss === 'request') {
        end();
        now.done();
        return;
      }
      losingAnswer ??= now?.done;
      upstream.write(chunk);
    });
    upstream.on('data', (chunk: Buffer) => {
      if (losingAnswer === undefined) {
        client.write(chunk);
        return;
      }
      if (!chunk.subarray(-READY_FOR_QUERY.length).equals(READY_FOR_QUERY)) return;
      end();
      losingAnswer();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('expected a TCP address');
  return {
    port: bound.port,
    loseNext: (loss, statement) =>
      new Promise((done) => {
        armed = { loss, statement, done };
      }),
    stall() {
      stalled = true;
      for (const socket of sockets) socket.pause();
    },
    flow() {
      stalled = false;
      for (const socket of sockets) socket.resume();
    },
    async close() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
