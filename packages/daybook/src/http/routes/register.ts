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
import { whenBroken } from '../broken-stream.ts';
import type { HttpContext } from '../context.ts';
import { logFailure } from '../failure-log.ts';
import { negotiate } from '../negotiation.ts';
import { readParameters } from '../parameters.ts';
import { rateHeaders } from '../write/head.ts';
import { collectionAnswer } from './collection.ts';
import { createLive } from './live.ts';
import { entryAnswer, payloadAnswer } from './entry.ts';
import { STATS_PARAMETERS, statsAnswer } from './stats.ts';
import { writeThroughApp } from './write.ts';

type Others = (path: string, methods: readonly string[], register?: Register) => void;

export function createRegisterRoutes(context: HttpContext, app: Hono<AppEnv>, others: Others): void {
  const tails = createLive(context);
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
      read(path, register, (c) => collectionAnswer(context, tails, register, c));
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

  function cutOff(c: Context<AppEnv>, cause: unknown): boolean {
    logFailure(context.log, c.get('requestId'), cause);
    const socket = c.env?.incoming?.socket;
    socket?.destroy();
    return socket !== undefined;
  }

  function read(path: string, register: Register, route: (c: Context<AppEnv>) => Promise<Answer>): void {
    app.get(path, async (c) => {
      try {
        const rate = takeRead(context, register, c.env?.incoming?.socket.remoteAddress ?? '');
        const answer = await route(c);
        context.metrics.countRead(register.name, answer.status);
        const headers = { ...answer.headers, ...rate };
        const { body } = answer;
        if (!(body instanceof ReadableStream)) {
          return toResponse({ ...answer, headers, body: c.req.method === 'HEAD' ? null : body });
        }
        if (c.req.method !== 'HEAD') {
          const whole = whenBroken(body, (cause) => cutOff(c, cause));
          return toResponse({ ...answer, headers, body: whole });
        }
        // HEAD runs what GET runs, and nobody will read the stream.
        await body.cancel();
        return toResponse({ ...answer, headers, body: null });
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
