/**
 * The persister with a real queue, a real store and a real object storage. The ways between them can be bent, as a network
 * bends them; everything ends with the test.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { createClock, systemTime } from '../../src/clock.ts';
import type { Entry } from '../../src/entry.ts';
import type { Batch } from '../../src/envelope.ts';
import { encodeEnvelope } from '../../src/envelope.ts';
import { createFileObjects } from '../../src/objects/file/file-objects.ts';
import type { DeadLetters } from '../../src/persister/dead-letters.ts';
import { createDeadLetters } from '../../src/persister/dead-letters.ts';
import type { Persister } from '../../src/persister/persister.ts';
import { createPersister } from '../../src/persister/persister.ts';
import type { Queue } from '../../src/queue/queue.ts';
import { createSqliteQueue } from '../../src/queue/sqlite/sqlite-queue.ts';
import { random, sleep } from '../../src/retry.ts';
import type { Store } from '../../src/store/store.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { createSource } from '../../src/testing/made-batches.ts';
import { eventually } from '../support/eventually.ts';

export interface RealParts {
  readonly directory: string;
  readonly queue: Queue;
  readonly store: Store;
  readonly letters: DeadLetters;
  /** Those that were started, to be closed before the rest. */
  readonly persisters: Persister[];
}

export interface PersisterBends {
  readonly queue?: Partial<Queue>;
  readonly store?: Partial<Pick<Store, 'persist' | 'probe'>>;
  readonly maxBatchEntries?: number;
}

/** What is not given is SQLite, in a directory of its own. */
export async function openParts(
  t: TestContext,
  given: { queue?: Queue; store?: Store } = {},
): Promise<RealParts> {
  const directory = await mkdtemp(join(tmpdir(), 'daybook-persister-'));
  const queue = given.queue ?? (await createSqliteQueue({ directory }));
  const store = given.store ?? (await createSqliteStore({ directory }));
  const objects = await createFileObjects({ directory: join(directory, 'objects') });
  const persisters: Persister[] = [];
  t.after(async () => {
    await Promise.all(persisters.map((persister) => persister.close()));
    await queue.close();
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });
  return { directory, queue, store, letters: createDeadLetters({ objects, store }), persisters };
}

/** Runs until the test ends, or it is closed. */
export function startPersister(parts: RealParts, bends: PersisterBends = {}): Persister {
  const { queue, store, letters } = parts;
  const clock = createClock(systemTime);
  const persister = createPersister({
    queue: { ...queue, ...bends.queue },
    store: { persist: store.persist, probe: store.probe, ...bends.store },
    deadLetters: letters,
    limits: { concurrency: 2, maxBatchEntries: bends.maxBatchEntries ?? 1_000, maxBatchBytes: 8_000_000 },
    nowMicros: () => clock.nowMicros(),
    nowMs: () => clock.elapsedMs(),
    sleep,
    random,
    onStored: () => undefined,
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  persister.start();
  parts.persisters.push(persister);
  return persister;
}

/** An intake: names its batches and sends each as one message. */
export function createSender({ queue }: RealParts, source: string) {
  const next = createSource(source);
  return async (entries: readonly Entry[]): Promise<Batch> => {
    const batch = next(entries);
    await sendBatch(queue, batch);
    return batch;
  };
}

export async function sendBatch(queue: Queue, batch: Batch): Promise<void> {
  await queue.send({ body: encodeEnvelope({ batch }), entries: batch.entries.length, oldestStamp: 1 });
}

/** Every message is acknowledged but for `left` of them. */
export async function untilDrained({ queue }: RealParts, left = 0): Promise<void> {
  await eventually(`the queue holds ${left}`, async () => (await queue.status()).messages === left);
}

export type Places = Partial<
  Record<'accepted' | 'stored' | 'duplicate' | 'dead' | 'discarded' | 'retrying', number>
>;

/** By the ledger, each row of which must balance; what is zero is not named. */
export async function placesOf({ store }: Pick<RealParts, 'store'>): Promise<Places> {
  const places: Places = {};
  for (const row of await store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER }, 10_000)) {
    const { accepted, stored, duplicate, dead, discarded, retrying, expired } = row;
    assert.equal(accepted, stored + duplicate + dead + discarded + retrying + expired, JSON.stringify(row));
    for (const [name, count] of Object.entries({ accepted, stored, duplicate, dead, discarded, retrying }))
      if (count > 0) places[name as keyof Places] = (places[name as keyof Places] ?? 0) + count;
  }
  return places;
}

export async function letterIds({ letters }: Pick<RealParts, 'letters'>): Promise<string[]> {
  return (await letters.list({ limit: 1_000 })).letters.map(({ id }) => id);
}

/** A tail from the beginning sees exactly these, each once, unchanged. */
export async function assertOnRecord(
  { store }: Pick<RealParts, 'store'>,
  expected: readonly Entry[],
): Promise<void> {
  const seen: { id: string; entry: unknown }[] = [];
  let after = 0;
  for (;;) {
    const query = { register: 'app', lane: 'main', after, limit: 1_000, maxBytes: 1e9 };
    const { entries, through } = await store.tail(query);
    for (const { position: _, ...entry } of entries) seen.push({ id: entry.id, entry: toPlain(entry) });
    if (through === after) break;
    after = through;
  }
  assert.deepEqual(
    seen.toSorted(byId).map(({ entry }) => entry),
    expected.toSorted(byId).map(toPlain),
  );
  assert.deepEqual(await store.missingBatches(), []);
}

function byId(a: { id: string }, b: { id: string }): number {
  return a.id < b.id ? -1 : 1;
}

function toPlain(entry: Entry): unknown {
  const { payload, fingerprint: _, ...rest } = entry;
  return { ...rest, payload: payload && Buffer.from(payload).toString('hex') };
}
