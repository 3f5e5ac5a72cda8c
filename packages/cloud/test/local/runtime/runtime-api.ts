/**
 * The Runtime API of one execution environment ("Using the Lambda runtime API for custom runtimes", AWS Lambda): hands
 * out one invocation at a time and takes its outcome. An outcome for another invocation than the one under way is
 * refused, as Lambda refuses it.
 */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

export interface RuntimeError {
  readonly errorType: string;
  readonly errorMessage: string;
}

export interface Invocation {
  readonly requestId: string;
  readonly deadlineMs: number;
  readonly functionArn: string;
  readonly payload: string;
}

export type Outcome =
  | { readonly kind: 'response'; readonly text: string }
  | { readonly kind: 'error'; readonly error: RuntimeError };

export interface RuntimeApiEvents {
  /** The runtime waits for an invocation: nothing of its own is under way. */
  onNext(): void;
  onOutcome(requestId: string, outcome: Outcome): void;
  onInitError(error: RuntimeError): void;
}

export interface RuntimeApi {
  /** `127.0.0.1:PORT`, the value of AWS_LAMBDA_RUNTIME_API. */
  readonly address: string;
  /** @throws {Error} when the runtime does not wait for one. */
  give(invocation: Invocation): void;
  close(): Promise<void>;
}

const PREFIX = '/2018-06-01/runtime/';

export async function startRuntimeApi(events: RuntimeApiEvents): Promise<RuntimeApi> {
  let waiting: ServerResponse | undefined;
  let underWay: string | undefined;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '').replace(PREFIX, '');
    if (request.method === 'GET' && path === 'invocation/next') {
      waiting = response;
      underWay = undefined;
      events.onNext();
      return;
    }
    const body = await text(request);
    const [, requestId = '', what] = /^invocation\/([^/]+)\/(response|error)$/.exec(path) ?? [];
    if (path !== 'init/error' && (what === undefined || requestId !== underWay)) {
      response.writeHead(400).end(JSON.stringify({ errorType: 'InvalidRequestID' }));
      return;
    }
    response.writeHead(202).end();
    if (path === 'init/error') events.onInitError(parseError(body));
    else if (what === 'response') events.onOutcome(requestId, { kind: 'response', text: body });
    else events.onOutcome(requestId, { kind: 'error', error: parseError(body) });
  }

  // The runtime waits for its next invocation as long as it takes.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0 }, (request, response) => {
    handle(request, response).catch(() => request.socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    give({ requestId, deadlineMs, functionArn, payload }) {
      if (waiting === undefined) throw new Error('expected a runtime that waits for an invocation');
      const response = waiting;
      waiting = undefined;
      underWay = requestId;
      response.writeHead(200, {
        'content-type': 'application/json',
        'lambda-runtime-aws-request-id': requestId,
        'lambda-runtime-deadline-ms': String(deadlineMs),
        'lambda-runtime-invoked-function-arn': functionArn,
        'lambda-runtime-trace-id': `Root=1-${requestId.slice(0, 8)}-${requestId.replaceAll('-', '').slice(8, 32)};Sampled=0`,
      });
      response.end(payload);
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function parseError(body: string): RuntimeError {
  try {
    const { errorType = 'Error', errorMessage = '' } = JSON.parse(body) as Partial<RuntimeError>;
    return { errorType, errorMessage };
  } catch {
    return { errorType: 'Runtime.Unknown', errorMessage: body };
  }
}
