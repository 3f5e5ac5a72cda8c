/**
 * A connection whose requests are all plain so far (see `plain-request.ts`): they go from the socket to the write route
 * and back. Node's HTTP server does more for a request than Daybook does with it; here nothing of that is needed.
 *
 *   idle ──plain request──▶ busy ──answer──▶ idle
 *    └──anything else──▶ handed over to Node's HTTP server, for good, with the bytes that are not answered yet
 *
 * One request at a time: what a client sends before it has its answer waits in the socket. Nothing is kept of a request
 * that did not come in one piece, so there is nothing to time here but silence.
 */
import type { Socket } from 'node:net';
import { STATUS_CODES } from 'node:http';

import type { Client } from '../../access/client-address.ts';
import type { Identity } from '../../access/identity.ts';
import { Hold } from '../../intake/budget.ts';
import type { Register } from '../../register.ts';
import { admit, letWriterIn } from '../admit.ts';
import type { Answer } from '../answer.ts';
import { peerOf } from '../app-env.ts';
import type { LastCaller } from '../authenticate.ts';
import type { HttpContext } from '../context.ts';
import { overloaded } from '../decompress.ts';
import { requestIdOf } from '../request-id.ts';
import { planWrite } from '../write/head.ts';
import type { WriteListener } from '../write/write.ts';
import { write } from '../write/write.ts';
import type { HostCheck } from './host-check.ts';
import type { PlainRequest } from './plain-request.ts';
import { PlainReader } from './plain-request.ts';
import { refusedWrite } from './refused-write.ts';
import { answerFields, bodyLength, encodingOf, headText } from './wire.ts';

/** What all these connections have in common. */
export interface PlainSurroundings {
  readonly context: HttpContext;
  /** By the whole path. */
  readonly registers: ReadonlyMap<string, Register>;
  readonly checkHost: HostCheck;
  /** The `Date` of an answer. */
  readonly date: () => string;
  /** Lets Node serve the connection from now on. */
  readonly handOver: (socket: Socket) => void;
}

export class PlainConnection implements WriteListener {
  readonly #surroundings: PlainSurroundings;
  readonly #socket: Socket;
  readonly #peer: Client;
  readonly #reader = new PlainReader();
  /** The header is kept by the reader too. */
  readonly #lastCaller: LastCaller = { authorization: '', identity: undefined };
  /** Where the last request belonged, as long as the next ones have its head. */
  #route: { readonly request: PlainRequest; readonly register: Register } | undefined;
  #requests = 0;
  #busy = false;
  #requestId = '';
  #register: Register | undefined;
  #accept: string | undefined;
  #hold: Hold | undefined;

