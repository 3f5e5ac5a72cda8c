/** Dead letters on a real object storage and a real store: nothing is lost and nothing is stored twice. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import type { Entry } from '../../src/entry.ts';
import { encodeEnvelope } from '../../src/envelope.ts';
import { createFileObjects } from '../../src/objects/file/file-objects.ts';
import type { Objects } from '../../src/objects/objects.ts';
import { ObjectsError } from '../../src/objects/objects.ts';
import { DeadLetterDamagedError, rawIdOf } from '../../src/persister/dead-letter.ts';
import type { DeadLetterFailure, DeadLetters } from '../../src/persister/dead-letters.ts';
import { createDeadLetters } from '../../src/persister/dead-letters.ts';
import type { Store } from '../../src/store/store.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { BASE_MICROS, createSource, keyed, makeEntry } from '../../src/testing/made-batches.ts';

const KEY = 'key-of-twenty-characters';
const FAILURE: DeadLetterFailure = {
  code: 'rejected',
  message: 'as a test wants it',
  attempts: 1,
  firstFailedAt: BASE_MICROS,
  lastFailedAt: BASE_MICROS,
  source: 'a',
  n: 1,
};

interface Opened {
  readonly directory: string;
  readonly objects: Objects;
  readonly store: Store;
  readonly letters: DeadLetters;
}

async function open(): Promise<Opened> {
  const directory = await mkdtemp(join(tmpdir(), 'daybook-letters-'));
  const objects = await createFileObjects({ directory: join(directory, 'objects') });
  const store = await createSqliteStore({ directory });
  after(async () => {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  });
  return { directory, objects, store, letters: createDeadLetters({ objects, store }) };
}

/** As the persister gives an entry up: the letter first, then the mark. */
async function bury({ letters, store }: Opened, entry: Entry, failure = FAILURE): Promise<void> {
  await letters.write(entry, failure);
  const batch = createSource(`of-${entry.id}`)([entry]);
  await store.persist([{ batch, part: false, leftOut: [{ index: 0, as: 'dead' }] }]);
}

async function totals(store: Store) {
  const rows = await store.ledger({ from: 0, to: Number.MAX_SAFE_INTEGER }, 1000);
  const sum = { accepted: 0, stored: 0, duplicate: 0, dead: 0, discarded: 0 };
  for (const row of rows) for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += row[name];
  return sum;
}

async function idsOf(letters: DeadLetters): Promise<string[]> {
  return (await letters.list({ limit: 1000 })).letters.map(({ id }) => id);
}

const opened = await open();

test('a letter is written once: the first stays', async () => {
  const { letters } = opened;
  const entry = makeEntry({ payload: Buffer.from('x') });
  await letters.write(entry, FAILURE);
  await letters.write(entry, { ...FAILURE, code: 'unexpected', attempts: 20 });
  const shown = await letters.show(entry.id);
  assert.deepEqual([shown?.reason.code, shown?.attempts], ['rejected', 1]);
});

test('replay stores the entry with its id, stamp and every byte, and then removes the letter', async () => {
  const own = await open();
  const { letters, store } = own;
  const payload = Buffer.from([0, 255, 10, 0xc3, 0x28]);
  const entry = makeEntry({ payload, contentType: 'image/png', headers: { 'x-a': 'b' }, subject: 's' });
  await bury(own, entry);
  assert.deepEqual(await totals(store), { accepted: 1, stored: 0, duplicate: 0, dead: 1, discarded: 0 });
  assert.deepEqual(await letters.replay(entry.id, { dryRun: true }), { outcome: 'possible' });
  assert.deepEqual(await idsOf(letters), [entry.id]);
  assert.deepEqual(await letters.replay(entry.id), { outcome: 'stored' });
  const found = await store.find('app', entry.id);
  assert.ok(found?.status === 'stored');
  const { position: _, ...read } = found.entry;
  assert.deepEqual({ ...read, payload: Buffer.from(read.payload ?? []) }, entry);
  assert.deepEqual(await idsOf(letters), []);
  assert.deepEqual(await totals(store), { accepted: 1, stored: 1, duplicate: 0, dead: 0, discarded: 0 });
  assert.equal(await letters.replay(entry.id), undefined);
});

