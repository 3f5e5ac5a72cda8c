/**
 * The composition root: configuration in, running service out. Reads like the way of an entry: http → intake → store,
 * and back through the reader and the tail. Only this module, the command line and other process entries choose drivers.
 */
import type { AddressInfo } from 'node:net';
import { setTimeout as timer } from 'node:timers/promises';
import type { Logger } from 'pino';

import { createRateLimiter } from './access/rate-limit.ts';
import type { AdminKey } from './data-directory/admin-key.ts';
import { readOrMakeAdminKey } from './data-directory/admin-key.ts';
import { createClock, systemTime } from './clock.ts';
import type { Config } from './config/load.ts';
import type { DataDirectory } from './data-directory/own.ts';
import { ownDataDirectory } from './data-directory/own.ts';
import { readOrMakeInstanceName } from './data-directory/instance-name.ts';
import type { Drivers } from './drivers.ts';
import { openDrivers } from './drivers.ts';
import type { DurabilityLevel } from './durability.ts';
import { StartError } from './errors.ts';
import type { AppEnv } from './http/app-env.ts';
import type { HttpContext } from './http/context.ts';
import { createApp } from './http/app.ts';
import { createHttpServer } from './http/node/server.ts';
import { createIdGenerator, formatStamp, idToMicros, microsToFirstId } from './id.ts';
import { createBudget } from './intake/budget.ts';
import { createKeysInFlight } from './intake/keys-in-flight.ts';
import { ENVELOPE_BYTES } from './intake/queue-target.ts';
import { createSettling } from './intake/settling.ts';
import { openAccess } from './open-access.ts';
import { openIntake } from './open-intake.ts';
import { openPersister } from './open-persister.ts';
import { createDeadLetters } from './persister/dead-letters.ts';
import type { Queue } from './queue/queue.ts';
import type { Register } from './register.ts';
import { registerPaths } from './register.ts';
import { startRetention } from './retention/retention.ts';
import { sleep } from './retry.ts';
import { watchHead } from './tail/head-watch.ts';
import { createSignal } from './tail/signal.ts';
import { createHealth } from './telemetry/health.ts';
import { createLedgerWatch } from './telemetry/ledger-watch.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { createRates } from './telemetry/rates.ts';
import { watchObjects, watchPersister, watchStore } from './telemetry/watched-parts.ts';
import { version } from './config/version.ts';

export interface Daybook {
  readonly config: Config;
  /** What an acknowledged entry has survived, and how that is known. */
  durability(): { readonly level: DurabilityLevel; readonly proof: string };
  readonly adminKeyFile: string;
  readonly adminKeyIsNew: boolean;
  /** The same application without a socket: a web Request in, a Response out. @param front what the front knows of this request. */
  fetch(request: Request, front?: AppEnv['Bindings']): Promise<Response>;
  /** Begins to answer on the configured address. */
  listen(): Promise<AddressInfo>;
  /** Stops accepting, finishes what is in flight, flushes, closes. Idempotent. @returns whether everything ended within the grace. */
  close(): Promise<boolean>;
}

/** A restart continues above the newest id of the store if that is less than this ahead of the wall clock. */
const MAX_AHEAD_MICROS = 10_000_000;
/** After the last answer there is one batch at most to finish, and the WAL to write back. */
const FLUSH_MS = 4_000;
const VOUCH_EVERY_MS = 1_000;
/** How soon a tail hears of what another process stored. */
const POLL_MS = 250;

