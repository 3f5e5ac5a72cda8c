/**
 * What every route of the app knows about its request, and how a path is read from a target.
 */
import type { Socket } from 'node:net';
import type { Context } from 'hono';

import type { Client } from '../access/client-address.ts';
import type { Register } from '../register.ts';
import type { Authenticate } from './authenticate.ts';

export interface AppEnv {
  Bindings: {
    /** Of the Node server; absent without a socket. */
    incoming?: { socket: Socket };
    /** Of a front that tells who is at its other end. */
    peer?: Client;
    /** Of a front that waits for so long only: what can end early ends before this; milliseconds of `nowMs`. */
    endsAtMs?: number;
    /** Of a front that has verified the credential of this very request; it takes the place of our own. */
    authenticate?: Authenticate;
  };
  /** `register` once its route was found. */
  Variables: { requestId: string; register?: Register };
}

/** Who can say who calls: the front, where it has verified that, else we ourselves. */
export function authenticatorOf(
  own: { readonly authenticate: Authenticate },
  { env }: Context<AppEnv>,
): { readonly authenticate: Authenticate } {
  return env?.authenticate === undefined ? own : { authenticate: env.authenticate };
}

/** Whoever is at the other end, before anything that they say. */
export function peerOf({ remoteAddress = '' }: Pick<Socket, 'remoteAddress'>): Client {
  return { address: remoteAddress, protocol: 'http' };
}

export function peerOfRequest({ env }: Context<AppEnv>): Client {
  return env?.peer ?? peerOf(env?.incoming?.socket ?? { remoteAddress: undefined });
}

/** The path without the base path and without one trailing slash; what is outside the base path matches no route. */
export function routedPath(url: string, basePath: string): string {
  const start = url.indexOf('/', url.indexOf('//') + 2);
  const query = url.indexOf('?', start);
  return stripPath(url.slice(start, query === -1 ? undefined : query), basePath);
}

export function stripPath(path: string, basePath: string): string {
  if (basePath !== '' && path !== basePath && !path.startsWith(`${basePath}/`))
    return '/outside-of-base-path//';
  const rest = path.slice(basePath.length);
  if (rest === '' || rest === '/') return '/';
  return rest.endsWith('/') ? rest.slice(0, -1) : rest;
}

export function searchOf(c: Context): string {
  const query = c.req.url.indexOf('?');
  return query === -1 ? '' : c.req.url.slice(query + 1);
}
