/**
 * Reads a request body from a Node request, within its plan's limits and the budget of bytes in flight.
 */
import { DaybookError } from '../../errors.ts';
import type { Budget } from '../../intake/budget.ts';
import { Hold } from '../../intake/budget.ts';
import { overloaded } from '../decompress.ts';
import type { WritePlan } from '../write/head.ts';
import { tooLarge } from '../write/head.ts';
import type { ArrivingBody, BodyDeadline, BodyWatch } from './body-watch.ts';
import type { BodyTaker, DirectRequest } from './direct-request.ts';

export interface ReadBodyOptions {
  readonly budget: Budget;
  readonly watch: BodyWatch;
  readonly deadline: BodyDeadline;
}

/** Exactly one of the two is called, once, and must not throw. */
export interface BodyReceiver {
  /** @param hold the bytes of the body: the receiver's from now on. */
  receive(body: Buffer, hold: Hold): void;
  /** @param error 413, 408, OVERLOADED; BODY_INCOMPLETE when the client went away, and nobody is there to be told. */
  refuse(error: DaybookError): void;
}

export function readBody(
  request: DirectRequest,
  plan: WritePlan,
  options: ReadBodyOptions,
  receiver: BodyReceiver,
): void {
  const reader = new BodyReader(request, plan, options, receiver);
  options.watch.add(reader);
  request.takeBody(reader);
}

const EMPTY = Buffer.alloc(0);

class BodyReader implements BodyTaker, ArrivingBody {
  readonly deadline: BodyDeadline;
  readonly #request: DirectRequest;
  readonly #plan: WritePlan;
  readonly #watch: BodyWatch;
  readonly #receiver: BodyReceiver;
  readonly #hold: Hold;
  /** Nearly every body is one chunk. */
  #first: Buffer = EMPTY;
  #others: Buffer[] | undefined;

  constructor(
    request: DirectRequest,
    plan: WritePlan,
    { budget, watch, deadline }: ReadBodyOptions,
    receiver: BodyReceiver,
  ) {
    this.deadline = deadline;
    this.#request = request;
    this.#plan = plan;
    this.#watch = watch;
    this.#receiver = receiver;
    this.#hold = new Hold(budget);
  }

  get bytes(): number {
    return this.#hold.bytes;
  }

  takeChunk(chunk: Buffer): void {
    if (!this.#hold.reserve(chunk.byteLength))
      return this.#fail(overloaded(this.#hold.budget, chunk.byteLength));
    const { kind, register, maxBytes } = this.#plan;
    if (this.bytes > maxBytes) return this.#fail(tooLarge(kind, register, maxBytes, 'more'));
    if (this.#first === EMPTY) this.#first = chunk;
    else (this.#others ??= []).push(chunk);
  }

  takeEnd(): void {
    this.#watch.remove(this);
    const body =
      this.#others === undefined ? this.#first : Buffer.concat([this.#first, ...this.#others], this.bytes);
    this.#receiver.receive(body, this.#hold);
  }

  takeLoss(): void {
    this.#fail(
      new DaybookError('BODY_INCOMPLETE', 'body: expected all of it, given a connection that ended', {
        outcome: 'not-written',
      }),
    );
  }

  tooLate(error: DaybookError): void {
    this.#fail(error);
  }

  #fail(error: DaybookError): void {
    this.#watch.remove(this);
    this.#request.leaveBody();
    this.#hold.shrinkTo(0);
    this.#receiver.refuse(error);
  }
}
