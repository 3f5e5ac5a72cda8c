/**
 * The fast path: a POST to a register goes from `node:http` to the write route without a framework in between.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

import { DaybookError } from '../../errors.ts';
import type { Register } from '../../register.ts';
import type { Answer } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import { useDecoded } from '../decompress.ts';
import { toDaybookError } from '../problem.ts';
import { refusalAnswer } from '../refusal.ts';
import { requestIdOf } from '../request-id.ts';
import { planWrite } from '../write/head.ts';
import { write } from '../write/write.ts';
import type { BodyWatch } from './body-watch.ts';
import { drain } from './drain.ts';
import { readBody } from './read-body.ts';

export interface PostRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly register: Register;
  readonly search: string;
  /** The client waits for `100 Continue` (RFC 9110 §10.1.1): it is told only when the head is acceptable. */
  readonly expectsContinue: boolean;
}

export function createPost(context: HttpContext, watch: BodyWatch): (post: PostRequest) => Promise<void> {
  const { budget, log, metrics, version, config } = context;
  const { limits } = config;
  const site = { basePath: config.basePath, version };

  async function answer(post: PostRequest, requestId: string): Promise<Answer> {
    const { request, response, register, search } = post;
    if (context.draining.aborted)
      throw new DaybookError('DRAINING', 'the server is shutting down', {
        outcome: 'not-written',
        retryAfterSeconds: 1,
      });
    const { shouldKeepAlive } = response;
    // A client that is refused leave to send its body may go on with the body or with another request: nobody knows.
    if (post.expectsContinue) response.shouldKeepAlive = false;
    const remoteAddress = request.socket.remoteAddress ?? '';
    const plan = planWrite(context, { register, requestId, headers: request.headers, search, remoteAddress });
    if (post.expectsContinue) {
      response.writeContinue();
      response.shouldKeepAlive = shouldKeepAlive;
    }
    const deadlineKey = plan.kind === 'batch' ? 'batchTimeoutMs' : 'requestTimeoutMs';
    const deadlineInMs = limits[deadlineKey];
    const body = await readBody(request, plan, { budget, watch, deadlineInMs, deadlineKey });
    try {
      return await useDecoded(body, plan, budget, (decoded) => write(context, plan, decoded));
    } finally {
      budget.release(body.byteLength);
    }
  }

  function refusal({ request }: PostRequest, thrown: unknown, requestId: string): Answer {
    const error = toDaybookError(thrown, (cause) =>
      log.error({ event: 'internal-error', requestId, err: cause }),
    );
    const { method, headers } = request;
    return refusalAnswer(error, { requestId, method, accept: headers.accept, site });
  }

  function send({ request, response }: PostRequest, given: Answer, requestId: string): void {
    if (response.destroyed) return;
    if (context.draining.aborted) response.setHeader('connection', 'close');
    response.writeHead(given.status, {
      ...given.headers,
      'content-length': Buffer.byteLength(given.body as string),
      'daybook-version': version,
      'x-content-type-options': 'nosniff',
      'x-request-id': requestId,
    });
    response.end(given.body);
    if (!request.complete) drain(request);
  }

  return async (post) => {
    const { request, response, register } = post;
    const requestId = requestIdOf(request.headers['x-request-id']);
    let given: Answer;
    try {
      given = await answer(post, requestId);
    } catch (thrown) {
      given = refusal(post, thrown, requestId);
    }
    metrics.countWrite(register.name, given.status);
    try {
      send(post, given, requestId);
    } catch (cause) {
      // Nobody awaits this: what is thrown here would end the process.
      log.error({ event: 'internal-error', requestId, err: cause });
      response.destroy();
    }
  };
}
