/**
 * Everything between a front and the drivers, the same on a server and in a function: intake → store, and back through the
 * reader and the tail. What only one of them has (a data directory, a socket, work beside the requests) is not here.
 */
import type { Logger } from 'pino';

import { createInternalRecords } from './access/internal-records.ts';
import { createRateLimiter } from './access/rate-limit.ts';
import type { Clock } from './clock.ts';
import type { Config } from './config/load.ts';
import { version } from './config/version.ts';
import type { Drivers } from './drivers.ts';
import { StartError } from './errors.ts';
import type { Front } from './http/front.ts';
import type { HttpContext } from './http/context.ts';
import type { IdGenerator } from './id.ts';
import { createBudget } from './intake/budget.ts';
import type { Intake } from './intake/intake.ts';
import { createKeysInFlight } from './intake/keys-in-flight.ts';
import { ENVELOPE_BYTES } from './intake/queue-target.ts';
import type { OpenedAccess } from './open-access.ts';
import { openAccess } from './open-access.ts';
import { openDrain } from './open-drain.ts';
import { openIntake } from './open-intake.ts';
import { openPersister } from './open-persister.ts';
import { createDeadLetters } from './persister/dead-letters.ts';
import type { Persister } from './persister/persister.ts';
import type { Register } from './register.ts';
import { registerPaths } from './register.ts';
import { createSignal } from './tail/signal.ts';
import type { HealthOptions } from './telemetry/health.ts';
import { createHealth } from './telemetry/health.ts';
import { createLedgerWatch } from './telemetry/ledger-watch.ts';
import { createMetrics } from './telemetry/metrics.ts';
import { createRates } from './telemetry/rates.ts';
import { watchObjects, watchPersister, watchStore } from './telemetry/watched-parts.ts';

export interface ServiceOptions {
  readonly config: Config;
  readonly drivers: Pick<Drivers, 'store' | 'queue' | 'crashed' | 'objects'>;
  readonly front: Front;
  /** The folder of what pages load. */
  readonly assets: URL;
  readonly clock: Clock;
  readonly ids: IdGenerator;
  /** Milliseconds that never go back, also while nothing runs. */
  readonly nowMs: () => number;
  readonly log: Logger;
  /** Absent where there is no data directory to keep one in. */
  readonly adminKey?: string;
  /** Whether the process runs between requests, so that it can keep itself up to date by timers. */
  readonly background: boolean;
  readonly settledThrough: (intake: Intake) => number | undefined;
  /** A write hears `unknown` after so long, asked when its batch is appended; milliseconds. Default as configured. */
  readonly answerWithinMs?: () => number;
  readonly health?: HealthOptions;
  /** Called with entries of callers that are on record now and were not before. */
  readonly onAccepted?: (entries: number) => void;
}

export interface Service {
  readonly context: HttpContext;
  readonly intake: Intake;
  readonly access: OpenedAccess;
  readonly persister: Persister | undefined;
  /** Streams end, and answers say that the connection does; before the front is closed. */
  drain(): void;
  /** Ends what tells of the work; not the work. */
  close(): void;
}

/** @throws {StartError} when a register allows more than the drivers hold. */
export async function openService(options: ServiceOptions): Promise<Service> {
  const { config, drivers, clock, ids, nowMs, log, front, assets, background } = options;
  const { store, queue, crashed, objects } = drivers;
  assertEntriesFit(config, drivers);
  const paths = config.roles.includes('api') ? registerPaths(config.registers) : new Map<string, Register>();
  const budget = createBudget(config.limits.maxBytesInFlight);
  const stored = createSignal();
  const draining = new AbortController();
  const durability: HttpContext['durability'] = () => {
    const { durability: level, durabilityProof: proof } = (queue ?? store).capabilities;
    return { level, proof };
  };

  const { intake, toStore } = openIntake({
    config,
    store,
    queue,
    clock,
    ids,
    budget,
    ...(options.answerWithinMs && { answerWithinMs: options.answerWithinMs }),
    onStored({ entries }, { exceptions }) {
      const added = entries.length - exceptions.length;
      noteStored(added);
      options.onAccepted?.(added);
      if (queue === undefined) health.noteCommit();
    },
    onQueued({ entries }) {
      options.onAccepted?.(entries.length);
      health.noteCommit();
    },
  });
  const records = createInternalRecords({ intake: toStore, region: config.region });
  const access = await openAccess({
    config,
    ...(options.adminKey !== undefined && { adminKey: options.adminKey }),
    store,
    records,
    clock,
    nowMs,
    background,
    log,
  });
  const drain = openDrain({
    store,
    records,
    region: config.region,
    nowMicros: () => clock.nowMicros(),
    nowMs,
    background,
  });
  const deadLetters = objects && createDeadLetters({ objects, store });
  const persister =
    queue && deadLetters && config.roles.includes('persister')
      ? openPersister({ config, queue, crashed, store, deadLetters, clock, log, onStored: noteStored })
      : undefined;
  const rates = persister && createRates({ read: () => persister.status().counters, nowMs });

  const health = createHealth(
    {
      clock: () => clock.status(),
      intake: () => intake.status(),
      acceptor: {
        name: queue === undefined ? 'store' : 'queue',
        durability,
        probe: () => (queue ?? store).probe(),
      },
      drained: drain.current,
      region: config.region,
      parts: {
        ...(persister && { store: watchStore(store, persister), persister: watchPersister(persister) }),
        ...(objects && queue && { objects: watchObjects(objects, queue) }),
        ...access.parts,
        region: drain.status,
      },
      registers: config.registers,
      nowMicros: () => clock.nowMicros(),
      nowMs,
    },
    options.health,
  );
  const metrics = createMetrics({
    entriesInFlight: () => intake.status().entriesInFlight,
    bytesInFlight: () => budget.used,
    followers: () => stored.waiting,
    isDrained: () => drain.known !== undefined,
    clockAheadSeconds: () => clock.status().wallAheadMicros / 1e6,
    components: () =>
      Object.fromEntries(
        Object.entries(health.components()).map(([name, { state }]) => [name, state === 'ok']),
      ),
    ledger: createLedgerWatch({ store, ...(queue && { queue }), nowMicros: clock.nowMicros, nowMs }),
    ...(queue && { queue: () => queue.status() }),
    ...(persister && { persister: persister.status }),
    nowMicros: clock.nowMicros,
  });

  function noteStored(entries: number): void {
    metrics.countBatch(entries);
    stored.ring();
  }

  const context: HttpContext = {
    version,
    config,
    front,
    assets,
    paths,
    intake,
    keysInFlight: createKeysInFlight(),
    keys: access.keys,
    audit: access.audit,
    drain,
    authenticate: access.authenticate,
    clientOf: access.clientOf,
    assertLetsIn: access.assertLetsIn,
    store,
    ...(queue && { queue }),
    ...(persister && rates && { persister: { status: persister.status, perSecond: rates.perSecond } }),
    ...(deadLetters && { deadLetters }),
    durability,
    settledThrough: () => options.settledThrough(intake),
    stored,
    limiter: createRateLimiter(nowMs),
    budget,
    health,
    metrics,
    log,
    draining: draining.signal,
    nowMicros: () => clock.nowMicros(),
    nowMs,
  };
  return {
    context,
    intake,
    access,
    persister,
    drain() {
      health.noteDraining();
      draining.abort();
    },
    close: () => rates?.close(),
  };
}

/** @throws {StartError} when a register allows more than its drivers can hold. */
function assertEntriesFit({ registers }: Config, { store, queue }: Pick<Drivers, 'store' | 'queue'>): void {
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
