/**
 * The composition root: configuration in, running service out. Reads like the way of an entry: http → intake → store,
 * and back through the reader and the tail. Only this module, the command line and other process entries choose drivers.
 */
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';

import { createRateLimiter } from './access/rate-limit.ts';
import type { AdminKey } from './data-directory/admin-key.ts';
import { readOrMakeAdminKey } from './data-directory/admin-key.ts';
import { createClock, systemTime } from './clock.ts';
import type { Config } from './config/load.ts';
import type { DataDirectory } from './data-directory/own.ts';
import { ownDataDirectory } from './data-directory/own.ts';
import type { Store, StoreCapabilities } from './store/store.ts';
import { StartError } from './errors.ts';
import type { HttpContext } from './http/context.ts';
import { createApp } from './http/app.ts';
import { createHttpServer } from './http/node/server.ts';
import { createIdGenerator, idToMicros, randomId } from './id.ts';
import { createBudget } from './intake/budget.ts';
import { createIntake } from './intake/intake.ts';
import { createKeysInFlight } from './intake/keys-in-flight.ts';
import type { Register } from './register.ts';
import { registerPaths } from './register.ts';
import { createBackOff } from './retry.ts';
import { createSqliteStore } from './store/sqlite/sqlite-store.ts';
import { createSignal } from './tail/signal.ts';
import { createHealth } from './telemetry/health.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { version } from './config/version.ts';

export interface Daybook {
  readonly config: Config;
  readonly capabilities: StoreCapabilities;
  readonly adminKeyFile: string;
  readonly adminKeyIsNew: boolean;
  /** The same application without a socket: a web Request in, a Response out. */
  fetch(request: Request): Promise<Response>;
  /** Begins to answer on the configured address. */
  listen(): Promise<AddressInfo>;
  /** Stops accepting, finishes what is in flight, flushes, closes. Idempotent. @returns whether everything ended within the grace. */
  close(): Promise<boolean>;
}

/** A restart continues above the newest id of the store if that is less than this ahead of the wall clock. */
const MAX_AHEAD_MICROS = 10_000_000;
/** After the last answer there is one batch at most to finish, and the WAL to write back. */
const FLUSH_MS = 4_000;
const RETRY_FIRST_MS = 50;
const RETRY_LIMIT_MS = 2_000;