test('an entry whose key is free by now, held with the same or with another payload', async () => {
  const own = await open();
  const { letters, store } = own;
  const first = keyed(KEY, 1);
  const [same, other] = [keyed(KEY, 1), keyed(KEY, 2)];
  await bury(own, same);
  await bury(own, other);
  await store.append(createSource('b')([first]));
  assert.deepEqual(await letters.replay(same.id), { outcome: 'duplicate' });
  const kept = await letters.replay(other.id);
  assert.ok(kept?.outcome === 'kept');
  assert.match(kept.reason, /held with another payload/);
  assert.deepEqual(await idsOf(letters), [other.id]);
  assert.deepEqual(await totals(store), { accepted: 3, stored: 1, duplicate: 1, dead: 1, discarded: 0 });
});

test('discard gives up for good, and then removes the letter', async () => {
  const own = await open();
  const { letters, store } = own;
  const entry = makeEntry();
  await bury(own, entry);
  assert.deepEqual(await letters.discard(entry.id, { dryRun: true }), { outcome: 'possible' });
  assert.deepEqual(await totals(store), { accepted: 1, stored: 0, duplicate: 0, dead: 1, discarded: 0 });
  assert.deepEqual(await letters.discard(entry.id), { outcome: 'discarded' });
  assert.equal((await store.find('app', entry.id))?.status, 'discarded');
  assert.deepEqual(await idsOf(letters), []);
  assert.equal(await letters.discard(entry.id), undefined);
  // Written again by a late delivery: it is no way back.
  await letters.write(entry, FAILURE);
  assert.deepEqual((await letters.replay(entry.id, { dryRun: true }))?.outcome, 'kept');
  assert.deepEqual((await letters.replay(entry.id))?.outcome, 'kept');
  assert.deepEqual(await letters.discard(entry.id), { outcome: 'discarded' });
  assert.deepEqual(await totals(store), { accepted: 1, stored: 0, duplicate: 0, dead: 0, discarded: 1 });
});

test('what the store does not know as dead is not discarded: it may be about to be marked', async () => {
  const own = await open();
  const { letters, store } = own;
  const entry = makeEntry();
  await letters.write(entry, FAILURE);
  for (const dryRun of [true, false])
    assert.equal((await letters.discard(entry.id, { dryRun }))?.outcome, 'kept');
  assert.deepEqual(await idsOf(letters), [entry.id]);
  assert.deepEqual(await letters.replay(entry.id), { outcome: 'stored' });
  assert.equal((await totals(store)).accepted, 1);
});

test('an interrupted replay or discard is finished by repeating it', async () => {
  const own = await open();
  const { letters, store, objects } = own;
  const [replayed, discarded] = [makeEntry(), makeEntry()];
  await bury(own, replayed);
  await bury(own, discarded);
  const interrupted = createDeadLetters({
    store,
    objects: {
      create: objects.create,
      read: objects.read,
      list: objects.list,
      remove: () => Promise.reject(new ObjectsError('unavailable', 'as a test wants it')),
    },
  });
  await assert.rejects(interrupted.replay(replayed.id), ObjectsError);
  await assert.rejects(interrupted.discard(discarded.id), ObjectsError);
  assert.deepEqual(await idsOf(letters), [replayed.id, discarded.id]);
  assert.deepEqual(await letters.replay(replayed.id, { dryRun: true }), { outcome: 'stored' });
  assert.deepEqual(await letters.discard(replayed.id, { dryRun: true }), { outcome: 'stored' });
  assert.deepEqual(await letters.replay(replayed.id), { outcome: 'stored' });
  assert.deepEqual(await letters.discard(discarded.id), { outcome: 'discarded' });
  assert.deepEqual(await idsOf(letters), []);
  assert.deepEqual(await totals(store), { accepted: 2, stored: 1, duplicate: 0, dead: 0, discarded: 1 });
});

