/**
 * The application as a function: the same service as everywhere, without a data directory, without a socket, and without
 * anything beside its requests. Between two invocations its environment stands still, for seconds or hours, or ends:
 *
 *   a request comes ──▶ the clock catches up; a read reaches for the store ──▶ answer
 *     rest ──▶ nothing under way: kept for the next request
 *          └─▶ something unknown or away: abandoned and closed; the next request opens anew
 *
 * What others wrote meanwhile is read by the request that needs it (API keys, at most once a second), and keys of issuers that
 * are due are read to their end before its answer. Milliseconds are those of the wall, because the machine's own may stand
 * still.
 */
import type { Hono } from 'hono';
import type { Logger } from 'pino';

import { KEY_PREFIX } from '../access/keys/keys.ts';
import { createClock, systemTime } from '../clock.ts';
import type { Config } from '../config/load.ts';
import { createApp } from '../http/app.ts';
import type { AppEnv } from '../http/app-env.ts';
import { credentialOf } from '../http/authenticate.ts';
import type { Front } from '../http/front.ts';
import { createIdGenerator } from '../id.ts';
import { openService } from '../open-service.ts';
import { expireAll } from '../retention/retention.ts';
import { sleep } from '../retry.ts';
import { hasOtherRegions } from '../store/store.ts';
import { watchHead } from '../tail/head-watch.ts';
import { assetsFolder } from './assets-folder.ts';
import { authenticateByAuthorizer } from './authorizer-identity.ts';
import { REST_API } from './aws-fronts.ts';
import type { FrontApplication } from './front-handler.ts';
import { openFunctionDrivers } from './open-drivers.ts';

export interface Application extends FrontApplication {
  /** Deletes what registers with a retention no longer keep, for as long as there is time. @returns how many, by register. */
  expire(leftMs: number): Promise<Readonly<Record<string, number>>>;
  /** Nothing of it may be used any more: whoever wants to go on opens another. */
  readonly isOver: boolean;
}

export interface ApplicationOptions {
  readonly config: Config;
  readonly log: Logger;
  /** Called with entries of callers that are on record now and were not before. */
  readonly onAccepted: (entries: number) => void;
}

/** How soon a tail hears of what another function stored, while somebody waits. */
const POLL_MS = 250;
/** A write is told `unknown` so long before the answer must be there. */
const TELLING_MS = 500;
/**
 * Every acknowledged entry that is older than this is stored: a function behind a front lives for 30 s at most after it
 * stamped one, and the clocks of two of them are less than 10 s apart.
 */
const SETTLED_AFTER_MICROS = 40_000_000;

/** @throws {StartError} */
export async function openApplication({ config, log, onAccepted }: ApplicationOptions): Promise<Application> {
  const drivers = await openFunctionDrivers(config, log);
  const { store, queue } = drivers;
  const clock = createClock(systemTime);
  const nowMs = (): number => clock.nowMicros() / 1000;
  let endsAtMs = Infinity;
  let isOver = false;

  function settledThrough(): number | undefined {
    // What a queue holds, or another region, nobody here can know.
    if (queue !== undefined || hasOtherRegions(store)) return undefined;
    return clock.nowMicros() - SETTLED_AFTER_MICROS;
  }

  const service = await openService({
    // Another function moves what is in the queue to the store.
    config: { ...config, roles: config.roles.filter((role) => role !== 'persister') },
    drivers,
    front: REST_API,
    assets: assetsFolder(),
    clock,
    ids: createIdGenerator(clock),
    nowMs,
    log,
    background: false,
    settledThrough,
    answerWithinMs: () =>
      Math.max(0, Math.min(config.limits.answerWithinMs, endsAtMs - nowMs() - TELLING_MS)),
    // Each question may meet another environment: there is nothing to be counted in one.
    health: { failuresToLeave: 1 },
    onAccepted,
  });
  const { context, intake, access } = service;
  watchHead({ store, stored: context.stored, everyMs: POLL_MS });
  const apps = new Map<string, Hono<AppEnv>>();

  /** One for each front and stage that the function is behind, which are few. */
  function appOf(front: Front, stage: string): Hono<AppEnv> {
    const name = `${front.name} ${stage}`;
    const basePath = `${stage}${config.basePath}`;
    const app = apps.get(name) ?? createApp({ ...context, front, config: { ...context.config, basePath } });
    apps.set(name, app);
    return app;
  }

  /** What goes on by itself would be stopped in the middle, and go on when nobody expects it. */
  function end(): void {
    isOver = true;
    intake.abandon();
    void Promise.allSettled([context.drain.close(), access.close(), drivers.close()]);
  }

  return {
    async answer(request, { front, basePath, peer, authorizer }, leftMs) {
      clock.catchUp();
      endsAtMs = nowMs() + leftMs;
      if (needsStore(request)) await store.reach();
      const authenticate = authenticateByAuthorizer(authorizer, nowMs);
      const answer = await appOf(front, basePath).fetch(request, {
        peer,
        endsAtMs,
        ...(authenticate && { authenticate }),
      });
      await within(endsAtMs - nowMs() - TELLING_MS, access.settled());
      return answer;
    },
    rest() {
      const { state, entriesInFlight } = intake.status();
      if (!isOver && (state !== 'open' || entriesInFlight > 0)) end();
    },
    async expire(leftMs) {
      clock.catchUp();
      const expired: Record<string, number> = {};
      await expireAll(
        {
          store,
          registers: config.registers,
          nowMicros: () => clock.nowMicros(),
          nowMs,
          sleep,
          onExpired(register, entries) {
            expired[register] = entries;
            log.info({ event: 'entries-expired', register, entries });
          },
          onFailure: (register, { message }) =>
            log.warn({ event: 'retention-halted', register, reason: message }),
        },
        AbortSignal.timeout(leftMs),
      );
      return expired;
    },
    get isOver() {
      return isOver;
    },
  };
}

/** Reads, what an operator does, and whoever comes with an API key. A write must not wait for a store behind a queue. */
function needsStore({ method, headers, url }: Request): boolean {
  const credential = credentialOf(headers.get('authorization') ?? '');
  const isOperators = new URL(url).pathname.includes('/api/');
  return method !== 'POST' || isOperators || credential?.startsWith(KEY_PREFIX) === true;
}

/** @param work never rejects. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  const done = new AbortController();
  await Promise.race([work, sleep(Math.max(0, ms), done.signal)]);
  done.abort();
}
