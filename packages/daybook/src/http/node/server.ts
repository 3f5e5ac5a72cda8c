/**
 * The Node server: limits on sockets and heads, the fast path for writes, the app for everything else, and a graceful
 * end.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';

import { isLoopback } from '../../access/address.ts';
import { DaybookError } from '../../errors.ts';
import type { AppEnv } from '../app-env.ts';
import { stripPath } from '../app-env.ts';
import type { HttpContext } from '../context.ts';
import { problemAnswer, requestKind } from '../problem.ts';
import { requestIdOf } from '../request-id.ts';
import { createBodyWatch } from './body-watch.ts';
import { answerClientError } from './client-error.ts';
import { drain } from './drain.ts';
import { createPost } from './post.ts';

export interface HttpServer {
  /** Resolves with the address that is listened on. */
  listen(): Promise<AddressInfo>;
  /** Stops accepting, waits for what is in flight, at most for `graceMs`; then cuts. @returns whether it had to cut. */
  close(graceMs: number): Promise<boolean>;
}

/** Longer targets get 414; the query of a list is far below. */
const MAX_TARGET_CHARACTERS = 8_192;
/** Node looks for late heads this often; its default of 30 s would let a limit of 20 s last for 50. */
const LOOK_FOR_TIMEOUTS_MS = 1_000;

export function createHttpServer(context: HttpContext, app: Hono<AppEnv>): HttpServer {
  const { config, version, paths, nowMs } = context;
  const { limits, basePath } = config;
  const watch = createBodyWatch({
    minBytesPerSecond: limits.minBodyBytesPerSecond,
    graceMs: limits.slowBodyGraceMs,
    nowMs,
  });
  const post = createPost(context, watch);
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const knownHost = createHostCheck(config.host, config.allowedHosts);

  const server = createServer(
    {
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: Math.max(limits.requestTimeoutMs, limits.batchTimeoutMs),
      maxHeaderSize: limits.maxHeaderBytes,
      connectionsCheckingInterval: LOOK_FOR_TIMEOUTS_MS,
      noDelay: true,
    },
    (request, response) => handle(request, response, false),
  );
  server.maxConnections = limits.maxConnections;
  server.on('checkContinue', (request, response) => handle(request, response, true));
  server.on('clientError', (error, socket) => answerClientError(error, socket as Socket, version));

  function handle(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    const url = request.url ?? '/';
    const refusal = refusalOf(url, request.headers.host);
    if (refusal !== undefined) return refuse(request, response, refusal);
    if (request.method === 'POST') {
      const query = url.indexOf('?');
      const path = stripPath(query === -1 ? url : url.slice(0, query), basePath);
      const register = paths.get(`POST ${path}`);
      if (register !== undefined) {
        void post({
          request,
          response,
          register,
          search: query === -1 ? '' : url.slice(query + 1),
          expectsContinue,
        });
        return;
      }
    }
    if (expectsContinue) response.writeContinue();
    void listener(request, response);
  }

  function refusalOf(url: string, host: string | undefined): DaybookError | undefined {
    if (!knownHost(host)) {
      return new DaybookError(
        'HOST_UNKNOWN',
        `Host: expected a loopback name or one of allowedHosts, given ${JSON.stringify(host ?? '')}`,
      );
    }
    if (url.length > MAX_TARGET_CHARACTERS) {
      return new DaybookError(
        'URI_TOO_LONG',
        `expected a request target of at most ${MAX_TARGET_CHARACTERS} characters, given ${url.length}`,
      );
    }
    return undefined;
  }

  function refuse(request: IncomingMessage, response: ServerResponse, error: DaybookError): void {
    const requestId = requestIdOf(request.headers['x-request-id']);
    const { status, headers, body } = problemAnswer(error, requestId, requestKind(request.method));
    response.writeHead(status, { ...headers, 'daybook-version': version, 'x-request-id': requestId });
    response.end(body);
    if (!request.complete) drain(request);
  }

  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(config.port, config.host, () => resolve(server.address() as AddressInfo));
      }),
    async close(graceMs) {
      watch.close();
      let cut = false;
      const timer = setTimeout(() => {
        cut = true;
        server.closeAllConnections();
      }, graceMs);
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
      });
      clearTimeout(timer);
      return cut;
    },
  };
}

/**
 * Bound to loopback, a request for a foreign host comes from a web page that made its own name point here (DNS
 * rebinding). Bound beyond it, any name may be right, unless some are listed.
 */
function createHostCheck(
  boundTo: string,
  allowedHosts: readonly string[],
): (host: string | undefined) => boolean {
  if (!isLoopback(boundTo) && allowedHosts.length === 0) return () => true;
  return (host) => {
    const name = (host ?? '').replace(/:\d*$/, '').toLowerCase();
    return isLoopback(name) || allowedHosts.includes(name);
  };
}