  constructor(surroundings: PlainSurroundings, socket: Socket) {
    this.#surroundings = surroundings;
    this.#socket = socket;
    this.#peer = peerOf(socket);
    socket
      .on('data', this.#onData)
      .on('end', this.#onEnd)
      .on('drain', this.#onDrain)
      .on('error', this.#onError);
  }

  get busy(): boolean {
    return this.#busy;
  }

  /** So far. */
  get requests(): number {
    return this.#requests;
  }

  /** For a connection that is silent for too long. */
  end(): void {
    this.#socket.destroy();
  }

  /** @param unread what was taken from the socket and not answered. */
  handOver(unread?: Buffer): void {
    const socket = this.#socket;
    socket
      .off('data', this.#onData)
      .off('end', this.#onEnd)
      .off('drain', this.#onDrain)
      .off('error', this.#onError);
    this.#surroundings.handOver(socket);
    if (unread !== undefined) socket.unshift(unread);
  }

  readonly #onData = (chunk: Buffer): void => {
    if (this.#busy) return this.#putBack(chunk);
    const request = this.#reader.read(chunk);
    // Browsers have questions of their own.
    const register =
      request?.headers['origin'] === undefined ? request && this.#registerOf(request) : undefined;
    if (request === undefined || register === undefined) return this.handOver(chunk);
    this.#busy = true;
    if (chunk.byteLength > request.end) this.#putBack(chunk.subarray(request.end));
    this.#begin(request, register, chunk.subarray(request.bodyStart, request.end));
  };

  #putBack(chunk: Buffer): void {
    this.#socket.pause();
    this.#socket.unshift(chunk);
  }

  /** @returns undefined when Node is to answer: it is no register, the host is wrong, or the server is ending. */
  #registerOf(request: PlainRequest): Register | undefined {
    const { context, registers, checkHost } = this.#surroundings;
    if (context.draining.aborted) return undefined;
    if (this.#route?.request === request) return this.#route.register;
    const { path, headers } = request;
    try {
      checkHost(headers['host'], '1.1');
    } catch {
      return undefined;
    }
    const register = registers.get(path);
    this.#route = register && { request, register };
    return register;
  }

  #begin({ headers }: PlainRequest, register: Register, body: Buffer): void {
    const { context } = this.#surroundings;
    this.#requests += 1;
    this.#requestId = requestIdOf(headers['x-request-id']);
    this.#register = register;
    this.#accept = headers['accept'];
    const hold = new Hold(context.budget);
    this.#hold = hold;
    try {
      const client = letWriterIn(context, register, headers, this.#peer);
      const admitted = admit(context, register, 'write', headers['authorization'], this.#lastCaller);
      if (!(admitted instanceof Promise)) return this.#write(headers, client, body, hold, admitted);
      admitted.then(
        (identity) => this.#write(headers, client, body, hold, identity),
        (thrown) => this.failed(thrown),
      );
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  #write(
    headers: PlainRequest['headers'],
    client: Client,
    body: Buffer,
    hold: Hold,
    identity: Identity | undefined,
  ): void {
    const { context } = this.#surroundings;
    try {
      const plan = planWrite(context, {
        register: this.#register as Register,
        requestId: this.#requestId,
        headers,
        search: '',
        client,
        identity,
      });
      if (!hold.reserve(body.byteLength)) throw overloaded(context.budget, body.byteLength);
      write(context, plan, body, hold, this);
    } catch (thrown) {
      this.failed(thrown);
    }
  }

  failed(thrown: unknown): void {
    this.answered(refusedWrite(this.#surroundings.context, this.#requestId, this.#accept, thrown));
  }

  answered(answer: Answer): void {
    const { context } = this.#surroundings;
    context.metrics.countWrite((this.#register as Register).name, answer.status);
    this.#hold?.shrinkTo(0);
    this.#busy = false;
    const socket = this.#socket;
    if (socket.destroyed) return;
    const closes = context.draining.aborted || socket.readableEnded;
    const flushed = this.#send(answer, closes);
    if (closes) socket.end();
    else if (!flushed) socket.pause();
    else if (socket.isPaused()) socket.resume();
  }

  /** @returns false when the client does not read its answers. */
  #send(answer: Answer, closes: boolean): boolean {
    const { context, date } = this.#surroundings;
    const { version, config } = context;
    const body = answer.body as string;
    const bodyBytes = bodyLength(answer);
    const fields = answerFields(answer, { requestId: this.#requestId, version, bodyBytes, closes });
    let text = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\n${headText(fields)}`;
    // As Node writes them.
    text += `Date: ${date()}\r\n`;
    if (!closes) {
      const keptSeconds = Math.floor(config.limits.keepAliveTimeoutMs / 1000);
      text += `Connection: keep-alive\r\nKeep-Alive: timeout=${keptSeconds}\r\n`;
    }
    text += `\r\n${body}`;
    return this.#socket.write(text, encodingOf(body, bodyBytes));
  }

  /** Nothing is read from a client that does not read. */
  readonly #onDrain = (): void => {
    if (!this.#busy) this.#socket.resume();
  };

  /** The client has closed its side, and may still wait for an answer. */
  readonly #onEnd = (): void => {
    if (!this.#busy) this.#socket.end();
  };

  /** The connection is gone; what was accepted on it is stored all the same. */
  readonly #onError = (): void => {
    this.#socket.destroy();
  };
}