/** @throws {StartError} when the data directory or the store cannot be used. */
export async function createDaybook(config: Config, log: Logger): Promise<Daybook> {
  const paths = config.roles.includes('api') ? registerPaths(config.registers) : new Map<string, Register>();
  const directory = await ownDataDirectory(config.dataDir);
  const { admin, store } = await openData(directory, config).catch((thrown: unknown) => {
    directory.release();
    throw thrown;
  });

  const after = continueAbove(store.newestIdAtOpen, log);
  const clock = createClock(systemTime, after === undefined ? 0 : idToMicros(after));
  const { limits } = config;
  const budget = createBudget(limits.maxBytesInFlight);
  const stored = createSignal();
  const draining = new AbortController();

  const intake = createIntake({
    target: store,
    ids: createIdGenerator(clock, after === undefined ? {} : { after }),
    nowMicros: () => clock.nowMicros(),
    source: randomId(),
    region: config.region,
    budget,
    backOff: createBackOff({ firstMs: RETRY_FIRST_MS, limitMs: RETRY_LIMIT_MS }),
    maxBatchEntries: limits.maxCommitEntries,
    maxBatchBytes: limits.maxCommitBytes,
    answerWithinMs: limits.answerWithinMs,
    onStored({ entries }, { exceptions }) {
      metrics.countBatch(entries.length - exceptions.length);
      health.noteCommit();
      stored.ring();
    },
  });
  const health = createHealth({
    clock: () => clock.status(),
    intake: () => intake.status(),
    acceptor: {
      name: 'store',
      durability: () => ({ level: store.capabilities.durability, proof: store.capabilities.durabilityProof }),
      probe: () => store.probe(),
    },
    parts: {},
    registers: config.registers,
    nowMicros: () => clock.nowMicros(),
    nowMs: () => clock.elapsedMs(),
  });
  const metrics = createMetrics({
    entriesInFlight: () => intake.status().entriesInFlight,
    bytesInFlight: () => budget.used,
    followers: () => stored.waiting,
    clockAheadSeconds: () => clock.status().wallAheadMicros / 1e6,
    components: () =>
      Object.fromEntries(
        Object.entries(health.components()).map(([name, { state }]) => [name, state === 'ok']),
      ),
    missingBatches: async () => (await store.missingBatches()).length,
  });
  const context: HttpContext = {
    version,
    config,
    paths,
    intake,
    keys: createKeysInFlight(),
    store,
    durability: () => ({
      level: store.capabilities.durability,
      proof: store.capabilities.durabilityProof,
    }),
    settledThrough: () => intake.settledThrough(),
    stored,
    limiter: createRateLimiter(() => clock.elapsedMs()),
    budget,
    health,
    metrics,
    log,
    adminKey: admin.key,
    draining: draining.signal,
    nowMicros: () => clock.nowMicros(),
    nowMs: () => clock.elapsedMs(),
  };
  const app = createApp(context);
  const server = createHttpServer(context, app);
  let closing: Promise<boolean> | undefined;

  async function close(): Promise<boolean> {
    health.noteDraining();
    draining.abort();
    const cut = await server.close(limits.shutdownGraceMs);
    // A store that does not answer must not keep the process: what it holds was never acknowledged.
    const flushed = await within(FLUSH_MS, async () => {
      await intake.close();
      await store.close();
    });
    if (flushed) directory.release();
    return flushed && !cut;
  }

  return {
    config,
    capabilities: store.capabilities,
    adminKeyFile: admin.file,
    adminKeyIsNew: admin.isNew,
    fetch: async (request) => app.fetch(request),
    listen: () => server.listen(),
    close: () => (closing ??= close()),
  };
}

async function openData({ path }: DataDirectory, config: Config): Promise<{ admin: AdminKey; store: Store }> {
  const admin = readOrMakeAdminKey(path);
  const store = await createSqliteStore({ directory: path });
  try {
    assertEntriesFit(config, store.capabilities);
  } catch (thrown) {
    await store.close();
    throw thrown;
  }
  return { admin, store };
}

/** @returns whether the work was done in that time. */
async function within(timeoutMs: number, work: () => Promise<void>): Promise<boolean> {
  const over = new AbortController();
  const late = sleep(timeoutMs, false, { signal: over.signal });
  try {
    return await Promise.race([work().then(() => true), late]);
  } finally {
    over.abort();
    await late.catch(() => undefined);
  }
}

/** @throws {StartError} when a register allows more than its drivers can hold. */
function assertEntriesFit({ registers }: Config, { driver, maxEntryBytes }: StoreCapabilities): void {
  const tooLarge = registers.find((register) => register.maxEntryBytes > maxEntryBytes);
  if (tooLarge === undefined) return;
  throw new StartError(
    `registers.${tooLarge.name}.maxEntryBytes: expected at most ${maxEntryBytes}, what the ${driver} store holds, given ${tooLarge.maxEntryBytes}`,
  );
}

/** Far ahead, the newest id came from a wrong clock: following it would keep every stamp wrong. */
function continueAbove(newestId: string | undefined, log: Logger): string | undefined {
  if (newestId === undefined) return undefined;
  const aheadMicros = idToMicros(newestId) - systemTime.wallMs() * 1000;
  if (aheadMicros < MAX_AHEAD_MICROS) return newestId;
  log.warn({ event: 'clock-behind-store', newestId, aheadSeconds: aheadMicros / 1e6 });
  return undefined;
}
