/**
 * A small world: one store, one queue and one object storage, the ways to them, and the weather. Everything in it follows
 * from one seed.
 */
import type { Entry } from '../../src/entry.ts';
import { decodeEnvelope } from '../../src/envelope.ts';
import { ObjectsError } from '../../src/objects/objects.ts';
import type { Objects } from '../../src/objects/objects.ts';
import type { DeadLetters } from '../../src/persister/dead-letters.ts';
import { createDeadLetters } from '../../src/persister/dead-letters.ts';
import type { Queue, QueueCapabilities } from '../../src/queue/queue.ts';
import { QueueError } from '../../src/queue/queue.ts';
import type { Store } from '../../src/store/store.ts';
import { StoreError } from '../../src/store/store.ts';
import type { SimulatedBooks } from '../../src/testing/simulated-books.ts';
import { createSimulatedBooks } from '../../src/testing/simulated-books.ts';
import type { SimulatedObjects } from '../../src/testing/simulated-objects.ts';
import { createSimulatedObjects } from '../../src/testing/simulated-objects.ts';
import type { SimulatedProcess } from '../../src/testing/simulated-process.ts';
import { createSimulatedProcess } from '../../src/testing/simulated-process.ts';
import type { SimulatedQueue } from '../../src/testing/simulated-queue.ts';
import { createSimulatedQueue } from '../../src/testing/simulated-queue.ts';
import { createSimulatedStore } from '../../src/testing/simulated-store.ts';
import type { SimulatedTime } from '../../src/testing/simulated-time.ts';
import { createChance, createSimulatedTime } from '../../src/testing/simulated-time.ts';
import type { Weather } from '../../src/testing/simulated-wire.ts';
import { createWire, overWire } from '../../src/testing/simulated-wire.ts';

/** An entry that the store does not take, until somebody mends the cause. */
export interface Poison {
  readonly reason: 'rejected' | 'unexpected';
  readonly untilMs: number;
}

export interface World {
  readonly time: SimulatedTime;
  readonly chance: Chance;
  readonly books: SimulatedBooks;
  readonly queue: SimulatedQueue;
  readonly objects: SimulatedObjects;
  readonly weather: { readonly store: Weather; readonly queue: Weather; readonly objects: Weather };
  /** By the entry's id. */
  readonly poison: Map<string, Poison>;
  /** Every id that ever was poison: only these, and conflicts, may have dead letters. */
  readonly wasPoison: Set<string>;
  /** How often the store refused an entry, by id: no more than that may ever be held against it. */
  readonly refusals: Map<string, Record<Poison['reason'], number>>;
  /** What was done that must never be done, for people. */
  readonly wrongs: string[];
  /** The queue belongs to one process: what is delivered there comes again only when that process begins anew. */
  readonly local: boolean;
  /** What a client was told to be on record. */
  readonly acknowledged: Map<string, Entry>;
  /** Messages that do not carry what was sent, and messages for a newer program. */
  readonly sent: { broken: number; newer: number };
  /** The store takes no entry at all, and says why as it would of one entry. */
  systemic: Poison['reason'] | undefined;
  /** The store's probe fails as well. */
  probeFails: boolean;
  /** From then on nothing new goes wrong. */
  calm: boolean;
  /** A process of its own, and what it sees. */
  enter(): Inhabitant;
}

export interface Inhabitant {
  readonly process: SimulatedProcess;
  readonly store: Store;
  readonly queue: Queue;
  readonly deadLetters: DeadLetters;
}

export interface Chance {
  /** From 0 (inclusive) to 1 (exclusive). */
  (): number;
  /** Whole, from `least` to `most`. */
  between(least: number, most: number): number;
  pick<T>(choices: readonly T[]): T;
}

const START_MS = Date.UTC(2030, 0, 1);
/** Those of a queue in a file of one's own. */
const LOCAL_QUEUE = {
  local: true,
  settled: true,
  retentionMs: undefined,
  visibilityMs: undefined,
  maxDelayMs: Number.MAX_SAFE_INTEGER,
};

