/**
 * Real HTTP on a loopback port before a front of AWS: reads requests within the front's limit and writes its answers.
 * What happens in between is the front's: `front/rest-api.ts`, `front/http-api.ts`, `front/balancer.ts`.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import type { FrontAnswer, FrontHandler } from './front/exchange.ts';
import { readRequest, writeAnswer } from './front/exchange.ts';

export interface FrontOptions {
  readonly handle: FrontHandler;
  readonly maxBodyBytes: number;
  readonly tooLarge: () => FrontAnswer;
}

export interface LocalFront {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
  /** What failed in the front itself, which is a fault of these tests. */
  readonly failures: readonly unknown[];
  close(): Promise<void>;
}

export async function startFront({ handle, maxBodyBytes, tooLarge }: FrontOptions): Promise<LocalFront> {
  const failures: unknown[] = [];
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const read = await readRequest(request, maxBodyBytes);
    if (read === undefined) {
      // The rest of the body stays unread, so nothing else can come over this connection.
      response.setHeader('connection', 'close');
      writeAnswer(response, tooLarge());
      return;
    }
    writeAnswer(response, await handle(read));
  }
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    answer(request, response).catch((thrown: unknown) => {
      // A client that went away is no fault.
      if (!request.socket.destroyed) failures.push(thrown);
      request.socket.destroy();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    failures,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
