/**
 * The HTTP application with a real store and a real object storage, on a socket of its own, for tests of dead letters:
 * they give entries up by hand, which takes a persister and a failing store otherwise. Ends with the file.
 */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { serve } from '@hono/node-server';

import { parseConfig } from '../../src/config/load.ts';
import { version } from '../../src/config/version.ts';
import type { Entry } from '../../src/entry.ts';
import { createKeys } from '../../src/access/keys/keys.ts';
import { createKeysWhenNeeded } from '../../src/access/keys/keys-when-needed.ts';
import { createAudit } from '../../src/access/audit.ts';
import { createClientOf } from '../../src/access/client-address.ts';
import { createInternalRecords } from '../../src/access/internal-records.ts';
import { createClock, systemTime } from '../../src/clock.ts';
import { createAuthenticate } from '../../src/http/authenticate.ts';
import { createIdGenerator } from '../../src/id.ts';
import { createBudget } from '../../src/intake/budget.ts';
import { createIntake } from '../../src/intake/intake.ts';
import { createBackOff } from '../../src/retry.ts';
import { createApp } from '../../src/http/app.ts';
import type { HttpContext } from '../../src/http/context.ts';
import { NODE_FRONT } from '../../src/http/front.ts';
import { createFileObjects } from '../../src/objects/file/file-objects.ts';
import type { Objects } from '../../src/objects/objects.ts';
import type { DeadLetterFailure, DeadLetters } from '../../src/persister/dead-letters.ts';
import { createDeadLetters } from '../../src/persister/dead-letters.ts';
import { registerPaths } from '../../src/register.ts';
import type { Store } from '../../src/store/store.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { BASE_MICROS, createSource } from '../../src/testing/made-batches.ts';

export interface DeadLetterService {
  readonly address: string;
  readonly adminKey: string;
  readonly directory: string;
  readonly store: Store;
  readonly letters: DeadLetters;
  /** Of the service alone, so that it can be made to fail. */
  objects: Objects;
  readonly logged: readonly string[];
  /** As the persister gives an entry up: the letter first, then the mark. */
  bury(entry: Entry, failure?: Partial<DeadLetterFailure>): Promise<void>;
  /** With the admin key. */
  ask(path: string, init?: Omit<RequestInit, 'headers'>): Promise<Response>;
}

const ADMIN_KEY = 'the-admin-key-of-this-test';

export async function startDeadLetterService({ hasObjects = true } = {}): Promise<DeadLetterService> {
  const directory = await mkdtemp(join(tmpdir(), 'daybook-letters-'));
  const logged: string[] = [];
  const config = parseConfig({ dataDir: directory });
  const store = await createSqliteStore({ directory });
  const objects = await createFileObjects({ directory: join(directory, 'objects') });
  const letters = createDeadLetters({ objects, store });
  const served: { objects: Objects } = { objects };
  const intake = createIntake({
    target: { as: 'stored', append: (batch) => store.append(batch), probe: () => store.probe() },
    ids: createIdGenerator(createClock(systemTime, 0)),
    nowMicros: () => systemTime.wallMs() * 1000,
    source: 'audit',
    region: 'local',
    budget: createBudget(1_000_000),
    backOff: createBackOff({ firstMs: 5, limitMs: 50 }),
    maxBatchEntries: 100,
    maxBatchBytes: 1_000_000,
    answerWithinMs: () => 2_000,
    onStored() {},
  });
  const records = createInternalRecords({ intake, region: 'local' });
  const clock = createClock(systemTime, 0);
  const keys = createKeysWhenNeeded(() =>
    createKeys({
      store,
      records,
      scopes: [],
      onUnknownEvents() {},
      onUsesNotRecorded() {},
      nowMicros: () => clock.nowMicros(),
      nowMs: () => clock.elapsedMs(),
    }),
  );
  const context: Partial<HttpContext> = {
    version,
    config,
    paths: registerPaths(config.registers),
    front: NODE_FRONT,
    store,
    ...(hasObjects && {
      deadLetters: createDeadLetters({
        store,
        objects: {
          create: (name, bytes) => served.objects.create(name, bytes),
          read: (name) => served.objects.read(name),
          list: (query) => served.objects.list(query),
          remove: (name) => served.objects.remove(name),
        },
      }),
    }),
    log: createLog('info', { write: (line) => void logged.push(line) }),
    keys,
    authenticate: createAuthenticate({ adminKey: ADMIN_KEY, keys }),
    audit: createAudit({ records, onOutcomeLost() {} }),
    clientOf: createClientOf([]),
    assertLetsIn() {},
    draining: new AbortController().signal,
  };
  const app = createApp(context as HttpContext);
  const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
  await once(server, 'listening');
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
    await keys.close();
    await intake.close();
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });
  return Object.assign(served, {
    address,
    adminKey: ADMIN_KEY,
    directory,
    store,
    letters,
    logged,
    async bury(entry: Entry, failure: Partial<DeadLetterFailure> = {}) {
      const batch = createSource(`of-${entry.id}`)([entry]);
      const [firstFailedAt, lastFailedAt] = [BASE_MICROS, BASE_MICROS + 1_000_000];
      const whole = {
        code: 'rejected',
        message: 'as a test wants it',
        attempts: 1,
        firstFailedAt,
        lastFailedAt,
      };
      await letters.write(entry, { ...whole, source: batch.source, n: 1, ...failure });
      await store.persist([{ batch, part: false, leftOut: [{ index: 0, as: 'dead' as const }] }]);
    },
    ask: (path: string, init: Omit<RequestInit, 'headers'> = {}) =>
      fetch(address + path, { ...init, headers: { authorization: `Bearer ${ADMIN_KEY}` } }),
  });
}
