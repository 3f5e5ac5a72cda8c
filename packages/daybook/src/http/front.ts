/**
 * What turns HTTP into requests differs in what it can carry back. Those differences are data, and `docs/drivers.md` has
 * them in one table; everything else is the same on every front.
 */
import { DaybookError } from '../errors.ts';

export interface Front {
  readonly name: 'node' | 'rest-api' | 'http-api' | 'alb';
  /** Whether an answer can go out piece by piece while it is made: server-sent events, and exports of any size. */
  readonly streams: boolean;
  /** The largest body of an answer, in bytes. */
  readonly maxAnswerBytes: number;
}

/** Our own server: a socket carries whatever is written to it. */
export const NODE_FRONT: Front = { name: 'node', streams: true, maxAnswerBytes: Infinity };

export function answerTooLarge({ maxAnswerBytes }: Front, advice: string): DaybookError {
  return new DaybookError(
    'ANSWER_TOO_LARGE',
    `expected an answer of at most ${maxAnswerBytes} bytes, which is what this front carries; ${advice}`,
  );
}
