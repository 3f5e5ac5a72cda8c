/**
 * The request id: the caller's `X-Request-Id` when it is usable, else one of ours; echoed on every answer and kept with
 * the entry.
 */
import { randomId } from '../id.ts';

const USABLE = /^[A-Za-z0-9._-]{1,128}$/;
const prefix = randomId().slice(0, 8);
let count = 0;

export function requestIdOf(given: string | string[] | undefined): string {
  if (typeof given === 'string' && USABLE.test(given)) return given;
  count += 1;
  return `${prefix}-${count.toString(36)}`;
}
