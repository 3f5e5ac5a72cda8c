/**
 * What a server has of API keys, put together as the composition root does: an intake of its own in front of a store, the
 * internal records, the keys, the audit, and the routes. Several of them on one store are a fleet.
 */
import { Hono } from 'hono';

import { createInternalRecords } from '../../src/access/internal-records.ts';
import type { InternalRecords } from '../../src/access/internal-records.ts';
import { scopesOf } from '../../src/access/keys/key-request.ts';
import type { Keys, KeysOptions } from '../../src/access/keys/keys.ts';
import { createKeys } from '../../src/access/keys/keys.ts';
import type { Clock } from '../../src/clock.ts';
import { createIdentity } from '../../src/access/identity.ts';
import { createClock } from '../../src/clock.ts';
import { version } from '../../src/config/version.ts';
import { DaybookError } from '../../src/errors.ts';
import { toResponse } from '../../src/http/answer.ts';
import type { AppEnv } from '../../src/http/app-env.ts';
import { routedPath } from '../../src/http/app-env.ts';
import { toDaybookError } from '../../src/http/problem.ts';
import { refusalAnswer } from '../../src/http/refusal.ts';
import { requestIdOf } from '../../src/http/request-id.ts';
import { createKeyRoutes } from '../../src/http/routes/keys.ts';
import { createIdGenerator, randomId } from '../../src/id.ts';
import { createBudget } from '../../src/intake/budget.ts';
import type { Intake } from '../../src/intake/intake.ts';
import { createIntake } from '../../src/intake/intake.ts';
import { createBackOff } from '../../src/retry.ts';
import type { Store } from '../../src/store/store.ts';
import { createLog } from '../../src/telemetry/log.ts';

export const ADMIN = { subject: 'admin', requestId: 'request-1' };
export const ADMIN_KEY = 'the-admin-key-of-this-test';

export interface KeysServer {
  readonly keys: Keys;
  readonly records: InternalRecords;
  readonly intake: Intake;
  /** Every line of the log. */
  readonly logged: readonly string[];
  /** One request to the routes, without a socket. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
}

export interface KeysServerOptions extends Partial<
  Pick<KeysOptions, 'maxKeys' | 'recordUsesEveryMs' | 'lookEveryMs' | 'background'>
> {
  readonly clock?: Clock;
}

export function startKeysServer(store: Store, options: KeysServerOptions = {}): KeysServer {
  const { clock = createClock(), ...rest } = options;
  const logged: string[] = [];
  const log = createLog('debug', { write: (line) => void logged.push(line) });
  const intake = createIntake({
    target: { as: 'stored', append: (batch) => store.append(batch), probe: () => store.probe() },
    ids: createIdGenerator(clock),
    nowMicros: () => clock.nowMicros(),
    source: randomId(),
    region: 'local',
    budget: createBudget(1_000_000),
    backOff: createBackOff({ firstMs: 5, limitMs: 50 }),
    maxBatchEntries: 100,
    maxBatchBytes: 1_000_000,
    answerWithinMs: () => 2_000,
    onStored() {},
  });
  const records = createInternalRecords({ intake, region: 'local' });
  const keys = createKeys({
    store,
    records,
    scopes: scopesOf(['app', 'data'].map((name) => ({ name, access: { write: 'open', read: 'open' } }))),
    onUnknownEvents: (entries) => log.warn({ event: 'key-events-unknown', entries }),
    onUsesNotRecorded: ({ message }) => log.warn({ event: 'key-uses-not-recorded', reason: message }),
    nowMicros: () => clock.nowMicros(),
    nowMs: () => clock.elapsedMs(),
    lookEveryMs: 20,
    ...rest,
  });
  const app = createApp(keys);
  let closed: Promise<void> | undefined;
  return {
    keys,
    records,
    intake,
    logged,
    fetch: async (path, init) => app.fetch(new Request(`http://127.0.0.1${path}`, init)),
    close: () => (closed ??= keys.close().then(() => intake.close())),
  };
}

function createApp(keys: Keys): Hono<AppEnv> {
  const app = new Hono<AppEnv>({ getPath: (request) => routedPath(request.url, '') });
  app.use(async (c, next) => {
    c.set('requestId', requestIdOf(c.req.header('x-request-id')));
    await next();
    c.header('daybook-version', version);
    c.header('x-request-id', c.get('requestId'));
    c.header('x-content-type-options', 'nosniff');
  });
  createKeyRoutes(app, {
    getKeys: async () => keys,
    async assertAdmin(c) {
      if (c.req.header('authorization') === `Bearer ${ADMIN_KEY}`)
        return createIdentity({ subject: ADMIN.subject, roles: ['admin'], kind: 'admin' });
      throw new DaybookError('UNAUTHENTICATED', 'expected the admin key');
    },
    others(path, methods) {
      const allow = [...methods, 'OPTIONS'].join(', ');
      app.options(path, () => toResponse({ status: 204, headers: { allow }, body: null }));
      app.all(path, (c) => {
        throw new DaybookError('METHOD_NOT_ALLOWED', `expected ${allow}; given ${c.req.method}`, {
          headers: { allow },
        });
      });
    },
  });
  app.onError((thrown, c) => {
    const requestId = c.get('requestId');
    const error = toDaybookError(thrown, () => undefined);
    const { method } = c.req;
    return toResponse(
      refusalAnswer(error, { requestId, method, accept: undefined, site: { basePath: '', version } }),
    );
  });
  return app;
}
