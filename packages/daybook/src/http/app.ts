/**
 * The HTTP application: every path that Daybook answers, on Hono, so that the same app serves a Node server, a test
 * without a socket and, later, other fronts.
 */
import type { Context } from 'hono';
import { Hono } from 'hono';

import type { Identity } from '../access/identity.ts';
import { DaybookError } from '../errors.ts';
import type { Register } from '../register.ts';
import { admitOperator } from './admit.ts';
import type { Answer } from './answer.ts';
import { toResponse } from './answer.ts';
import type { AppEnv } from './app-env.ts';
import { authenticatorOf, routedPath, searchOf } from './app-env.ts';
import type { HttpContext } from './context.ts';
import { assertSameSite, corsHeaders, preflightHeaders } from './cors.ts';
import { logFailure } from './failure-log.ts';
import { negotiate } from './negotiation.ts';
import { readParameters } from './parameters.ts';
import { refusalAnswer } from './refusal.ts';
import { requestIdOf } from './request-id.ts';
import { LEDGER_PARAMETERS, ledgerAnswer, registersAnswer, statusAnswer } from './routes/admin.ts';
import { createDeadLetterRoutes } from './routes/dead-letters.ts';
import { createKeyRoutes } from './routes/keys.ts';
import { queueAnswer } from './routes/queue.ts';
import { createRegisterRoutes } from './routes/register.ts';
import { createServiceRoutes } from './routes/service.ts';

export function createApp(context: HttpContext): Hono<AppEnv> {
  const { config, version, log } = context;
  const app = new Hono<AppEnv>({ getPath: (request) => routedPath(request.url, config.basePath) });
  const service = createServiceRoutes(context);

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

  get('/healthz', service.alive);
  get('/readyz', service.ready);
  get('/health', service.ready);
  get('/openapi.json', service.openApi);
  get('/robots.txt', service.robots);
  get('/metrics', async (c) => {
    if (!service.metricsAreOpen)
      await admitOperator(authenticatorOf(context, c), c.req.header('authorization'), ['admin', 'metrics']);
    return service.metrics();
  });
  get('/api/status', async (c) => {
    // The anonymous part is for anybody, whatever is wrong with a credential.
    const known = c.req.header('authorization') !== undefined;
    const isAdmin = assertAdmin(c).then(
      () => true,
      () => false,
    );
    return statusAnswer(context, known && (await isAdmin));
  });
  if (config.roles.includes('web')) addPages();
  if (config.roles.includes('api')) addApi();

  app.notFound((c) => {
    const registers = config.registers.map((register) => `/${register.name}`).join(', ');
    const known = config.roles.includes('api')
      ? `of the service or of a register (${registers})`
      : `of a server with the roles ${config.roles.join(', ')}`;
    return refuse(
      c,
      new DaybookError(
        'NOT_FOUND',
        `expected a path ${known}; given ${JSON.stringify(c.req.path.slice(0, 80))}`,
      ),
    );
  });
  app.onError((thrown, c) => {
    return refuse(c, logFailure(log, c.get('requestId'), thrown));
  });
  return app;

  /** For people; without them the rest is as complete. */
  function addPages(): void {
    get('/', (c) =>
      service.welcome(negotiate(c.req.header('accept'), ['text', 'html']), new URL(c.req.url).origin),
    );
    get('/docs', service.docs);
    get('/favicon.ico', () => service.asset('favicon.svg'));
    get('/assets/:name', (c) => service.asset(c.req.param('name') ?? ''));
  }

  /** The registers, and what the operator asks. */
  function addApi(): void {
    get('/api/registers', async (c) => {
      await assertAdmin(c);
      return registersAnswer(context);
    });
    app.get('/api/ledger', async (c) => {
      await assertAdmin(c);
      return toResponse(await ledgerAnswer(context, readParameters(searchOf(c), LEDGER_PARAMETERS)));
    });
    others('/api/ledger', ['GET', 'HEAD']);

    get('/api/queue', async (c) => {
      await assertAdmin(c);
      return queueAnswer(context);
    });
    createDeadLetterRoutes(context, app, { assertAdmin, others });
    createKeyRoutes(app, { getKeys: () => context.keys.get(), assertAdmin, others });
    createRegisterRoutes(context, app, others);
  }

  /** @throws {DaybookError} UNAUTHENTICATED, FORBIDDEN, CROSS_SITE */
  async function assertAdmin(c: Context<AppEnv>): Promise<Identity> {
    const headers = c.req.header();
    if (c.req.method !== 'GET') assertSameSite(headers);
    return admitOperator(authenticatorOf(context, c), headers['authorization']);
  }

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
