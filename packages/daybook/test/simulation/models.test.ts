/**
 * The models that the simulation runs on keep the rules of their ports: they pass the same suites as the real drivers.
 */
import { test } from 'node:test';

import type { Queue } from '../../src/queue/queue.ts';
import { QueueError } from '../../src/queue/queue.ts';
import { sleep } from '../../src/retry.ts';
import { createSimulatedBooks } from '../../src/testing/simulated-books.ts';
import { createSimulatedObjects } from '../../src/testing/simulated-objects.ts';
import { createSimulatedStore } from '../../src/testing/simulated-store.ts';
import { createSimulatedQueue } from '../../src/testing/simulated-queue.ts';
import { overWire } from '../../src/testing/simulated-wire.ts';
import type { OpenedObjects } from '../../src/testing/objects-conformance.ts';
import { testObjectsConformance } from '../../src/testing/objects-conformance.ts';
import type { OpenedQueue, OpenOptions } from '../../src/testing/queue-conformance.ts';
import { testQueueConformance } from '../../src/testing/queue-conformance.ts';
import type { OpenedStore } from '../../src/testing/store-conformance.ts';
import { testStoreConformance } from '../../src/testing/store-conformance.ts';

const nowMicros = () => Date.now() * 1000;

async function openStore(): Promise<OpenedStore> {
  const books = createSimulatedBooks();
  let store = createSimulatedStore({ books, nowMicros });
  const opened: OpenedStore = {
    get store() {
      return store;
    },
    join: async () => createSimulatedStore({ books, nowMicros }),
    async reopen() {
      await store.close();
      store = createSimulatedStore({ books, nowMicros });
      return opened;
    },
    async ageVouches(ms) {
      for (const [voucher, vouch] of books.vouches)
        books.vouches.set(voucher, { ...vouch, at: vouch.at - ms * 1000 });
    },
    async dispose() {
      await store.close();
    },
  };
  return opened;
}

async function openObjects(): Promise<OpenedObjects> {
  const objects = createSimulatedObjects(nowMicros);
  const opened: OpenedObjects = {
    objects,
    reopen: async () => opened,
    async corrupt(name) {
      const bytes = objects.contents.get(name) as Uint8Array;
      bytes[0] = (bytes[0] ?? 0) ^ 1;
    },
    dispose: async () => objects.close(),
  };
  return opened;
}

const realTime = { nowMs: () => performance.now(), nowMicros, sleep };

async function openQueue({ shortVisibility }: OpenOptions): Promise<OpenedQueue> {
  let isAway = false;
  const queue = createSimulatedQueue({
    time: realTime,
    random: Math.random,
    capabilities: { visibilityMs: shortVisibility ? 2_000 : 120_000 },
  });
  const reached = overWire<Queue>(
    queue,
    async (call) => {
      if (isAway) throw new QueueError('unavailable', 'not-written', 'it is away');
      return call();
    },
    ['close'],
  );
  return {
    queue: reached,
    async reopen() {
      await queue.close();
      queue.reopen();
      return reached;
    },
    async startOutage() {
      isAway = true;
      return { end: async () => void (isAway = false) };
    },
    dispose: () => queue.close(),
  };
}

testStoreConformance((name, run) => test(`store: ${name}`, run), openStore);
testObjectsConformance((name, run) => test(`objects: ${name}`, run), openObjects);
testQueueConformance((name, run) => test(`queue: ${name}`, run), openQueue);
