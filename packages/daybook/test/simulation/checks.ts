/**
 * What must be true of a simulated world when everything has come to rest.
 */
import assert from 'node:assert/strict';

import type { DeadLetter } from '../../src/persister/dead-letter.ts';
import { decodeLetter } from '../../src/persister/dead-letter.ts';
import { letterIdOf } from '../../src/persister/dead-letter-name.ts';
import type { Placed } from '../../src/testing/simulated-books.ts';
import { createSimulatedStore } from '../../src/testing/simulated-store.ts';
import type { Follower } from './follower.ts';
import type { World } from './world.ts';

const PLACES = ['stored', 'duplicate', 'dead', 'discarded', 'retrying'] as const;

/** An entry that fails for reasons that the store does not explain is dead at this attempt, never before. */
const LAST_ATTEMPT = 20;

/** @throws {AssertionError} */
export async function checkWorld(world: World, followers: readonly Follower[]): Promise<void> {
  assert.deepEqual(world.wrongs, []);
  checkPlaces(world);
  checkPositions(world, followers);
  checkKeys(world);
  checkLedger(world);
  checkLetters(world);
  // What is left is for a newer program.
  assert.equal(world.queue.length, world.sent.newer);
  const store = createSimulatedStore({ books: world.books, nowMicros: world.time.nowMicros });
  assert.deepEqual(await store.missingBatches(), []);
}

/** Every acknowledged entry is in exactly one place, with the bytes that were acknowledged. */
function checkPlaces({ acknowledged, books }: World): void {
  for (const [id, entry] of acknowledged) {
    const placed = books.places.get(id);
    assert.ok(placed !== undefined, `${id} was acknowledged and is nowhere`);
    assert.notEqual(placed.place, 'retrying', id);
    if (placed.entry === undefined) continue;
    const { position, ...stored } = placed.entry;
    assert.ok(position.number > 0);
    assert.deepEqual(toComparable(stored), toComparable(entry));
  }
  const ids = books.entries.map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, 'an entry was stored twice');
  for (const { id } of books.entries) assert.equal(books.places.get(id)?.place, 'stored', id);
}

function toComparable(entry: object): unknown {
  return Object.fromEntries(Object.entries(entry).map(([name, value]) => [name, toPlain(value)]));
}

function toPlain(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value;
}

/** A tail that ran beside everything saw each entry once, in order, and passed none over. */
function checkPositions({ books }: World, followers: readonly Follower[]): void {
  for (const { register, seen, numbers } of followers) {
    const expected = books.entries.filter((entry) => entry.register === register).map(({ id }) => id);
    assert.deepEqual(seen, expected, `what the tail of ${register} saw`);
    assert.ok(numbers.every((number, index) => number > (numbers[index - 1] ?? 0)));
  }
}

function checkKeys({ books }: World): void {
  const holders = new Map<string, string>();
  for (const { id, register, subject, idempotencyKey } of books.entries) {
    if (idempotencyKey === undefined) continue;
    const key = JSON.stringify([register, subject, idempotencyKey]);
    assert.equal(holders.get(key), undefined, `${id} and ${holders.get(key)} have the same key`);
    holders.set(key, id);
  }
  for (const [id, { place, firstId }] of books.places) {
    if (place === 'duplicate') assert.equal(books.places.get(firstId ?? '')?.place, 'stored', id);
  }
}

function checkLedger({ books }: World): void {
  const sums = Object.fromEntries(PLACES.map((place) => [place, 0]));
  for (const row of books.ledger.values()) {
    const sum = row.stored + row.duplicate + row.dead + row.discarded + row.expired + row.retrying;
    assert.equal(row.accepted, sum, JSON.stringify(row));
    for (const place of PLACES) {
      assert.ok(row[place] >= 0, JSON.stringify(row));
      sums[place] = (sums[place] ?? 0) + row[place];
    }
  }
  for (const place of PLACES) {
    const placed = [...books.places.values()].filter((other) => other.place === place).length;
    assert.equal(sums[place], placed, place);
  }
  assert.equal(sums['retrying'], 0);
}

/** One dead letter for each dead entry, and none without cause. */
function checkLetters(world: World): void {
  const { books, objects, sent, poison } = world;
  const letters = new Map<string, DeadLetter>();
  for (const [name, bytes] of objects.contents) {
    const id = letterIdOf(name) ?? name;
    letters.set(id, decodeLetter(id, bytes));
  }
  let raw = 0;
  for (const [id, letter] of letters) {
    if ('bytes' in letter) raw += 1;
    else checkCause(world, id, letter);
  }
  assert.ok(raw <= sent.broken, 'raw dead letters without a broken message');
  for (const [id, placed] of books.places) {
    if (placed.place === 'dead') assert.ok(letters.has(id), `${id} is dead and has no letter`);
    if (placed.place === 'dead' || placed.place === 'discarded') {
      assert.ok(world.wasPoison.has(id) || isConflict(placed), `${id} died without cause`);
    }
    if (poison.get(id)?.untilMs === Infinity)
      assert.notEqual(placed.place, 'stored', `${id} cannot be stored`);
  }
}

function checkCause(
  { books, refusals, wasPoison }: World,
  id: string,
  { reason, attempts }: DeadLetter,
): void {
  const { rejected = 0, unexpected = 0 } = refusals.get(id) ?? {};
  const placed = books.places.get(id);
  const causes: Record<string, boolean> = {
    rejected: wasPoison.has(id) && rejected > 0,
    unexpected: wasPoison.has(id) && attempts === LAST_ATTEMPT && unexpected >= attempts,
    'idempotency-conflict': placed !== undefined && isConflict(placed),
  };
  assert.ok(causes[reason.code], `${id}: a letter without cause: ${reason.code} after ${attempts} attempts`);
}

function isConflict({ firstId }: Placed): boolean {
  return firstId !== undefined;
}