/** @throws {StartError} when the data directory or a driver cannot be used. */
export async function createDaybook(config: Config, log: Logger): Promise<Daybook> {
  const paths = config.roles.includes('api') ? registerPaths(config.registers) : new Map<string, Register>();
  const directory = await ownDataDirectory(config.dataDir);
  const { admin, drivers } = await openData(directory, config, log).catch((thrown: unknown) => {
    directory.release();
    throw thrown;
  });
  const { store, queue, objects } = drivers;

  const after = continueAbove(newestStampOf(drivers), log);
  const clock = createClock(systemTime, after ?? 0);
  const { limits } = config;
  const budget = createBudget(limits.maxBytesInFlight);
  const stored = createSignal();
  const draining = new AbortController();
  const durability = (): { level: DurabilityLevel; proof: string } => {
    const { durability: level, durabilityProof: proof } = (queue ?? store).capabilities;
    return { level, proof };
  };

  const { intake, toStore } = openIntake({
    config,
    store,
    queue,
    clock,
    ids: createIdGenerator(clock, after === undefined ? {} : { after: microsToFirstId(after) }),
    budget,
    onStored({ entries }, { exceptions }) {
      noteStored(entries.length - exceptions.length);
      if (queue === undefined) health.noteCommit();
    },
    onQueued: () => health.noteCommit(),
  });
  const access = await openAccess({ config, adminKey: admin.key, store, intake: toStore, clock, log });
  const deadLetters = objects && createDeadLetters({ objects, store });
  const persister =
    queue && deadLetters && config.roles.includes('persister')
      ? openPersister({ config, queue, store, deadLetters, clock, log, onStored: noteStored })
      : undefined;
  const rates = persister && createRates({ read: () => persister.status().counters, nowMs: clock.elapsedMs });
  const settling = createSettling({
    intakeThrough: () => intake.settledThrough(),
    queue,
    store,
    voucher: readOrMakeInstanceName(directory.path),
    region: config.region,
    everyMs: VOUCH_EVERY_MS,
  });
  // What the persister brings is old when it comes: where there is a queue, its process also lets it go.
  const retention =
    queue === undefined || persister !== undefined
      ? startRetention({
          store,
          registers: config.registers,
          nowMicros: () => clock.nowMicros(),
          nowMs: () => clock.elapsedMs(),
          sleep,
          onExpired: (register, entries) => log.info({ event: 'entries-expired', register, entries }),
          onFailure: (register, error) =>
            log.warn({ event: 'retention-halted', register, reason: error.message }),
        })
      : undefined;
  const watch =
    store.capabilities.live === 'polled' ? watchHead({ store, stored, everyMs: POLL_MS }) : undefined;

  const health = createHealth({
    clock: () => clock.status(),
    intake: () => intake.status(),
    acceptor: {
      name: queue === undefined ? 'store' : 'queue',
      durability,
      probe: () => (queue ?? store).probe(),
    },
    parts: {
      ...(persister && { store: watchStore(store, persister), persister: watchPersister(persister) }),
      ...(objects && queue && { objects: watchObjects(objects, queue) }),
      ...access.parts,
    },
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
    ledger: createLedgerWatch({
      store,
      ...(queue && { queue }),
      nowMicros: clock.nowMicros,
      nowMs: clock.elapsedMs,
    }),
    ...(queue && { queue: () => queue.status() }),
    ...(persister && { persister: persister.status }),
    nowMicros: clock.nowMicros,
  });
  const context: HttpContext = {
    version,
    config,
    paths,
    intake,
    keysInFlight: createKeysInFlight(),
    keys: access.keys,
    audit: access.audit,
    authenticate: access.authenticate,
    clientOf: access.clientOf,
    assertLetsIn: access.assertLetsIn,
    store,
    ...(queue && { queue }),
    ...(persister && rates && { persister: { status: persister.status, perSecond: rates.perSecond } }),
    ...(deadLetters && { deadLetters }),
    durability,
    settledThrough: () => settling.through(),
    stored,
    limiter: createRateLimiter(() => clock.elapsedMs()),
    budget,
    health,
    metrics,
    log,
    draining: draining.signal,
    nowMicros: () => clock.nowMicros(),
    nowMs: () => clock.elapsedMs(),
  };
  const app = createApp(context);
  const server = createHttpServer(context, app);
  let closing: Promise<boolean> | undefined;

  function noteStored(entries: number): void {
    metrics.countBatch(entries);
    stored.ring();
  }

  async function close(): Promise<boolean> {
    health.noteDraining();
    draining.abort();
    const endMs = clock.elapsedMs() + limits.shutdownGraceMs;
    const cut = await server.close(limits.shutdownGraceMs);
    // What does not answer must not keep the process: what it holds was never acknowledged, or is in the queue.
    await ended('keys', FLUSH_MS, () => access.close());
    const taken = await ended('intake', FLUSH_MS, () => intake.close());
    if (persister !== undefined) {
      await ended('persister', Math.max(FLUSH_MS, endMs - clock.elapsedMs()), () => persister.drain());
      await ended('persister', FLUSH_MS, () => persister.close());
    }
    const flushed = await ended('drivers', FLUSH_MS, async () => {
      await tellWhatStays(queue, log);
      rates?.close();
      await watch?.close();
      await retention?.close();
      await settling.close();
      await drivers.close();
    });
    if (flushed) directory.release();
    return taken && flushed && !cut;
  }

  /** What cannot be closed, a file on a broken disk perhaps, is told; nothing else is kept from ending by it. */
  async function ended(part: string, timeoutMs: number, work: () => Promise<void>): Promise<boolean> {
    try {
      return await within(timeoutMs, work);
    } catch (cause) {
      log.error({ event: 'not-closed', part, err: cause });
      return false;
    }
  }

  return {
    config,
    durability,
    adminKeyFile: admin.file,
    adminKeyIsNew: admin.isNew,
    fetch: async (request, front) => app.fetch(request, front),
    listen: () => server.listen(),
    close: () => (closing ??= close()),
  };
}