test('a letter of an entry that is on record goes when it is discarded, and the entry stays', async () => {
  const own = await open();
  const { letters, store } = own;
  const entry = makeEntry();
  await store.append(createSource('b')([entry]));
  await letters.write(entry, FAILURE);
  assert.deepEqual(await letters.discard(entry.id), { outcome: 'stored' });
  assert.equal((await store.find('app', entry.id))?.status, 'stored');
  assert.deepEqual(await idsOf(letters), []);
});

test('a message that does not decode is kept and says why, and goes when it is discarded', async () => {
  const { letters } = await open();
  const bytes = Buffer.from(encodeEnvelope({ batch: createSource('r')([makeEntry()]) }));
  bytes[bytes.length - 2] = (bytes[bytes.length - 2] ?? 0) ^ 1;
  for (const broken of [bytes, Buffer.from('null\n'), Buffer.alloc(0)]) {
    await letters.writeRaw(broken, { ...FAILURE, code: 'envelope-broken', source: '', n: 0 });
    await letters.writeRaw(broken, { ...FAILURE, code: 'envelope-broken', source: '', n: 0 });
    const id = rawIdOf(broken);
    for (const dryRun of [true, false]) {
      const kept = await letters.replay(id, { dryRun });
      assert.ok(kept?.outcome === 'kept');
      assert.match(kept.reason, /does not decode: \S/);
    }
    assert.deepEqual(await letters.discard(id, { dryRun: true }), { outcome: 'possible' });
    assert.deepEqual(await idsOf(letters), [id]);
    assert.deepEqual(await letters.discard(id), { outcome: 'discarded' });
    assert.deepEqual(await idsOf(letters), []);
  }
});

test('a message that decodes after all is stored whole, and what conflicts gets a letter of its own', async () => {
  const { letters, store } = await open();
  await store.append(createSource('b')([keyed(KEY, 1)]));
  const [fine, conflicting] = [makeEntry({ payload: Buffer.from('fine') }), keyed(KEY, 2)];
  const batch = createSource('c')([fine, conflicting]);
  const bytes = encodeEnvelope({ batch });
  await letters.writeRaw(bytes, FAILURE);
  assert.deepEqual(await letters.replay(rawIdOf(bytes), { dryRun: true }), { outcome: 'possible' });
  assert.deepEqual(await letters.replay(rawIdOf(bytes)), { outcome: 'stored' });
  assert.equal((await store.find('app', fine.id))?.status, 'stored');
  assert.deepEqual(await idsOf(letters), [conflicting.id]);
  const letter = await letters.show(conflicting.id);
  assert.deepEqual([letter?.reason.code, letter?.batch], ['idempotency-conflict', { source: 'c', n: 1 }]);
  assert.deepEqual(await totals(store), { accepted: 3, stored: 2, duplicate: 0, dead: 1, discarded: 0 });
});

