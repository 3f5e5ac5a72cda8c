/**
 * `GET /{register}`: which of the ways to read it is asked for (a page, a stream, a tail), and the parameters that this
 * way knows.
 */
import type { Context } from 'hono';

import { DaybookError } from '../../errors.ts';
import type { Answer } from '../answer.ts';
import type { AppEnv } from '../app-env.ts';
import { searchOf } from '../app-env.ts';
import { watchCaller } from '../caller.ts';
import type { HttpContext } from '../context.ts';
import type { Front } from '../front.ts';
import { acceptsOnly, negotiate } from '../negotiation.ts';
import { choiceOf, readParameters } from '../parameters.ts';
import type { RegisterView } from '../register-view.ts';
import { LIST_PARAMETERS, listPage } from './list.ts';
import type { Live } from './live.ts';
import { LONG_POLL_PARAMETERS, SSE_PARAMETERS } from './live.ts';
import { exportAnswer } from './stream.ts';

export async function collectionAnswer(
  context: HttpContext,
  tails: Live,
  view: RegisterView,
  c: Context<AppEnv>,
): Promise<Answer> {
  const watch = () => watchCaller(c);
  const search = searchOf(c);
  const endsAtMs = c.env?.endsAtMs ?? Infinity;
  const { accept, 'last-event-id': lastEventId } = c.req.header();
  // What another way of reading knows would be passed over in silence: each way takes, and names, only its own.
  const { live, format } = way(context.front, new URLSearchParams(search), accept);
  if (live === 'long-poll') {
    const parameters = readParameters(search, LONG_POLL_PARAMETERS);
    return tails.longPoll({ view, parameters, watch, isHead: c.req.method === 'HEAD', endsAtMs });
  }
  if (format === 'sse') {
    const parameters = readParameters(search, SSE_PARAMETERS);
    return tails.events({ view, parameters, watch, lastEventId });
  }
  const parameters = readParameters(search, LIST_PARAMETERS);
  return format === 'json' || format === 'html'
    ? listPage(context, view, parameters, format)
    : exportAnswer(context, view, parameters, format, endsAtMs);
}

/**
 * Whoever insists on events where there are none is told so whatever else is wrong, and with what to do instead.
 * @throws {DaybookError} LIVE_UNAVAILABLE
 */
export function assertNoEvents({ streams }: Front, search: string, accept: string | undefined): void {
  if (streams || !asksForEvents(new URLSearchParams(search), accept)) return;
  throw new DaybookError(
    'LIVE_UNAVAILABLE',
    'expected a request that one answer ends, because this front carries no streams; ?live=long-poll gives the same entries, with &cursor= the nextCursor of the answer before',
  );
}

function asksForEvents(given: URLSearchParams, accept: string | undefined): boolean {
  if (given.get('live') === 'sse' || given.get('format') === 'sse') return true;
  // Events alone: whoever takes something else as well is given that.
  return given.get('live') !== 'long-poll' && !given.has('format') && acceptsOnly(accept, 'sse');
}

/** @throws {DaybookError} NOT_ACCEPTABLE, PARAMETER_INVALID */
function way({ streams }: Front, given: URLSearchParams, accept: string | undefined) {
  const asked = given.get('format') ?? undefined;
  const live = choiceOf('live', given.get('live') ?? undefined, ['no', 'sse', 'long-poll'], 'no');
  if (live === 'long-poll') return { live, format: negotiate(accept, ['json'], asked) };
  // Whoever says `live=sse` means it, whatever the library in between accepts.
  if (live === 'sse') return { live, format: negotiate(undefined, ['sse'], asked) };
  const formats = ['json', 'ndjson', 'csv', 'text', 'html'] as const;
  return { live, format: negotiate(accept, streams ? [...formats, 'sse'] : formats, asked) };
}
