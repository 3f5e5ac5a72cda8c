/**
 * What every application of ours has around its routes: the request id, the fields of every answer, `OPTIONS` and 405 of
 * every path, and refusals as problem documents or pages.
 */
import type { Context } from 'hono';
import { Hono } from 'hono';

import { DaybookError } from '../errors.ts';
import type { Register } from '../register.ts';
import type { Answer } from './answer.ts';
import { toResponse } from './answer.ts';
import type { AppEnv } from './app-env.ts';
import { routedPath, searchOf } from './app-env.ts';
import type { HttpContext } from './context.ts';
import { corsHeaders, preflightHeaders } from './cors.ts';
import { logFailure } from './failure-log.ts';
import { readParameters } from './parameters.ts';
import { refusalAnswer } from './refusal.ts';
import { requestIdOf } from './request-id.ts';

export interface AppShell {
  readonly app: Hono<AppEnv>;
  /** A route of its own that takes no parameters. */
  get(path: string, route: (c: Context<AppEnv>) => Answer | Promise<Answer>): void;
  /** OPTIONS and 405 of a path whose own methods are these. */
  others(path: string, methods: readonly string[], register?: Register): void;
}

/** @param known the paths that there are, in words. */
export function createAppShell(
  context: Pick<HttpContext, 'config' | 'version' | 'log' | 'draining'>,
  known: string,
): AppShell {
  const { config, version, log } = context;
  const app = new Hono<AppEnv>({ getPath: (request) => routedPath(request.url, config.basePath) });

  app.use(async (c, next) => {
    c.set('requestId', requestIdOf(c.req.header('x-request-id')));
    await next();
    c.header('daybook-version', version);
    c.header('x-request-id', c.get('requestId'));
    c.header('x-content-type-options', 'nosniff');
    c.header('vary', 'Accept, Authorization, Origin');
    const register = c.get('register');
    const cors = register && corsHeaders(register, c.req.header('origin'));
    for (const [name, value] of Object.entries(cors ?? {})) c.header(name, value);
    // A connection that is kept would hold up the shutdown.
    if (context.draining.aborted) c.header('connection', 'close');
  });
  app.notFound((c) =>
    refuse(
      c,
      new DaybookError(
        'NOT_FOUND',
        `expected a path ${known}; given ${JSON.stringify(c.req.path.slice(0, 80))}`,
      ),
    ),
  );
  app.onError((thrown, c) => refuse(c, logFailure(log, c.get('requestId'), thrown)));

  return { app, get, others };

  function get(path: string, route: (c: Context<AppEnv>) => Answer | Promise<Answer>): void {
    app.get(path, async (c) => {
      readParameters(searchOf(c), []);
      return toResponse(await route(c));
    });
    others(path, ['GET', 'HEAD']);
  }

  /** OPTIONS and 405 of a path whose own methods are these. */
  function others(path: string, methods: readonly string[], register?: Register): void {
    const allow = [...methods, 'OPTIONS'].join(', ');
    const acceptPost =
      register !== undefined && methods.includes('POST')
        ? { 'accept-post': '*/*, application/json, application/x-ndjson' }
        : {};
    app.options(path, (c) => {
      const [origin, asked] = [c.req.header('origin'), c.req.header('access-control-request-method')];
      const preflight = register && preflightHeaders(register, origin, asked, allow);
      return toResponse({ status: 204, headers: { allow, ...acceptPost, ...preflight }, body: null });
    });
    app.all(path, (c) => {
      throw new DaybookError('METHOD_NOT_ALLOWED', `expected one of ${allow}; given ${c.req.method}`, {
        headers: { allow },
      });
    });
  }

  function refuse(c: Context<AppEnv>, error: DaybookError): Response {
    const { method } = c.req;
    return toResponse(
      refusalAnswer(error, {
        requestId: c.get('requestId'),
        method,
        accept: c.req.header('accept'),
        site: { basePath: config.basePath, version },
      }),
    );
  }
}
