/**
 * The routes of the registers: each register's paths and aliases, exact, with their methods.
 */
import type { Context, Hono } from 'hono';

import { DaybookError } from '../../errors.ts';
import type { Register } from '../../register.ts';
import type { Answer } from '../answer.ts';
import { toResponse } from '../answer.ts';
import type { AppEnv } from '../app-env.ts';
import { searchOf } from '../app-env.ts';
import type { HttpContext } from '../context.ts';
import { negotiate } from '../negotiation.ts';
import { choiceOf, readParameters } from '../parameters.ts';
import { rateHeaders } from '../write/head.ts';
import { entryAnswer, payloadAnswer } from './entry.ts';
import type { ListParameters } from './list.ts';
import { LIST_PARAMETERS, listPage } from './list.ts';
import { longPollAnswer, sseAnswer } from './live.ts';
import { STATS_PARAMETERS, statsAnswer } from './stats.ts';
import { streamAnswer } from './stream.ts';
import { writeThroughApp } from './write.ts';

type Others = (path: string, methods: readonly string[], register?: Register) => void;

export function createRegisterRoutes(context: HttpContext, app: Hono<AppEnv>, others: Others): void {
  const methods = new Map<string, { register: Register; methods: string[] }>();
  for (const [key, register] of context.paths) {
    const [method = '', path = ''] = key.split(' ');
    const known = methods.get(path) ?? { register, methods: [] };
    methods.set(path, known);
    if (method === 'POST') {
      known.methods.push('POST');
      app.post(path, (c) => writeThroughApp(context, register, c));
    } else {
      known.methods.push('GET', 'HEAD');
      read(path, register, (c) => collection(context, register, c));
    }
  }
  for (const [path, known] of methods)
    others(path, known.methods, known.methods.includes('POST') ? known.register : undefined);

  for (const register of context.config.registers) {
    const path = `/${register.name}`;
    read(`${path}/stats`, register, (c) =>
      statsAnswer(context, register, readParameters(searchOf(c), STATS_PARAMETERS)),
    );
    others(`${path}/stats`, ['GET', 'HEAD']);
    read(`${path}/:id`, register, (c) => {
      const { format } = readParameters(searchOf(c), ['format']);
      return entryAnswer(
        context,
        register,
        c.req.param('id') ?? '',
        negotiate(c.req.header('accept'), ['json', 'html', 'text'], format),
      );
    });
    others(`${path}/:id`, ['GET', 'HEAD']);
    read(`${path}/:id/payload`, register, (c) => {
      readParameters(searchOf(c), []);
      return payloadAnswer(context, register, c.req.param('id') ?? '');
    });
    others(`${path}/:id/payload`, ['GET', 'HEAD']);
  }

  function read(path: string, register: Register, route: (c: Context<AppEnv>) => Promise<Answer>): void {
    app.get(path, async (c) => {
      try {
        const rate = takeRead(context, register, c.env?.incoming?.socket.remoteAddress ?? '');
        const answer = await route(c);
        context.metrics.countRead(register.name, answer.status);
        return toResponse({ ...answer, headers: { ...answer.headers, ...rate } });
      } catch (thrown) {
        context.metrics.countRead(register.name, thrown instanceof DaybookError ? thrown.status : 500);
        throw thrown;
      }
    });
  }
}

function takeRead(
  { config, limiter }: HttpContext,
  register: Register,
  address: string,
): Record<string, string> {
  const { name, rateLimit } = register;
  if (rateLimit === undefined || config.rateLimit === 'off') return {};
  return rateHeaders(name, limiter.take(name, 'read', rateLimit, address), rateLimit);
}

/** Which of the ways to read a register is asked for: a tail, a stream, a page. */
async function collection(context: HttpContext, register: Register, c: Context<AppEnv>): Promise<Answer> {
  const parameters: ListParameters = readParameters(searchOf(c), LIST_PARAMETERS);
  const live = choiceOf('live', parameters.live, ['no', 'sse', 'long-poll'], 'no');
  if (live === 'long-poll') return longPollAnswer(context, register, parameters);
  const format =
    live === 'sse'
      ? 'sse'
      : negotiate(
          c.req.header('accept'),
          ['json', 'ndjson', 'csv', 'text', 'html', 'sse'],
          parameters.format,
        );
  if (format === 'sse') {
    if (c.req.method === 'HEAD')
      return { status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' }, body: null };
    return sseAnswer(context, register, parameters, c.req.header('last-event-id'));
  }
  if (format === 'json' || format === 'html') return listPage(context, register, parameters, format);
  return streamAnswer(context, register, parameters, format);
}
