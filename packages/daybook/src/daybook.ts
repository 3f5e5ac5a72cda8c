/**
 * The composition root: configuration in, running service out. Reads like the way of an entry: http → intake → store,
 * and back through the reader and the tail. Only this module, the command line and other process entries choose drivers.
 */
import type { AddressInfo } from 'node:net';
import { setTimeout as timer } from 'node:timers/promises';
import type { Logger } from 'pino';

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
import type { AppEnv } from './http/app-env.ts';
import { createApp } from './http/app.ts';
import { NODE_FRONT } from './http/front.ts';
import { createHttpServer } from './http/node/server.ts';
import { createIdGenerator, formatStamp, idToMicros, microsToFirstId } from './id.ts';
import { createSettling } from './intake/settling.ts';
import { openService } from './open-service.ts';
import type { Queue } from './queue/queue.ts';
import { startRetention } from './retention/retention.ts';
import { sleep } from './retry.ts';
import { watchHead } from './tail/head-watch.ts';

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
const ASSETS = new URL('../assets/', import.meta.url);

/** @throws {StartError} when the data directory or a driver cannot be used. */
export async function createDaybook(config: Config, log: Logger): Promise<Daybook> {
  const directory = await ownDataDirectory(config.dataDir);
  const { admin, drivers } = await openData(directory, config, log).catch((thrown: unknown) => {
    directory.release();
    throw thrown;
  });
  try {
    return await compose(config, log, { directory, admin, drivers });
  } catch (thrown) {
    await drivers.close();
    directory.release();
    throw thrown;
  }
}

interface Opened {
  readonly directory: DataDirectory;
  readonly admin: AdminKey;
  readonly drivers: Drivers;
}

async function compose(config: Config, log: Logger, { directory, admin, drivers }: Opened): Promise<Daybook> {
  const { store, queue } = drivers;
  const after = continueAbove(newestStampOf(drivers), log);
  const clock = createClock(systemTime, after ?? 0);
  const { limits } = config;
  const service = await openService({
    config,
    drivers,
    front: NODE_FRONT,
    assets: ASSETS,
    clock,
    ids: createIdGenerator(clock, after === undefined ? {} : { after: microsToFirstId(after) }),
    nowMs: clock.elapsedMs,
    log,
    adminKey: admin.key,
    background: true,
    settledThrough: () => settling.through(),
  });
  const { context, intake, access, persister } = service;
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
    store.capabilities.live === 'polled'
      ? watchHead({ store, stored: context.stored, everyMs: POLL_MS })
      : undefined;
  const app = createApp(context);
  const server = createHttpServer(context, app, context);
  let closing: Promise<boolean> | undefined;

  async function close(): Promise<boolean> {
    service.drain();
    const endMs = clock.elapsedMs() + limits.shutdownGraceMs;
    const cut = await server.close(limits.shutdownGraceMs);
    // What does not answer must not keep the process: what it holds was never acknowledged, or is in the queue.
    await ended('drain', FLUSH_MS, () => context.drain.close());
    await ended('keys', FLUSH_MS, () => access.close());
    const taken = await ended('intake', FLUSH_MS, () => intake.close());
    // Its drivers go: repeated for ever, a batch would only keep the program that embeds this from ending.
    if (!taken) intake.abandon();
    if (persister !== undefined) {
      await ended('persister', Math.max(FLUSH_MS, endMs - clock.elapsedMs()), () => persister.drain());
      await ended('persister', FLUSH_MS, () => persister.close());
    }
    const flushed = await ended('drivers', FLUSH_MS, async () => {
      await tellWhatStays(queue, log);
      service.close();
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
    durability: context.durability,
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
  return { admin, drivers: await openDrivers(config, path, log) };
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
