/**
 * The Node server: limits on sockets and heads, the fast path for writes, the app for everything else, and a graceful
 * end.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { getRequestListener, RequestError } from '@hono/node-server';
import type { Hono } from 'hono';

import { DaybookError } from '../../errors.ts';
import { toResponse } from '../answer.ts';
import type { AppEnv } from '../app-env.ts';
import { stripPath } from '../app-env.ts';
import type { HttpContext } from '../context.ts';
import { problemAnswer, requestKind, toDaybookError } from '../problem.ts';
import { requestIdOf } from '../request-id.ts';
import { createBodyWatch } from './body-watch.ts';
import { createClientErrorHandler } from './client-error.ts';
import { DirectRequest } from './direct-request.ts';
import { drain } from './drain.ts';
import { createGracefulClose } from './graceful-close.ts';
import { createHostCheck } from './host-check.ts';
import { listenFault } from './listen-fault.ts';
import { createPlainConnections } from './plain-connections.ts';
import { createPost } from './post.ts';
import { parseRequestTarget } from './request-target.ts';
import { answerFields } from './wire.ts';

export interface HttpServer {
  /** Resolves with the address that is listened on. @throws {StartError} where that host and port cannot be. */
  listen(): Promise<AddressInfo>;
  /** Stops accepting, waits for what is in flight, at most for `graceMs`; then cuts. @returns whether it had to cut. */
  close(graceMs: number): Promise<boolean>;
}

/** Longer targets get 414; the query of a list is far below. */
const MAX_TARGET_CHARACTERS = 8_192;
/** Node looks for late heads this often; its default of 30 s would let a limit of 20 s last for 50. */
const LOOK_FOR_TIMEOUTS_MS = 1_000;

/** What every server needs. */
export type ServerContext = Pick<HttpContext, 'config' | 'version' | 'nowMs' | 'log' | 'draining'>;

