/**
 * The request id: the caller's `X-Request-Id` when it is usable, else one of ours; echoed on every answer and kept with
 * the entry. Ours are random: counted ones would tell every caller how many requests others make.
 */
import { randomId } from '../id.ts';

const USABLE = /^[A-Za-z0-9._-]{1,128}$/;

export function requestIdOf(given: string | string[] | undefined): string {
  return typeof given === 'string' && USABLE.test(given) ? given : randomId();
}