async function openData(
  { path }: DataDirectory,
  config: Config,
  log: Logger,
): Promise<{ admin: AdminKey; drivers: Drivers }> {
  const admin = readOrMakeAdminKey(path);
  const drivers = await openDrivers(config, path, log);
  try {
    assertEntriesFit(config, drivers);
  } catch (thrown) {
    await drivers.close();
    throw thrown;
  }
  return { admin, drivers };
}

/** A queue that is not empty at the end is no fault: what is in it is acknowledged, and stored after the next start. */
async function tellWhatStays(queue: Queue | undefined, log: Logger): Promise<void> {
  if (queue?.capabilities.local !== true) return;
  try {
    const { messages, entries } = await queue.status();
    if (messages > 0) log.warn({ event: 'queue-not-empty', messages, entries });
  } catch (cause) {
    log.error({ event: 'queue-not-read', err: cause });
  }
}

/** @returns whether the work was done in that time. @throws what the work throws in it. */
async function within(timeoutMs: number, work: () => Promise<void>): Promise<boolean> {
  const over = new AbortController();
  const late = timer(timeoutMs, false, { signal: over.signal });
  try {
    return await Promise.race([work().then(() => true), late]);
  } finally {
    over.abort();
    await late.catch(() => undefined);
  }
}

/** @throws {StartError} when a register allows more than its drivers can hold. */
function assertEntriesFit({ registers }: Config, { store, queue }: Drivers): void {
  const ceilings = [
    { driver: `${store.capabilities.driver} store`, bytes: store.capabilities.maxEntryBytes },
  ];
  if (queue !== undefined) {
    const { driver, maxMessageBytes } = queue.capabilities;
    ceilings.push({ driver: `${driver} queue`, bytes: maxMessageBytes - ENVELOPE_BYTES });
  }
  for (const { driver, bytes } of ceilings) {
    const tooLarge = registers.find((register) => register.maxEntryBytes > bytes);
    if (tooLarge === undefined) continue;
    throw new StartError(
      `registers.${tooLarge.name}.maxEntryBytes: expected at most ${bytes}, what the ${driver} holds, given ${tooLarge.maxEntryBytes}`,
    );
  }
}

/** Of what is kept here, where nobody else writes: stamps go on above it. */
function newestStampOf({ store, queue }: Drivers): number | undefined {
  const stamps = [
    ...(store.newestIdAtOpen === undefined || store.capabilities.live === 'polled'
      ? []
      : [idToMicros(store.newestIdAtOpen)]),
    ...(queue?.newestStampAtOpen === undefined ? [] : [queue.newestStampAtOpen]),
  ];
  return stamps.length === 0 ? undefined : Math.max(...stamps);
}

/** Far ahead, the newest stamp came from a wrong clock: following it would keep every stamp wrong. */
function continueAbove(newestStamp: number | undefined, log: Logger): number | undefined {
  if (newestStamp === undefined) return undefined;
  const aheadMicros = newestStamp - systemTime.wallMs() * 1000;
  if (aheadMicros < MAX_AHEAD_MICROS) return newestStamp;
  log.warn({
    event: 'clock-behind-store',
    newestStamp: formatStamp(newestStamp),
    aheadSeconds: aheadMicros / 1e6,
  });
  return undefined;
}
