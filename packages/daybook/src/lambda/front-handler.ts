/**
 * The handler of a function behind a front: the event becomes a request, the answer a result, and whatever goes wrong a
 * problem document. It never throws, because what a front makes of that is no answer of ours, and always ends before the
 * function's own time does.
 *
 *   event ──▶ request ──▶ open (once) ──▶ answer ──▶ result
 *    └ 400      └ 400       └ 500, 503     └ 504 when the time is over, 406 when it is too large to carry
 */
import type { Logger } from 'pino';

import { version } from '../config/version.ts';
import type { WriteOutcome } from '../errors.ts';
import { DaybookError, toError } from '../errors.ts';
import type { Front } from '../http/front.ts';
import { answerTooLarge } from '../http/front.ts';
import { problemAnswer, requestKind } from '../http/problem.ts';
import { requestIdOf } from '../http/request-id.ts';
import { sleep } from '../retry.ts';
import { REST_API } from './aws-fronts.ts';
import { hasFieldLists, readFrontEvent } from './front-event.ts';
import type { FrontRequest } from './front-request.ts';
import { toRequest } from './front-request.ts';
import type { Answered, FrontResult } from './front-result.ts';
import { readAnswer, toResult } from './front-result.ts';

/** What the Lambda runtime tells of an invocation. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

export interface FrontApplication {
  /** @param leftMs until the answer must be there. */
  answer(request: Request, given: FrontRequest, leftMs: number): Promise<Response>;
  /** After the answer, or in place of it: nothing runs until the next invocation, if there is one. */
  rest(): void;
}

export interface FrontHandlerOptions {
  /** The same until it fails. @throws {StartError} */
  readonly open: () => Promise<FrontApplication>;
  readonly log: Logger;
}

export type FrontHandler = (event: unknown, context: InvocationContext) => Promise<FrontResult>;

/** For the way back, and at most a tenth of a short time. */
const RETURN_MS = 500;
/** What ends by itself ends so much earlier, for reads that are slow and the answer's encoding. */
const ENDING_MS = 1_500;

export function createFrontHandler({ open, log }: FrontHandlerOptions): FrontHandler {
  async function answer(given: FrontRequest, leftMs: number): Promise<Answered> {
    const request = toRequest(given);
    const application = await open();
    try {
      return await readAnswer(await application.answer(request, given, Math.max(0, leftMs - ENDING_MS)));
    } finally {
      application.rest();
    }
  }

  function refuse(thrown: unknown, given: FrontRequest | undefined): Answered {
    const requestId = requestIdOf(given?.headers.get('x-request-id') ?? undefined);
    const error = thrown instanceof DaybookError ? thrown : toRefusal(thrown, given, requestId);
    return toAnswered(problemAnswer(error, requestId, requestKind(given?.method)), requestId);
  }

  /** What stands in the way of every request is told to the operator whole, and to callers in a word. */
  function toRefusal(thrown: unknown, given: FrontRequest | undefined, requestId: string): DaybookError {
    const { name, message } = toError(thrown);
    log.error({ event: 'internal-error', requestId, front: given?.front.name, name, reason: message });
    return new DaybookError('INTERNAL', 'an unexpected failure; the log has it under this request id');
  }

  return async (event, context) => {
    const leftMs = context.getRemainingTimeInMillis();
    const withinMs = leftMs - Math.min(RETURN_MS, leftMs / 10);
    let given: FrontRequest | undefined;
    let answered: Answered;
    try {
      given = readFrontEvent(event);
      if (given === undefined) throw notARequest(event, log);
      answered = carriable(given, await within(withinMs, answer(given, withinMs)));
    } catch (thrown) {
      answered = refuse(thrown, given);
    }
    const { front = REST_API } = given ?? {};
    return toResult(front, withoutBody(given, answered), hasFieldLists(event));
  };
}

/** Names of members alone: what is in them may be anybody's. */
function notARequest(event: unknown, log: Logger): DaybookError {
  const members =
    typeof event === 'object' && event !== null ? Object.keys(event).slice(0, 20) : typeof event;
  log.error({ event: 'event-unknown', members });
  return new DaybookError(
    'REQUEST_MALFORMED',
    'expected an event of a REST API, an HTTP API or an Application Load Balancer, given another',
  );
}

/** @throws {DaybookError} NO_ANSWER when it is not done by then; it goes on, and nobody hears what becomes of it. */
async function within(ms: number, work: Promise<Answered>): Promise<Answered> {
  const done = new AbortController();
  const late = sleep(ms, done.signal);
  try {
    const first = await Promise.race([work, late]);
    if (first !== undefined) return first;
  } finally {
    done.abort();
  }
  work.catch(() => undefined);
  throw new DaybookError('NO_ANSWER', `expected an answer within ${Math.round(ms)} ms, given none yet`, {
    outcome: 'unknown',
    retryAfterSeconds: 1,
  });
}

/** Of a write that was answered something is on record, whatever can be told of it. */
function carriable({ front, method, headers }: FrontRequest, answered: Answered): Answered {
  if (answered.body.byteLength <= front.maxAnswerBytes) return answered;
  const { message, details } = tooLarge(front, answered.body.byteLength);
  const outcome: WriteOutcome = 'unknown';
  const requestId =
    answered.headers.get('x-request-id') ?? requestIdOf(headers.get('x-request-id') ?? undefined);
  const error = new DaybookError('ANSWER_TOO_LARGE', message, { ...details, outcome });
  return toAnswered(problemAnswer(error, requestId, requestKind(method)), requestId);
}

function tooLarge(front: Front, bytes: number): DaybookError {
  return answerTooLarge(front, `this one has ${bytes}; ask for less, or for an entry's /payload alone`);
}

function toAnswered(
  { status, headers, body }: ReturnType<typeof problemAnswer>,
  requestId: string,
): Answered {
  const fields = {
    ...headers,
    'daybook-version': version,
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
  };
  return { status, headers: new Headers(fields), body: Buffer.from(body) };
}

/** RFC 9110 §9.3.2; a body of ours would make some fronts answer 502. */
function withoutBody(given: FrontRequest | undefined, answered: Answered): Answered {
  return given?.method === 'HEAD' ? { ...answered, body: Buffer.alloc(0) } : answered;
}
