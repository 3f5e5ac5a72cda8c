/**
 * What a write that failed is answered with.
 */
import type { Answer } from '../answer.ts';
import type { HttpContext } from '../context.ts';
import { toDaybookError } from '../problem.ts';
import { refusalAnswer } from '../refusal.ts';

export function refusedWrite(
  { log, config, version }: HttpContext,
  requestId: string,
  accept: string | undefined,
  thrown: unknown,
): Answer {
  const error = toDaybookError(thrown, (cause) =>
    log.error({ event: 'internal-error', requestId, err: cause }),
  );
  const { basePath } = config;
  return refusalAnswer(error, { requestId, method: 'POST', accept, site: { basePath, version } });
}
