/**
 * Poison from end to end: entries that a real store does not take, alone and among a thousand others. Each has one dead
 * letter, everything else is stored, and once the cause is mended a replay stores it with its id and stamp.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { after, test } from 'node:test';

import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import { makeEntry } from '../../src/testing/made-batches.ts';
import { startPostgres } from '../support/postgres.ts';
import { eventually } from '../support/eventually.ts';
import { mendPostgres, mendSqlite, POISON, poisonPostgres, poisonSqlite, RIDDLE } from './poison.ts';
import type { RealParts } from './real-persister.ts';
import {
  assertOnRecord,
  createSender,
  letterIds,
  openParts,
  placesOf,
  startPersister,
  untilDrained,
} from './real-persister.ts';

const server = await startPostgres();
after(() => server.dispose());

interface Poisoned extends RealParts {
  mend(): Promise<void>;
}

async function openSqlite(t: TestContext): Promise<Poisoned> {
  const parts = await openParts(t);
  poisonSqlite(parts.directory);
  return { ...parts, mend: async () => mendSqlite(parts.directory) };
}

async function openPostgres(t: TestContext): Promise<Poisoned> {
  const database = await server.createDatabase();
  const store = await createPostgresStore({
    url: server.url(database),
    region: 'local',
    newEpoch: 'an-epoch',
  });
  const parts = await openParts(t, { store });
  await poisonPostgres(server, database);
  return { ...parts, mend: () => mendPostgres(server, database) };
}

for (const [driver, open] of [
  ['sqlite', openSqlite],
  ['postgres', openPostgres],
] as const) {
  test(`${driver}: one poison entry alone in a quiet system: one dead letter, and a replay stores it`, async (t) => {
    const parts = await open(t);
    const { letters, store, mend } = parts;
    const poison = makeEntry({
      payload: POISON,
      contentType: 'text/plain',
      occurredAt: '2026-01-01T00:00:00Z',
    });
    const persister = startPersister(parts);
    await createSender(parts, 'quiet')([poison]);
    await untilDrained(parts);
    assert.deepEqual(await letterIds(parts), [poison.id]);
    assert.deepEqual(await placesOf(parts), { accepted: 1, dead: 1 });
    assert.equal((await store.find('app', poison.id))?.status, 'dead');
    const letter = await letters.show(poison.id);
    assert.deepEqual([letter?.reason.code, letter?.attempts], ['rejected', 1]);
    assert.equal(persister.status().state, 'running');

    assert.equal((await letters.replay(poison.id))?.outcome, 'kept');
    await mend();
    assert.deepEqual(await letters.replay(poison.id), { outcome: 'stored' });
    await assertOnRecord(parts, [poison]);
    assert.deepEqual(await letterIds(parts), []);
    assert.deepEqual(await placesOf(parts), { accepted: 1, stored: 1 });
  });

  test(`${driver}: one poison entry in a batch of a thousand: one dead letter, everything else is stored`, async (t) => {
    const parts = await open(t);
    const { letters, mend } = parts;
    const entries = Array.from({ length: 1_000 }, (_, n) =>
      makeEntry({ payload: n === 613 ? POISON : Buffer.from(`entry ${n}`) }),
    );
    const poison = entries[613];
    assert.ok(poison !== undefined);
    startPersister(parts);
    await createSender(parts, 'thousand')(entries);
    await untilDrained(parts);
    const sound = entries.filter((entry) => entry !== poison);
    await assertOnRecord(parts, sound);
    assert.deepEqual(await letterIds(parts), [poison.id]);
    assert.deepEqual(await placesOf(parts), { accepted: 1_000, stored: 999, dead: 1 });

    await mend();
    assert.deepEqual(await letters.replay(poison.id), { outcome: 'stored' });
    await assertOnRecord(parts, entries);
    assert.deepEqual(await placesOf(parts), { accepted: 1_000, stored: 1_000 });
  });

  test(`${driver}: an entry that fails for reasons unknown is tried again by itself, and is stored once that is mended`, async (t) => {
    const parts = await open(t);
    const { store, mend } = parts;
    const entries = [RIDDLE, Buffer.from('one'), Buffer.from('two')].map((payload) => makeEntry({ payload }));
    const persister = startPersister(parts);
    await createSender(parts, 'riddle')(entries);
    await eventually('it was sent back', async () => persister.status().counters.retried > 1);
    assert.deepEqual(await placesOf(parts), { accepted: 3, stored: 2, retrying: 1 });
    assert.equal(await store.find('app', entries[0]?.id ?? ''), undefined);
    await mend();
    await untilDrained(parts);
    await assertOnRecord(parts, entries);
    assert.deepEqual(await placesOf(parts), { accepted: 3, stored: 3 });
    assert.deepEqual(await letterIds(parts), []);
  });
}

test('sqlite: a store that takes no entry at all is systemic, and nothing dies', async (t) => {
  const parts = await openParts(t);
  poisonSqlite(parts.directory);
  const entries = Array.from({ length: 40 }, () => makeEntry({ payload: POISON }));
  const persister = startPersister(parts);
  await createSender(parts, 'all')(entries);
  await eventually('it is systemic', async () => persister.status().state === 'systemic');
  assert.deepEqual(await letterIds(parts), []);
  assert.deepEqual(await placesOf(parts), {});
  assert.equal((await parts.queue.status()).messages, 1);
});

test('sqlite: what was left open at the end of one persister is finished by the next', async (t) => {
  const parts = await openParts(t);
  poisonSqlite(parts.directory);
  const entries = [makeEntry({ payload: POISON }), makeEntry({ payload: RIDDLE }), makeEntry()];
  const first = startPersister(parts);
  await createSender(parts, 'handed-on')(entries);
  await eventually('it was sent back', async () => first.status().counters.retried > 0);
  await first.close();
  mendSqlite(parts.directory);
  startPersister(parts);
  await untilDrained(parts);
  assert.deepEqual(await letterIds(parts), [entries[0]?.id]);
  assert.deepEqual(await placesOf(parts), { accepted: 3, stored: 2, dead: 1 });
});