function fair(maxWayMs: number): Weather {
  return { outage: false, loss: 0, maxWayMs };
}

/** @param sqs what a queue that is no process's own has otherwise than the model by default. */
export function createWorld(seed: number, sqs: Partial<QueueCapabilities> = {}): World {
  const random = createChance(seed);
  const chance: Chance = Object.assign(() => random(), {
    between: (least: number, most: number) => least + Math.floor(random() * (most - least + 1)),
    pick: <T>(choices: readonly T[]): T => choices[Math.floor(random() * choices.length)] as T,
  });
  const time = createSimulatedTime(START_MS);
  const books = createSimulatedBooks();
  const local = chance() < 0.3;
  const queue = createSimulatedQueue({ time, random, capabilities: local ? LOCAL_QUEUE : sqs });
  const objects = createSimulatedObjects(time.nowMicros);
  const weather = { store: fair(20), queue: fair(20), objects: fair(50) };

  const toStore = createWire({
    time,
    random,
    weather: weather.store,
    toError: (outcome, message) => new StoreError('unavailable', outcome, message),
  });
  const toQueue = createWire({
    time,
    random,
    weather: weather.queue,
    toError: (outcome, message) => new QueueError('unavailable', outcome, message),
  });
  const toObjects = createWire({
    time,
    random,
    weather: weather.objects,
    toError: (_outcome, message) => new ObjectsError('unavailable', message),
  });

  /** Writes each batch in a transaction of its own, as a store may that cannot write all of them at once. */
  function inSeveralTransactions(store: Store): Store {
    return {
      ...store,
      async persist(batches) {
        const results = [];
        for (const batch of batches) {
          if (results.length > 0 && random() < weather.store.loss)
            throw new StoreError('unavailable', 'unknown', 'the connection broke between two transactions');
          results.push(...(await store.persist([batch])));
        }
        return results;
      },
      async probe() {
        if (world.probeFails) throw new StoreError('unexpected', 'not-written', 'no row can be written');
      },
    };
  }

  /** The same queue, with an eye on what is sent back to it. */
  const watchedQueue: Queue = {
    ...queue,
    async send(message) {
      const { batch, retry } = decodeEnvelope(message.body);
      for (const { id } of retry === undefined ? [] : batch.entries) {
        const refused = world.refusals.get(id)?.unexpected ?? 0;
        if (retry !== undefined && retry.attempts > refused)
          world.wrongs.push(`${id}: ${retry.attempts} attempts counted, refused ${refused} times`);
      }
      await queue.send(message);
    },
  };

  function refuse(id: string, reason: Poison['reason'], message: string): StoreError {
    const refused = world.refusals.get(id) ?? { rejected: 0, unexpected: 0 };
    refused[reason] += 1;
    world.refusals.set(id, refused);
    return new StoreError(reason, 'not-written', message);
  }

  const world: World = {
    time,
    chance,
    books,
    queue,
    objects,
    weather,
    poison: new Map(),
    wasPoison: new Set(),
    refusals: new Map(),
    wrongs: [],
    local,
    acknowledged: new Map(),
    sent: { broken: 0, newer: 0 },
    systemic: undefined,
    probeFails: false,
    calm: false,

    enter() {
      const process = createSimulatedProcess(time.sleep);
      const model = inSeveralTransactions(createSimulatedStore({ books, nowMicros: time.nowMicros }));
      const store = process.see(overWire(model, toStore, ['close']));
      return {
        process,
        store,
        queue: process.see(overWire(watchedQueue, toQueue, ['close'])),
        deadLetters: createDeadLetters({
          store,
          objects: process.see(overWire<Objects>(objects, toObjects, ['close'])),
        }),
      };
    },
  };

  books.refuse = ({ id }) => {
    if (world.systemic !== undefined) return refuse(id, world.systemic, 'a table is not as expected');
    const poison = world.poison.get(id);
    if (poison === undefined || time.nowMs() >= poison.untilMs) return undefined;
    return refuse(id, poison.reason, `${id} cannot be stored`);
  };
  return world;
}
