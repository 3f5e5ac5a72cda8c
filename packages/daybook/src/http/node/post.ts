/**
 * The fast path: a POST to a register goes from `node:http` to the write route without a framework in between, and
 * without a promise where the entry is on its own.
 *
 *   begin ──plan──▶ reading ──whole body──▶ writing ──outcome──▶ answered
 *     └──refused───────┴──413, 408, cut off────┴──503──────────────▲
 */
import type { ServerResponse } from 'node:http';

import type { Client } from '../../access/client-address.ts';
import type { Identity } from '../../access/identity.ts';
import { DaybookError } from '../../errors.ts';
import type { Hold } from '../../intake/budget.ts';
import type { Register } from '../../register.ts';
import { admit, letWriterIn } from '../admit.ts';
import type { Answer } from '../answer.ts';
import { peerOf } from '../app-env.ts';
import type { HttpContext } from '../context.ts';
import { corsHeaders } from '../cors.ts';
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
import { refusedWrite } from './refused-write.ts';
import { answerFields, bodyLength, encodingOf } from './wire.ts';

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
      const { context } = this.#surroundings;
      const { register, request } = this.#post;
      const { headers, socket } = request;
      const client = letWriterIn(context, register, headers, peerOf(socket));
      const admitted = admit(context, register, 'write', headers.authorization);
      if (!(admitted instanceof Promise)) return this.#begin(client, admitted);
      // The stream keeps what arrives meanwhile, and stops the socket when that is much.
      admitted.then(
        (identity) => this.#begin(client, identity),
        (thrown) => this.failed(thrown),
      );
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  #begin(client: Client, identity: Identity | undefined): void {
    if (this.#post.request.destroyed) return;
    try {
      this.#plan = this.#planned(client, identity);
    } catch (thrown) {
      return this.failed(thrown);
    }
    readBody(this.#post.request, this.#plan, this.#surroundings.bodies[this.#plan.kind], this);
  }

  /** @throws {DaybookError} */
  #planned(client: Client, identity: Identity | undefined): WritePlan {
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
      client,
      identity,
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
    const { accept } = this.#post.request.headers;
    this.answered(refusedWrite(this.#surroundings.context, this.#requestId, accept, thrown));
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

  #send(answer: Answer): void {
    const { request, response } = this.#post;
    if (response.destroyed || request.socket.destroyed) return;
    const { version, draining } = this.#surroundings.context;
    const body = answer.body as string;
    const bodyBytes = bodyLength(answer);
    const { aborted: closes } = draining;
    const cors = corsHeaders(this.#post.register, request.headers.origin);
    response.writeHead(
      answer.status,
      answerFields(cors === undefined ? answer : { ...answer, headers: { ...answer.headers, ...cors } }, {
        requestId: this.#requestId,
        version,
        bodyBytes,
        closes,
      }),
    );
    response.end(body, encodingOf(body, bodyBytes));
    if (!request.complete) drain(request);
  }

  #log(cause: unknown): void {
    this.#surroundings.context.log.error({ event: 'internal-error', requestId: this.#requestId, err: cause });
  }
}
