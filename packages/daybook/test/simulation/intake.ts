/**
 * The intakes of a simulated world: they stamp entries, send them as batches, and acknowledge what the queue has. One
 * with a key goes to the store first. They crash, and come back under another name.
 */
import { createClock } from '../../src/clock.ts';
import type { Entry } from '../../src/entry.ts';
import type { Batch } from '../../src/envelope.ts';
import { encodeEnvelope } from '../../src/envelope.ts';
import type { IdGenerator } from '../../src/id.ts';
import { createIdGenerator, idToMicros } from '../../src/id.ts';
import { QueueError } from '../../src/queue/queue.ts';
import { StoreError } from '../../src/store/store.ts';
import type { Inhabitant, World } from './world.ts';

export interface IntakeHabits {
  readonly maxBatchEntries: number;
  /** The longest pause between two batches. */
  readonly maxPauseMs: number;
  /** Parts of 1. */
  readonly keyed: number;
  readonly poisoned: number;
  /** Poison that stays and that the store does not explain: takes twenty attempts. */
  readonly lasting: boolean;
}

const REGISTERS = ['app', 'data'];
/** Few, so that they are used again, with the same payload or with another. */
const KEYS = ['key-a', 'key-b', 'key-c', 'key-d'];
const MEND_WITHIN_MS = 600_000;
const SOUND_ENTRIES = 40;
const FIRST_SOUND_PAUSE_MS = 20_000;
const MAX_SOUND_PAUSE_MS = 300_000;

/** Names its batches 1, 2, 3 … and repeats each until its outcome is known. */
function createNumbering(source: string) {
  let n = 0;
  let total = 0;
  return async (entries: readonly Entry[], write: (batch: Batch) => Promise<boolean>): Promise<void> => {
    const settledThrough = Math.max(...entries.map(({ id }) => idToMicros(id)));
    const batch: Batch = {
      source,
      region: 'local',
      n: n + 1,
      total: total + entries.length,
      entries,
      settledThrough,
    };
    if (!(await write(batch))) return;
    n = batch.n;
    total = batch.total;
  };
}