/** @param writes what takes writes, where the server has registers. */
export function createHttpServer(
  context: ServerContext,
  app: Hono<AppEnv>,
  writes?: HttpContext,
): HttpServer {
  const { config, version, nowMs, log } = context;
  const { limits, basePath } = config;
  const watch = createBodyWatch({
    minBytesPerSecond: limits.minBodyBytesPerSecond,
    graceMs: limits.slowBodyGraceMs,
    nowMs,
  });
  const post = writes && createPost(writes, watch);
  const listener = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    hostname: 'localhost', // For HTTP/1.0 without a Host.
    errorHandler: (thrown) => unrouted(toRefusal(thrown)),
  });
  const checkHost = createHostCheck(config);

  const server = createServer<typeof DirectRequest>(
    {
      IncomingMessage: DirectRequest,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      headersTimeout: limits.headersTimeoutMs,
      // The body watch comes first, and tells; this is for what it does not see.
      requestTimeout: limits.headersTimeoutMs + Math.max(limits.requestTimeoutMs, limits.batchTimeoutMs),
      maxHeaderSize: limits.maxHeaderBytes,
      connectionsCheckingInterval: LOOK_FOR_TIMEOUTS_MS,
      // Node's own answer to a missing Host is no problem document.
      requireHostHeader: false,
      // Of two Hosts, tokens or types Node would take the first and a proxy perhaps the last: joined, they are neither.
      joinDuplicateHeaders: true,
      noDelay: true,
    },
    (request, response) => handle(request, response, false),
  );
  server.maxConnections = limits.maxConnections;
  // Bounded by their bytes. Beyond 2000 headers Node would pass over the rest without a word.
  server.maxHeadersCount = 0;
  // A client that has sent everything may close its side and still wait for the answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on('checkContinue', (request, response) => handle(request, response, true));
  // Other expectations may be passed over (RFC 9110 §10.1.1); Node's own answer to them is no problem document.
  server.on('checkExpectation', (request, response) => handle(request, response, false));
  const answerClientError = createClientErrorHandler({ version, maxHeaderBytes: limits.maxHeaderBytes });
  server.on('clientError', (error, socket) => answerClientError(error, socket as Socket));
  const plain = writes && createPlainConnections(writes, server, checkHost);
  const closeGracefully = createGracefulClose(server, plain?.isBusy ?? (() => false));

  function handle(request: DirectRequest, response: ServerResponse, expectsContinue: boolean): void {
    let url: string;
    try {
      url = checkedTarget(request);
    } catch (thrown) {
      return refuse(request, response, toRefusal(thrown));
    }
    if (writes !== undefined && post !== undefined && request.method === 'POST') {
      const query = url.indexOf('?');
      const path = stripPath(query === -1 ? url : url.slice(0, query), basePath);
      const register = writes.paths.get(`POST ${path}`);
      if (register !== undefined) {
        const search = query === -1 ? '' : url.slice(query + 1);
        post({ request, response, register, search, expectsContinue });
        return;
      }
    }
    // Whether the rest reads a body to its end depends on who asks. Where it does not, the adapter cuts the connection a
    // while later, and a client that believes it to be kept would lose its next request.
    if (expectsContinue || hasBody(request)) response.shouldKeepAlive = false;
    void listener(request, response);
  }

  /** @throws {DaybookError} */
  function checkedTarget(request: IncomingMessage): string {
    const { url = '/', headers } = request;
    if (url.length > MAX_TARGET_CHARACTERS) {
      throw new DaybookError(
        'URI_TOO_LONG',
        `expected a request target of at most ${MAX_TARGET_CHARACTERS} characters, given ${url.length}`,
      );
    }
    const target = parseRequestTarget(url);
    if (target === undefined) {
      throw new DaybookError(
        'REQUEST_MALFORMED',
        `expected a path, perhaps with a query, as request target; given ${JSON.stringify(url.slice(0, 80))}`,
      );
    }
    if (target.host !== undefined) headers.host = target.host;
    checkHost(headers.host, request.httpVersion);
    request.url = target.pathAndQuery;
    return target.pathAndQuery;
  }

  function toRefusal(thrown: unknown): DaybookError {
    if (thrown instanceof RequestError)
      return new DaybookError(
        'REQUEST_MALFORMED',
        `expected a host and a path that are a URL: ${thrown.message}`,
      );
    return toDaybookError(thrown, (cause) => log.error({ event: 'internal-error', err: cause }));
  }

  /** For a request that the app cannot be asked about. */
  function unrouted(error: DaybookError): Response {
    const requestId = requestIdOf(undefined);
    const answer = problemAnswer(error, requestId, 'read');
    const { aborted: closes } = context.draining;
    const bodyBytes = Buffer.byteLength(answer.body);
    const fields = answerFields(answer, { requestId, version, bodyBytes, closes });
    const headers: Record<string, string> = {};
    for (let at = 0; at < fields.length; at += 2) headers[fields[at] as string] = fields[at + 1] as string;
    return toResponse({ ...answer, headers });
  }

  function refuse(request: IncomingMessage, response: ServerResponse, error: DaybookError): void {
    const requestId = requestIdOf(request.headers['x-request-id']);
    const answer = problemAnswer(error, requestId, requestKind(request.method));
    // A request that is malformed may be followed by anything.
    if (error.code === 'REQUEST_MALFORMED') response.shouldKeepAlive = false;
    const bodyBytes = Buffer.byteLength(answer.body);
    const { aborted: closes } = context.draining;
    response.writeHead(answer.status, answerFields(answer, { requestId, version, bodyBytes, closes }));
    response.end(answer.body);
    if (!request.complete) drain(request);
  }

  return {
    listen: () =>
      new Promise((resolve, reject) => {
        server.once('error', (thrown) => reject(listenFault(thrown, config)));
        server.listen(config.port, config.host, () => resolve(server.address() as AddressInfo));
      }),
    async close(graceMs) {
      const cut = await closeGracefully(graceMs);
      watch.close();
      plain?.close();
      return cut;
    },
  };
}

function hasBody({ headers }: IncomingMessage): boolean {
  const { 'content-length': length = '0', 'transfer-encoding': transfer } = headers;
  return transfer !== undefined || length !== '0';
}
