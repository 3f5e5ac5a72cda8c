/**
 * `GET /{register}`: which of the ways to read it is asked for (a page, a stream, a tail), and the parameters that this
 * way knows.
 */
import type { Context } from 'hono';

import type { Answer } from '../answer.ts';
import type { AppEnv } from '../app-env.ts';
import { searchOf } from '../app-env.ts';
import { watchCaller } from '../caller.ts';
import type { HttpContext } from '../context.ts';
import { negotiate } from '../negotiation.ts';
import type { Parameters } from '../parameters.ts';
import { choiceOf, readParameters } from '../parameters.ts';
import type { RegisterView } from '../register-view.ts';
import { LIST_PARAMETERS, listPage } from './list.ts';
import type { Live } from './live.ts';
import { LONG_POLL_PARAMETERS, SSE_PARAMETERS } from './live.ts';
import { streamAnswer } from './stream.ts';

const EVERY_PARAMETER = [...new Set([...LIST_PARAMETERS, ...LONG_POLL_PARAMETERS])];

export async function collectionAnswer(
  context: HttpContext,
  tails: Live,
  view: RegisterView,
  c: Context<AppEnv>,
): Promise<Answer> {
  const watch = () => watchCaller(c);
  const search = searchOf(c);
  const { accept, 'last-event-id': lastEventId } = c.req.header();
  const { live, format } = way(readParameters(search, EVERY_PARAMETER), accept);
  // What another way of reading knows would be passed over in silence: each way takes only its own.
  if (live === 'long-poll') {
    const parameters = readParameters(search, LONG_POLL_PARAMETERS);
    return tails.longPoll({ view, parameters, watch, isHead: c.req.method === 'HEAD' });
  }
  if (format === 'sse') {
    const parameters = readParameters(search, SSE_PARAMETERS);
    return tails.events({ view, parameters, watch, lastEventId });
  }
  const parameters = readParameters(search, LIST_PARAMETERS);
  return format === 'json' || format === 'html'
    ? listPage(context, view, parameters, format)
    : streamAnswer(context, view, parameters, format);
}

/** @throws {DaybookError} NOT_ACCEPTABLE, PARAMETER_INVALID */
function way(parameters: Parameters<'live' | 'format'>, accept: string | undefined) {
  const live = choiceOf('live', parameters.live, ['no', 'sse', 'long-poll'], 'no');
  if (live === 'long-poll') return { live, format: negotiate(accept, ['json'], parameters.format) };
  // Whoever says `live=sse` means it, whatever the library in between accepts.
  if (live === 'sse') return { live, format: negotiate(undefined, ['sse'], parameters.format) };
  return {
    live,
    format: negotiate(accept, ['json', 'ndjson', 'csv', 'text', 'html', 'sse'], parameters.format),
  };
}
