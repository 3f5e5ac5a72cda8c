/**
 * The fast path: a POST to a register goes from `node:http` to the write route without a framework in between, and
 * without a promise where the entry is on its own.
 *
 *   begin ──plan──▶ reading ──whole body──▶ writing ──outcome──▶ answered
 *     └──refused───────┴──413, 408, cut off────┴──503──────────────▲
 */
import type { ServerResponse } from 'node:http';

import { DaybookError } from '../../errors.ts';
import type { Hold } from '../../intake/budget.ts';
import type { Register } from '../../register.ts';
import type { Answer } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import { toDaybookError } from '../problem.ts';
import { refusalAnswer } from '../refusal.ts';
import { requestIdOf } from '../request-id.ts';
import type { WritePlan } from '../write/head.ts';
import { planWrite } from '../write/head.ts';
import type { WriteListener } from '../write/write.ts';
import { write } from '../write/write.ts';
import type { BodyWatch } from './body-watch.ts';
import type { DirectRequest } from './direct-request.ts';
import { drain } from './drain.ts';
import type { BodyReceiver, ReadBodyOptions } from './read-body.ts';
import { readBody } from './read-body.ts';

export interface PostRequest {
  readonly request: DirectRequest;
  readonly response: ServerResponse;
  readonly register: Register;
  readonly search: string;
  /** The client waits for `100 Continue` (RFC 9110 §10.1.1): it is told only when the head is acceptable. */
  readonly expectsContinue: boolean;
}

/** What all exchanges have in common. */
interface Surroundings {
  readonly context: HttpContext;
  readonly bodies: Readonly<Record<WritePlan['kind'], ReadBodyOptions>>;
}

/** @returns takes a request over, and never throws. */
export function createPost(context: HttpContext, watch: BodyWatch): (post: PostRequest) => void {
  const { budget, config } = context;
  const { requestTimeoutMs, batchTimeoutMs } = config.limits;
  const surroundings = {
    context,
    bodies: {
      single: { budget, watch, deadline: { inMs: requestTimeoutMs, key: 'requestTimeoutMs' } },
      batch: { budget, watch, deadline: { inMs: batchTimeoutMs, key: 'batchTimeoutMs' } },
    },
  };
  return (post) => new Exchange(surroundings, post).begin();
}

/** One request and its answer. */
class Exchange implements BodyReceiver, WriteListener {
  readonly #surroundings: Surroundings;
  readonly #post: PostRequest;
  readonly #requestId: string;
  #plan: WritePlan | undefined;
  #hold: Hold | undefined;

  constructor(surroundings: Surroundings, post: PostRequest) {
    this.#surroundings = surroundings;
    this.#post = post;
    this.#requestId = requestIdOf(post.request.headers['x-request-id']);
  }

  begin(): void {
    try {
      this.#plan = this.#planned();
    } catch (thrown) {
      return this.failed(thrown);
    }
    readBody(this.#post.request, this.#plan, this.#surroundings.bodies[this.#plan.kind], this);
  }

  /** @throws {DaybookError} */
  #planned(): WritePlan {
    const { context } = this.#surroundings;
    const { request, response, register, search, expectsContinue } = this.#post;
    if (context.draining.aborted)
      throw new DaybookError('DRAINING', 'the server is shutting down', {
        outcome: 'not-written',
        retryAfterSeconds: 1,
      });
    const { shouldKeepAlive } = response;
    // A client that is refused leave to send its body may go on with the body or with another request: nobody knows.
    if (expectsContinue) response.shouldKeepAlive = false;
    const plan = planWrite(context, {
      register,
      requestId: this.#requestId,
      headers: request.headers,
      search,
      remoteAddress: request.socket.remoteAddress ?? '',
    });
    if (expectsContinue) {
      response.writeContinue();
      response.shouldKeepAlive = shouldKeepAlive;
    }
    return plan;
  }

  receive(body: Buffer, hold: Hold): void {
    this.#hold = hold;
    write(this.#surroundings.context, this.#plan as WritePlan, body, hold, this);
  }

  refuse(error: DaybookError): void {
    this.failed(error);
  }

  failed(thrown: unknown): void {
    const { context } = this.#surroundings;
    const error = toDaybookError(thrown, (cause) => this.#log(cause));
    const { method, headers } = this.#post.request;
    const { basePath } = context.config;
    this.answered(
      refusalAnswer(error, {
        requestId: this.#requestId,
        method,
        accept: headers.accept,
        site: { basePath, version: context.version },
      }),
    );
  }

  answered(answer: Answer): void {
    this.#surroundings.context.metrics.countWrite(this.#post.register.name, answer.status);
    this.#hold?.shrinkTo(0);
    try {
      this.#send(answer);
    } catch (cause) {
      // Nobody is there to catch it: what is thrown here would end the process.
      this.#log(cause);
      this.#post.response.destroy();
    }
  }

  #send({ status, headers, body: given }: Answer): void {
    const { request, response } = this.#post;
    if (response.destroyed || request.socket.destroyed) return;
    const body = given as string;
    const bytes = Buffer.byteLength(body);
    // Names and values in turn: Node copies nothing then.
    const fields: string[] = [];
    for (const name in headers) fields.push(name, headers[name] as string);
    fields.push('content-length', String(bytes));
    fields.push('daybook-version', this.#surroundings.context.version);
    fields.push('x-request-id', this.#requestId);
    if (headers['x-content-type-options'] === undefined) fields.push('x-content-type-options', 'nosniff');
    if (this.#surroundings.context.draining.aborted) fields.push('connection', 'close');
    response.writeHead(status, fields);
    // ASCII is the same in both, and cheaper to write as the one that needs no look at each character.
    response.end(body, bytes === body.length ? 'latin1' : 'utf8');
    if (!request.complete) drain(request);
  }

  #log(cause: unknown): void {
    this.#surroundings.context.log.error({ event: 'internal-error', requestId: this.#requestId, err: cause });
  }
}
