/**
 * SIGKILL while dead letters are replayed and discarded: whatever the moment, repeating the calls brings every entry to
 * exactly one end, and nothing of it is there twice or lost.
 *
 *   REPLAY_KILLS=100   how often at most, with as many letters as that needs; default 12
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

import { ClientError, createClient } from '../../src/client/index.ts';
import type { Client } from '../../src/client/index.ts';
import type { Entry } from '../../src/entry.ts';
import { createFileObjects } from '../../src/objects/file/file-objects.ts';
import { createDeadLetters } from '../../src/persister/dead-letters.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { BASE_MICROS, createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { readAll } from '../support/audit.ts';
import { createPreciseKill } from '../support/precise-kill.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';

const MAX_KILLS = Number(process.env['REPLAY_KILLS'] ?? 12);
/** More than are worked through between two kills. */
const LETTERS = 12 * MAX_KILLS;
const AT_ONCE = 6;
/** Kills come at other moments of a replay each time: 7 and 60 have no common divisor. */
const MIN_DELAY_MS = 5;
const DELAY_STEP_MS = 7;
const DELAY_RANGE_MS = 60;
const SERVER_ENV = { DAYBOOK_QUEUE: 'sqlite:' };

/** Gives entries up as a persister does, before the server runs. */
async function bury(dataDir: string): Promise<Entry[]> {
  const objects = await createFileObjects({ directory: join(dataDir, 'objects') });
  const store = await createSqliteStore({ directory: dataDir });
  const letters = createDeadLetters({ objects, store });
  const entries = Array.from({ length: LETTERS }, (_, n) =>
    makeEntry({ payload: Buffer.from(JSON.stringify({ n })), contentType: 'application/json' }),
  );
  const batch = createSource('buried')(entries);
  const times = { firstFailedAt: BASE_MICROS, lastFailedAt: BASE_MICROS };
  for (const entry of entries)
    await letters.write(entry, {
      code: 'rejected',
      message: 'x',
      attempts: 1,
      ...times,
      source: 'buried',
      n: 1,
    });
  const leftOut = entries.map((_, index) => ({ index, as: 'dead' as const }));
  await store.persist([{ batch, part: false, leftOut }]);
  await store.close();
  return entries;
}

/** Every third is discarded, the others are replayed. */
function isDiscarded(index: number): boolean {
  return index % 3 === 0;
}

/** Works through the letters until none is left or the server is gone. @returns whether none is left. */
async function work(client: Client, entries: readonly Entry[], done: Set<number>): Promise<boolean> {
  const left = entries.map((_, index) => index).filter((index) => !done.has(index));
  let next = 0;
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let index = left[next++]; index !== undefined; index = left[next++]) {
      const { id } = entries[index] as Entry;
      try {
        const { outcome } = await client.deadLetters[isDiscarded(index) ? 'discard' : 'replay'](id);
        assert.equal(outcome, isDiscarded(index) ? 'discarded' : 'stored');
      } catch (thrown) {
        // Done in an earlier life of the server, whose answer was lost.
        if (!(thrown instanceof ClientError) || thrown.code !== 'DEAD_LETTER_UNKNOWN') throw thrown;
      }
      done.add(index);
    }
  });
  const ended = await Promise.allSettled(workers);
  for (const one of ended) {
    if (one.status === 'fulfilled') continue;
    const isGone = one.reason instanceof ClientError && one.reason.code === 'NETWORK';
    if (!isGone) throw one.reason;
  }
  return done.size === entries.length;
}

test('SIGKILL in replays and discards: repeated, each entry is on record once or given up for good', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'daybook-replay-'));
  const kill = createPreciseKill();
  let server: StartedDaybook | undefined;
  try {
    const entries = await bury(dataDir);
    const done = new Set<number>();
    let kills = 0;
    for (let isDone = false; !isDone;) {
      server = await startDaybook({ dataDir, env: SERVER_ENV });
      const client = createClient({
        baseUrl: server.address,
        apiKey: await server.adminKey(),
        retry: { attempts: 1 },
      });
      if (kills === MAX_KILLS) {
        assert.ok(await work(client, entries, done));
        break;
      }
      const killed = kill.kill(server.pid, MIN_DELAY_MS + ((kills * DELAY_STEP_MS) % DELAY_RANGE_MS));
      isDone = await work(client, entries, done);
      await killed;
      await server.exited;
      kills += 1;
    }
    t.diagnostic(`${kills} kills`);
    assert.ok(kills > 2, 'the server must have been killed in the middle');

    await server?.kill();
    server = await startDaybook({ dataDir, env: SERVER_ENV });
    const found = await readAll(server.address);
    const expected = entries.filter((_, index) => !isDiscarded(index)).map(({ id }) => id);
    assert.deepEqual(
      found.map(({ id }) => id),
      expected,
    );
    const client = createClient({ baseUrl: server.address, apiKey: await server.adminKey() });
    assert.deepEqual((await client.deadLetters.list()).deadLetters, []);
    const { balanced, rows } = await client.ledger({ from: '1970-01-01' });
    // What the operator did is on record too, in a register of its own.
    const ofApp = rows.filter(({ register }) => register === 'app');
    const sum = (column: 'accepted' | 'stored' | 'discarded' | 'dead') =>
      ofApp.reduce((total, row) => total + row[column], 0);
    assert.equal(balanced, true);
    assert.deepEqual(
      [sum('accepted'), sum('stored'), sum('discarded'), sum('dead')],
      [LETTERS, expected.length, LETTERS - expected.length, 0],
    );
  } finally {
    await server?.kill();
    await kill.close();
    await rm(dataDir, { recursive: true, force: true });
  }
});
