/**
 * What the log hears of a request that failed: a defect whole, an outage in one line, and nothing of what the caller did
 * wrong.
 */
import type { Logger } from 'pino';

import type { DaybookError } from '../errors.ts';
import { isOutage, toDaybookError } from './problem.ts';

/** @returns the failure as the caller may see it. */
export function logFailure(
  log: Pick<Logger, 'warn' | 'error'>,
  requestId: string,
  thrown: unknown,
): DaybookError {
  const error = toDaybookError(thrown, (cause) =>
    log.error({ event: 'internal-error', requestId, err: cause }),
  );
  if (isOutage(thrown)) {
    log.warn({ event: 'unavailable', requestId, code: error.code, reason: error.message });
  }
  return error;
}
