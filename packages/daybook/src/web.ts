/**
 * The composition root of a process whose only role is `web`: pages in front of an API that is somewhere else. It has no
 * store, no queue and no data directory, and writes nothing anywhere.
 */
import type { AddressInfo } from 'node:net';
import type { Logger } from 'pino';

import { systemTime } from './clock.ts';
import type { Config } from './config/load.ts';
import { version } from './config/version.ts';
import { StartError } from './errors.ts';
import { createHttpServer } from './http/node/server.ts';
import { createApi } from './http/web/api.ts';
import { createWebApp } from './http/web/web-app.ts';

export interface Web {
  readonly apiUrl: string;
  /** Begins to answer on the configured address. */
  listen(): Promise<AddressInfo>;
  /** Stops accepting and finishes what is in flight. Idempotent. @returns whether everything ended within the grace. */
  close(): Promise<boolean>;
}

/** A page is there within two seconds, whatever the API does. */
const API_TIMEOUT_MS = 1_500;
const ASSETS = new URL('../assets/', import.meta.url);

export function isWebAlone({ roles }: Pick<Config, 'roles'>): boolean {
  return roles.every((role) => role === 'web');
}

/** @throws {StartError} without the API's URL. */
export function createWeb(config: Config, log: Logger): Web {
  const apiUrl = config.apiUrl?.replace(/\/+$/, '');
  if (apiUrl === undefined) {
    throw new StartError(
      'apiUrl (DAYBOOK_API_URL): expected the URL of the API, because web is the only role, given nothing',
    );
  }
  const draining = new AbortController();
  const app = createWebApp({
    config,
    version,
    assets: ASSETS,
    log,
    draining: draining.signal,
    api: createApi({ url: apiUrl, timeoutMs: API_TIMEOUT_MS }),
  });
  const { monotonicMs: nowMs } = systemTime;
  const server = createHttpServer({ config, version, nowMs, log, draining: draining.signal }, app);
  let closing: Promise<boolean> | undefined;

  async function close(): Promise<boolean> {
    draining.abort();
    return !(await server.close(config.limits.shutdownGraceMs));
  }

  return { apiUrl, listen: () => server.listen(), close: () => (closing ??= close()) };
}
