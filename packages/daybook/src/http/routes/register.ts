/**
 * The routes of the registers: each register's paths and aliases, exact, with their methods.
 */
import type { Context, Hono } from 'hono';

import { clientName } from '../../access/rate-limit.ts';
import { DaybookError } from '../../errors.ts';
import type { Register } from '../../register.ts';
import { admit, ownerOf } from '../admit.ts';
import type { Answer } from '../answer.ts';
import { toResponse } from '../answer.ts';
import type { AppEnv } from '../app-env.ts';
import { authenticatorOf, peerOfRequest, searchOf } from '../app-env.ts';
import { whenBroken } from '../broken-stream.ts';
import type { HttpContext } from '../context.ts';
import { logFailure } from '../failure-log.ts';
import { negotiate } from '../negotiation.ts';
import { readParameters } from '../parameters.ts';
import type { RegisterView } from '../register-view.ts';
import { rateHeaders } from '../write/head.ts';
import { assertNoEvents, collectionAnswer } from './collection.ts';
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
      app.post(path, (c) => {
        c.set('register', register);
        return writeThroughApp(context, register, c);
      });
    } else {
      known.methods.push('GET', 'HEAD');
      read(
        path,
        register,
        (c, view) => collectionAnswer(context, tails, view, c),
        (c) => assertNoEvents(context.front, searchOf(c), c.req.header('accept')),
      );
    }
  }
  for (const [path, known] of methods) others(path, known.methods, known.register);

  for (const register of context.config.registers) {
    const path = `/${register.name}`;
    read(`${path}/stats`, register, (c, view) =>
      statsAnswer(context, view, readParameters(searchOf(c), STATS_PARAMETERS)),
    );
    others(`${path}/stats`, ['GET', 'HEAD'], register);
    read(`${path}/:id`, register, (c, view) => {
      const { format } = readParameters(searchOf(c), ['format']);
      return entryAnswer(
        context,
        view,
        c.req.param('id') ?? '',
        negotiate(c.req.header('accept'), ['json', 'html', 'text'], format),
      );
    });
    others(`${path}/:id`, ['GET', 'HEAD'], register);
    read(`${path}/:id/payload`, register, (c, view) => {
      readParameters(searchOf(c), []);
      return payloadAnswer(context, view, c.req.param('id') ?? '');
    });
    others(`${path}/:id/payload`, ['GET', 'HEAD'], register);
  }

  function cutOff(c: Context<AppEnv>, cause: unknown): boolean {
    logFailure(context.log, c.get('requestId'), cause);
    const socket = c.env?.incoming?.socket;
    socket?.destroy();
    return socket !== undefined;
  }

  function read(
    path: string,
    register: Register,
    route: (c: Context<AppEnv>, view: RegisterView) => Promise<Answer>,
    /** Refuses what no caller can have here, before anything else. */
    assertPossible: (c: Context<AppEnv>) => void = () => {},
  ): void {
    app.get(path, async (c) => {
      try {
        c.set('register', register);
        assertPossible(c);
        const headers = c.req.header();
        const { address } = context.clientOf(peerOfRequest(c), headers);
        context.assertLetsIn(register, address);
        const admitAgain = async () =>
          admit(authenticatorOf(context, c), register, 'read', headers['authorization']);
        const identity = await admitAgain();
        const rate = takeRead(context, register, clientName(address, identity?.subject));
        const answer = await route(c, {
          register,
          subject: ownerOf(register, identity),
          async assertStillAdmitted() {
            await admitAgain();
          },
        });
        context.metrics.countRead(register.name, answer.status);
        const fields = { ...answer.headers, ...rate };
        const { body } = answer;
        if (!(body instanceof ReadableStream)) {
          return toResponse({ ...answer, headers: fields, body: c.req.method === 'HEAD' ? null : body });
        }
        if (c.req.method !== 'HEAD') {
          const whole = whenBroken(body, (cause) => cutOff(c, cause));
          return toResponse({ ...answer, headers: fields, body: whole });
        }
        // HEAD runs what GET runs, and nobody will read the stream.
        await body.cancel();
        return toResponse({ ...answer, headers: fields, body: null });
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
  client: string,
): Record<string, string> {
  const { name, rateLimit } = register;
  if (rateLimit === undefined || config.rateLimit === 'off') return {};
  return rateHeaders(name, limiter.take(name, 'read', rateLimit, client), rateLimit);
}
