/**
 * Stands between the driver and DynamoDB Local and does to requests what a network or a busy table would.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/**
 *   pass      as if nobody stood here
 *   throttle  refused, as DynamoDB refuses when the table has no capacity
 *   fail      500, and whether it was carried out is not said
 *   lose      carried out, and the answer never arrives
 *   conflict  cancelled, as a transaction is while another one has its items
 *   drop      the connection ends before it is carried out
 */
export type Treatment = 'pass' | 'throttle' | 'fail' | 'conflict' | 'lose' | 'drop';

export interface DynamoDbProxy {
  readonly endpoint: string;
  /** Asked for each request: by its operation, such as `TransactWriteItems`, and what it holds. Default `pass`. */
  treat: (operation: string, body: string) => Treatment;
  /** Asked for each answer; what it gives arrives instead. Default: nothing is changed. */
  rewrite: (operation: string, answer: string) => string | undefined;
  close(): Promise<void>;
}

const ANSWERS = {
  throttle: [400, 'com.amazonaws.dynamodb.v20120810#ThrottlingException'],
  fail: [500, 'com.amazonaws.dynamodb.v20120810#InternalServerError'],
  conflict: [400, 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException'],
} as const;
const REASONS = [{ Code: 'TransactionConflict', Message: 'by the proxy' }];

export async function startDynamoDbProxy(target: string): Promise<DynamoDbProxy> {
  async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(request);
    const operation = String(request.headers['x-amz-target']).split('.').at(-1) as string;
    const treatment = proxy.treat(operation, body.toString());
    if (treatment === 'drop') return void request.socket.destroy();
    if (treatment === 'throttle' || treatment === 'fail' || treatment === 'conflict') {
      const [status, type] = ANSWERS[treatment];
      const reasons = treatment === 'conflict' && { CancellationReasons: REASONS };
      response.writeHead(status, { 'content-type': 'application/x-amz-json-1.0' });
      return void response.end(JSON.stringify({ __type: type, message: 'by the proxy', ...reasons }));
    }
    const { authorization = '', 'content-type': type = '', 'x-amz-target': name = '' } = request.headers;
    const headers = {
      authorization,
      'content-type': type,
      'x-amz-target': String(name),
      'x-amz-date': String(request.headers['x-amz-date']),
    };
    const answer = await fetch(target, { method: 'POST', headers, body });
    const content = Buffer.from(await answer.arrayBuffer());
    if (treatment === 'lose') return void request.socket.destroy();
    const rewritten = proxy.rewrite(operation, content.toString());
    if (rewritten !== undefined) {
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      return void response.end(rewritten);
    }
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? '',
      'x-amz-crc32': answer.headers.get('x-amz-crc32') ?? '',
    });
    response.end(content);
  }

  const server = createServer((request, response) => {
    forward(request, response).catch(() => request.socket.destroy());
  });
  const proxy: DynamoDbProxy = {
    endpoint: '',
    treat: () => 'pass',
    rewrite: () => undefined,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(proxy, { endpoint: `http://127.0.0.1:${port}` });
}