test('lists are by stamp, cut by register, time and reason, page by page', async () => {
  const { letters, objects } = await open();
  const entries = Array.from({ length: 60 }, (_, index) =>
    makeEntry({ micros: BASE_MICROS + index * 10, register: index % 3 === 0 ? 'hooks' : 'app' }),
  );
  for (const [index, entry] of entries.toReversed().entries())
    await letters.write(entry, { ...FAILURE, code: index % 2 === 0 ? 'rejected' : 'unexpected' });
  await letters.writeRaw(Buffer.from('x'), { ...FAILURE, code: 'envelope-broken', source: '', n: 0 });
  await objects.create('dead-letters/notes.txt', Buffer.from('of a person'));
  await objects.create('dead-letters/0', Buffer.from('of a person'));

  const list = async (query: Partial<Parameters<DeadLetters['list']>[0]>, limit = 1000) => {
    const ids: string[] = [];
    let next: string | undefined;
    do {
      const page = await letters.list({ ...query, after: next, limit });
      assert.ok(page.letters.length <= limit);
      ids.push(...page.letters.map(({ id }) => id));
      next = page.next;
    } while (next !== undefined);
    return ids;
  };
  const ids = entries.map(({ id }) => id);
  const raw = rawIdOf(Buffer.from('x'));
  for (const limit of [1, 7, 8, 1000]) {
    assert.deepEqual(await list({}, limit), [...ids, raw]);
    const hooks = entries.filter(({ register }) => register === 'hooks').map(({ id }) => id);
    assert.deepEqual(await list({ register: 'hooks' }, limit), hooks);
    assert.deepEqual(await list({ register: 'nope' }, limit), []);
    const [from, to] = [BASE_MICROS + 100, BASE_MICROS + 300];
    assert.deepEqual(await list({ from, to }, limit), ids.slice(10, 30));
    assert.deepEqual(await list({ from: from + 1 }, limit), ids.slice(11));
    assert.deepEqual(await list({ to }, limit), ids.slice(0, 30));
    assert.deepEqual(await list({ reason: 'envelope-broken' }, limit), [raw]);
    const rejected = ids.filter((_, index) => index % 2 === 1);
    assert.deepEqual(await list({ reason: 'rejected' }, limit), rejected);
    const all = entries.filter(
      ({ register }, index) => index % 2 === 1 && index >= 10 && index < 30 && register === 'app',
    );
    assert.deepEqual(
      await list({ reason: 'rejected', register: 'app', from, to }, limit),
      all.map(({ id }) => id),
    );
  }
});

test('a call reads a bounded number of letters, and tells where to go on', async () => {
  const { letters, objects } = await open();
  const entry = makeEntry();
  const name = (index: number) => entry.id.slice(0, -6) + index.toString(16).padStart(6, '0');
  for (let start = 0; start < 1200; start += 100)
    await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        letters.write({ ...entry, id: name(start + index) }, FAILURE),
      ),
    );
  let reads = 0;
  const counting = createDeadLetters({
    store: opened.store,
    objects: { ...objects, read: (object) => ((reads += 1), objects.read(object)) },
  });
  const page = await counting.list({ reason: 'nope', limit: 10 });
  assert.deepEqual(page.letters, []);
  assert.equal(reads, 1000);
  assert.equal(page.next, name(999));
  assert.equal((await counting.list({ reason: 'nope', limit: 10, after: page.next })).next, undefined);
});

test('a damaged letter is listed as such, and neither stored nor removed', async () => {
  const { directory, letters } = await open();
  const entry = makeEntry({ payload: Buffer.from('as it was') });
  await letters.write(entry, FAILURE);
  const file = join(directory, 'objects/dead-letters', `${entry.id}.json`);
  await writeFile(file, (await readFile(file, 'utf8')).replace(/"payload": "./, '"payload": "Z'));
  const { letters: listed } = await letters.list({ limit: 10 });
  assert.deepEqual(Object.keys(listed[0] ?? {}), ['id', 'damaged']);
  assert.deepEqual((await letters.list({ limit: 10, register: 'app' })).letters, []);
  for (const call of [
    () => letters.show(entry.id),
    () => letters.replay(entry.id),
    () => letters.discard(entry.id),
  ])
    await assert.rejects(call, DeadLetterDamagedError);
  assert.deepEqual(await idsOf(letters), [entry.id]);
});

test('what cannot be the id of a letter is none', async () => {
  for (const id of ['', '../admin.key', 'raw-x', `${makeEntry().id}.json`]) {
    assert.equal(await opened.letters.show(id), undefined);
    assert.equal(await opened.letters.replay(id), undefined);
    assert.equal(await opened.letters.discard(id), undefined);
  }
});
