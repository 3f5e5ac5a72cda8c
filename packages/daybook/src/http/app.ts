/**
 * The HTTP application: every path that Daybook answers, on Hono, so that the same app serves a Node server, a test
 * without a socket and the fronts of AWS.
 */
import type { Context, Hono } from 'hono';

import type { Identity } from '../access/identity.ts';
import { admitOperator } from './admit.ts';
import { toResponse } from './answer.ts';
import type { AppEnv } from './app-env.ts';
import { createAppShell } from './app-shell.ts';
import { authenticatorOf, searchOf } from './app-env.ts';
import type { HttpContext } from './context.ts';
import { assertSameSite } from './cors.ts';
import { negotiate } from './negotiation.ts';
import { readParameters } from './parameters.ts';
import { LEDGER_PARAMETERS, ledgerAnswer, registersAnswer, statusAnswer } from './routes/admin.ts';
import { createDeadLetterRoutes } from './routes/dead-letters.ts';
import { createDrainRoutes } from './routes/drain.ts';
import { addHealth } from './routes/health.ts';
import { createKeyRoutes } from './routes/keys.ts';
import { queueAnswer } from './routes/queue.ts';
import { createRegisterRoutes } from './routes/register.ts';
import { createServiceRoutes } from './routes/service.ts';
import { createSiteRoutes } from './routes/site.ts';

export function createApp(context: HttpContext): Hono<AppEnv> {
  const { config } = context;
  const registers = config.registers.map((register) => `/${register.name}`).join(', ');
  const known = config.roles.includes('api')
    ? `of the service or of a register (${registers})`
    : `of a server with the roles ${config.roles.join(', ')}`;
  const { app, get, others } = createAppShell(context, known);
  const service = createServiceRoutes(context);
  const site = createSiteRoutes(context);

  addHealth(context, get);
  get('/metrics', async (c) => {
    if (!service.metricsAreOpen)
      await admitOperator(authenticatorOf(context, c), c.req.header('authorization'), ['admin', 'metrics']);
    return service.metrics();
  });
  if (config.roles.includes('api') || config.roles.includes('web')) addOpen();
  if (config.roles.includes('web')) addPages();
  if (config.roles.includes('api')) addApi();

  return app;

  /** What anybody may ask; who only moves entries to the store is asked by nobody. */
  function addOpen(): void {
    get('/openapi.json', site.openApi);
    get('/robots.txt', site.robots);
    get('/api/status', async (c) => {
      // The anonymous part is for anybody, whatever is wrong with a credential.
      const isKnown = c.req.header('authorization') !== undefined;
      const isAdmin = assertAdmin(c).then(
        () => true,
        () => false,
      );
      return statusAnswer(context, isKnown && (await isAdmin));
    });
  }

  /** For people; without them the rest is as complete. */
  function addPages(): void {
    get('/', (c) =>
      service.welcome(negotiate(c.req.header('accept'), ['text', 'html']), new URL(c.req.url).origin),
    );
    get('/docs', site.docs);
    get('/favicon.ico', (c) => site.asset('favicon.svg', c.req.header('if-none-match')));
    get('/assets/:name', (c) => site.asset(c.req.param('name') ?? '', c.req.header('if-none-match')));
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
    createDrainRoutes(app, { drain: context.drain, region: config.region, assertAdmin, others });
    createKeyRoutes(app, { getKeys: () => context.keys.get(), assertAdmin, others });
    createRegisterRoutes(context, app, others);
  }

  /** @throws {DaybookError} UNAUTHENTICATED, FORBIDDEN, CROSS_SITE */
  async function assertAdmin(c: Context<AppEnv>): Promise<Identity> {
    const headers = c.req.header();
    if (c.req.method !== 'GET') assertSameSite(headers);
    return admitOperator(authenticatorOf(context, c), headers['authorization']);
  }
}