export function createIntake(world: World, name: string, habits: IntakeHabits) {
  const { time, chance } = world;
  let life = 0;

  async function live(stopped: () => boolean): Promise<void> {
    while (!stopped()) {
      life += 1;
      const inhabitant = world.enter();
      const working = work(inhabitant, createIds(world), `${name}.${life}`, stopped);
      const crashing = world.calm ? working : Promise.race([working, crash(inhabitant)]);
      await crashing;
    }
  }

  async function crash({ process }: Inhabitant): Promise<void> {
    await time.sleep(chance.between(1_000, 300_000));
    if (world.calm) await new Promise(() => undefined);
    process.kill();
  }

  async function work(
    inhabitant: Inhabitant,
    ids: IdGenerator,
    source: string,
    stopped: () => boolean,
  ): Promise<void> {
    const toQueue = createNumbering(source);
    const toStore = createNumbering(`${source}.keyed`);
    const { process } = inhabitant;
    let finishing: Promise<void> = Promise.resolve();
    while (!stopped()) {
      await process.sleep(chance() * habits.maxPauseMs);
      const entries = Array.from({ length: chance.between(1, habits.maxBatchEntries) }, () => makeEntry(ids));
      const queued = entries.filter(({ idempotencyKey }) => idempotencyKey === undefined);
      for (const entry of entries.filter(({ idempotencyKey }) => idempotencyKey !== undefined)) {
        await finishing;
        const { taken, known } = storeFirst(inhabitant, entry, toStore);
        finishing = known;
        if (!(await taken)) queued.push(entry);
      }
      if (queued.length > 0) await toQueue(queued, (batch) => send(inhabitant, batch));
    }
    await finishing;
  }

  function makeEntry(ids: IdGenerator): Entry {
    const id = ids.next();
    const keyed = chance() < habits.keyed;
    const payload = chance.between(0, 1);
    if (chance() < habits.poisoned) {
      const reason = chance.pick(['rejected', 'unexpected'] as const);
      const lasts = reason === 'rejected' || (habits.lasting && chance() < 0.3);
      const untilMs = lasts ? Infinity : time.nowMs() + chance() * MEND_WITHIN_MS;
      world.poison.set(id, { reason, untilMs });
      world.wasPoison.add(id);
    }
    return {
      ...makeSound(id, chance.pick(REGISTERS)),
      payload: Buffer.from(`payload ${payload}`),
      ...(keyed && { idempotencyKey: chance.pick(KEYS), fingerprint: new Uint8Array(32).fill(payload) }),
    };
  }

  /**
   * Asks the store, but does not wait for long. `taken`: what the caller is told; `known`: the append is repeated until
   * its outcome is known, because its number is used by then.
   */
  function storeFirst(
    { store, process }: Inhabitant,
    entry: Entry,
    number: ReturnType<typeof createNumbering>,
  ) {
    const patience = Promise.withResolvers<boolean>();
    let unknown = false;
    const known = number([entry], async (batch) => {
      for (;;) {
        try {
          const { exceptions } = await store.append(batch);
          // What is recognised as a repeat was never accepted.
          if (exceptions.length === 0) world.acknowledged.set(entry.id, entry);
          patience.resolve(true);
          return true;
        } catch (thrown) {
          const { outcome, reason } = thrown as StoreError;
          patience.resolve(false);
          unknown ||= outcome === 'unknown';
          // A batch that is refused now was not written before: it would have been recognised.
          if (!unknown || reason === 'rejected' || reason === 'unexpected') return false;
          await process.sleep(500);
        }
      }
    });
    return { taken: patience.promise, known };
  }

  async function send({ queue, process }: Inhabitant, batch: Batch): Promise<boolean> {
    const { entries } = batch;
    const body = encodeEnvelope({ batch });
    sendStrange(body);
    let unknown = false;
    for (;;) {
      try {
        const oldestStamp = Math.min(...entries.map(({ id }) => idToMicros(id)));
        await queue.send({ body, entries: entries.length, oldestStamp });
        for (const entry of entries) world.acknowledged.set(entry.id, entry);
        return true;
      } catch (thrown) {
        unknown ||= (thrown as QueueError).outcome === 'unknown';
        if (!unknown) return false;
        await process.sleep(500);
      }
    }
  }

  /** Now and then somebody sends what cannot be read, or not by this program. */
  function sendStrange(body: Uint8Array): void {
    if (world.calm || chance() > 0.02) return;
    const strange = new Uint8Array(body);
    if (chance() < 0.5) {
      strange[strange.length - 1] = 0x7f;
      world.sent.broken += 1;
    } else {
      strange.set(Buffer.from('{"v":9'));
      world.sent.newer += 1;
    }
    void world.queue.send({ body: strange, entries: 1, oldestStamp: 0 });
  }

  return { live };
}

/** Entries that nothing is wrong with, in batches large enough to outnumber whatever is, until nothing else is left. */
export async function sendSound(world: World, enough: () => boolean): Promise<void> {
  const { time, queue } = world;
  const number = createNumbering('sound');
  const ids = createIds(world);
  for (let pauseMs = FIRST_SOUND_PAUSE_MS; !enough(); pauseMs = Math.min(MAX_SOUND_PAUSE_MS, pauseMs * 2)) {
    const entries = Array.from({ length: SOUND_ENTRIES }, () => makeSound(ids.next(), 'app'));
    await number(entries, async (batch) => {
      const body = encodeEnvelope({ batch });
      await queue.send({ body, entries: SOUND_ENTRIES, oldestStamp: idToMicros(entries[0]?.id ?? '') });
      for (const entry of entries) world.acknowledged.set(entry.id, entry);
      return true;
    });
    await time.sleep(pauseMs);
  }
}

function createIds({ time, chance }: World): IdGenerator {
  const random = (words: Uint32Array): void =>
    words.forEach((_, index) => (words[index] = Math.floor(chance() * 2 ** 32)));
  return createIdGenerator(createClock(time), { random });
}

function makeSound(id: string, register: string): Entry {
  return {
    id,
    register,
    subject: '',
    requestId: id,
    protocol: 'http',
    region: 'local',
    contentType: 'text/plain',
  };
}
