/**
 * The application of a process that has only the pages: `/`, `/docs` and `/assets` behind the same balancer as an API, which
 * answers every other path. It keeps nothing and holds nothing; whatever the API does, it answers within two seconds.
 */
import type { Hono } from 'hono';

import { DaybookError } from '../../errors.ts';
import type { Answer } from '../answer.ts';
import { jsonAnswer, pageAnswer, TEXT_TYPE } from '../answer.ts';
import type { AppEnv } from '../app-env.ts';
import { createAppShell } from '../app-shell.ts';
import type { HttpContext } from '../context.ts';
import { helpText } from '../help-text.ts';
import { negotiate } from '../negotiation.ts';
import type { RegisterTime } from '../pages/register-time.ts';
import { registerTimeText } from '../pages/register-time.ts';
import { LATEST_ON_WELCOME, welcomePage, welcomeRegister } from '../pages/welcome.ts';
import { createSiteRoutes } from '../routes/site.ts';
import type { Api } from './api.ts';

export interface WebContext extends Pick<HttpContext, 'config' | 'version' | 'assets' | 'log' | 'draining'> {
  readonly api: Api;
}

const OK = 200;
const BAD_GATEWAY = 502;
/** What shows a time is true once. */
const NOT_KEPT = { 'cache-control': 'no-store' };

export function createWebApp(context: WebContext): Hono<AppEnv> {
  const { config, version, api, log, draining } = context;
  const { basePath, registers } = config;
  const { app, get } = createAppShell(
    context,
    'of /, /docs, /assets, /healthz, /readyz, /health, /robots.txt',
  );
  const site = createSiteRoutes(context);
  const postRegister = welcomeRegister(registers);
  let isAway = false;

  get('/healthz', () => jsonAnswer({ status: 'ok' }));
  // Its pages say how the API is. A balancer that took them away for that would leave nobody to say it.
  for (const path of ['/readyz', '/health']) get(path, readyAnswer);
  get('/robots.txt', site.robots);
  get('/docs', site.docs);
  get('/favicon.ico', (c) => site.asset('favicon.svg', c.req.header('if-none-match')));
  get('/assets/:name', (c) => site.asset(c.req.param('name') ?? '', c.req.header('if-none-match')));
  get('/', (c) => {
    const format = negotiate(c.req.header('accept'), ['text', 'html']);
    return format === 'html' ? page() : text(new URL(c.req.url).origin);
  });
  return app;

  /** @throws {DaybookError} DRAINING */
  function readyAnswer(): Answer {
    if (!draining.aborted) return jsonAnswer({ status: 'ready' });
    throw new DaybookError('DRAINING', 'the server is shutting down', { retryAfterSeconds: 1 });
  }

  async function page(): Promise<Answer> {
    const [time, latest] = await Promise.all([
      readTime(),
      postRegister === undefined ? [] : api.latest(postRegister.name, LATEST_ON_WELCOME),
    ]);
    const body = welcomePage({
      basePath,
      version,
      time,
      registers: [...registers],
      ...(postRegister && { postRegister }),
      latest,
    });
    return pageAnswer(body, statusOf(time), NOT_KEPT);
  }

  async function text(origin: string): Promise<Answer> {
    const time = await readTime();
    const base = `${origin}${basePath}`;
    const body = helpText({ base, version, registers, streams: true, first: registerTimeText(time) });
    return { status: statusOf(time), headers: { 'content-type': TEXT_TYPE, ...NOT_KEPT }, body };
  }

  async function readTime(): Promise<RegisterTime> {
    const answer = await api.status();
    if ('failure' in answer) {
      if (!isAway) log.warn({ event: 'api-away', reason: answer.failure });
      isAway = true;
      return 'no-api';
    }
    if (isAway) log.info({ event: 'api-back' });
    isAway = false;
    const { region, databaseTime } = answer.status;
    return { region, databaseTime };
  }
}

/** A page that is there and says so is no success for those who watch the whole. */
function statusOf(time: RegisterTime): number {
  return time === 'no-api' ? BAD_GATEWAY : OK;
}
