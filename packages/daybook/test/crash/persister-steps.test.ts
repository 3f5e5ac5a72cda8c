/**
 * SIGKILL at each named step of the persister: a real process, a real queue and a real store. It is killed at the first
 * time that it comes to the step, after the restart at the second time, and then left alone: every acknowledged entry
 * has exactly one place, unchanged, and there is no dead letter but those that must be.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import type { Entry } from '../../src/entry.ts';
import { encodeEnvelope } from '../../src/envelope.ts';
import { createFileObjects } from '../../src/objects/file/file-objects.ts';
import { rawIdOf } from '../../src/persister/dead-letter.ts';
import { createDeadLetters } from '../../src/persister/dead-letters.ts';
import type { PersisterStep } from '../../src/persister/step.ts';
import { createSqliteQueue } from '../../src/queue/sqlite/sqlite-queue.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import { createSource, keyed, makeEntry } from '../../src/testing/made-batches.ts';
import { mendSqlite, POISON, poisonSqlite, RIDDLE } from '../persister/poison.ts';
import { assertOnRecord, letterIds, placesOf, sendBatch } from '../persister/real-persister.ts';
import { checkDatabase } from './database-check.ts';

const PROCESS = fileURLToPath(new URL('persister-process.ts', import.meta.url));
/** Only keeps a broken test from hanging. */
const PATIENCE_MS = 60_000;

/** Each named step, by a type that fails to compile when one is missing. */
const STEPS = Object.keys({
  'after-receive': true,
  'before-store-commit': true,
  'after-store-commit': true,
  'before-dead-letter': true,
  'after-dead-letter': true,
  'before-send-back': true,
  'after-send-back': true,
  'before-acknowledge': true,
  'after-acknowledge': true,
} satisfies Record<PersisterStep, true>);

interface Acknowledged {
  readonly sound: readonly Entry[];
  readonly riddle: Entry;
  readonly poison: Entry;
  readonly first: Entry;
  readonly same: Entry;
  readonly other: Entry;
  readonly broken: Uint8Array;
}

/** What intakes sent before the persister starts, with one of everything that can be wrong with it. */
async function fill(directory: string): Promise<Acknowledged> {
  const store = await createSqliteStore({ directory });
  await store.close();
  poisonSqlite(directory);
  const queue = await createSqliteQueue({ directory });
  const next = createSource('intake');
  const sound = Array.from({ length: 12 }, (_, n) => makeEntry({ payload: Buffer.from(`entry ${n}\0`) }));
  const riddle = makeEntry({ payload: RIDDLE });
  const poison = makeEntry({ payload: POISON });
  const [first, same, other] = [keyed('a-key', 1), keyed('a-key', 1), keyed('a-key', 2)];
  const batches = [
    [...sound.slice(0, 3), riddle],
    [first, ...sound.slice(3, 5)],
    [...sound.slice(5, 8), poison],
    [same, other],
    sound.slice(8, 11),
    sound.slice(11),
  ];
  for (const entries of batches) await sendBatch(queue, next(entries));
  const broken = Buffer.from(encodeEnvelope({ batch: createSource('broken')([makeEntry()]) }));
  broken[broken.length - 1] = 0;
  await queue.send({ body: broken, entries: 1, oldestStamp: 1 });
  await queue.close();
  return { sound, riddle, poison, first, same, other, broken };
}

/** @returns the signal that ended it. */
async function run(directory: string, ...step: string[]): Promise<NodeJS.Signals | null> {
  const child = spawn(process.execPath, [...process.execArgv, PROCESS, directory, ...step], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const timer = setTimeout(() => child.kill('SIGTERM'), PATIENCE_MS);
  try {
    const errors = text(child.stderr);
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    assert.ok(code === 0 || signal === 'SIGKILL', `${code} ${signal} ${await errors}`);
    return signal;
  } finally {
    clearTimeout(timer);
    child.kill('SIGKILL');
  }
}

async function assertAllInPlace(directory: string, acknowledged: Acknowledged): Promise<void> {
  const { sound, riddle, poison, first, same, other, broken } = acknowledged;
  const store = await createSqliteStore({ directory });
  try {
    const objects = await createFileObjects({ directory: join(directory, 'objects') });
    await assertOnRecord({ store }, [...sound, riddle, first]);
    assert.equal((await store.find('app', same.id))?.status, 'duplicate');
    assert.equal((await store.find('app', poison.id))?.status, 'dead');
    assert.equal((await store.find('app', other.id))?.status, 'dead');
    const entries = sound.length + 5;
    assert.deepEqual(await placesOf({ store }), {
      accepted: entries,
      stored: sound.length + 2,
      duplicate: 1,
      dead: 2,
    });
    const letters = createDeadLetters({ objects, store });
    assert.deepEqual(
      (await letterIds({ letters })).toSorted(),
      [poison.id, other.id, rawIdOf(broken)].toSorted(),
    );
    mendSqlite(directory, ['poison']);
    assert.deepEqual(await letters.replay(poison.id), { outcome: 'stored' });
    await assertOnRecord({ store }, [...sound, riddle, first, poison]);
  } finally {
    await store.close();
  }
}

describe('SIGKILL at a step of the persister', { concurrency: 2 }, () => {
  for (const step of STEPS) {
    test(`${step}, twice: nothing is lost, nothing is there twice, nothing died of it`, async () => {
      const directory = await mkdtemp(join(tmpdir(), 'daybook-steps-'));
      try {
        const acknowledged = await fill(directory);
        assert.equal(await run(directory, step, '1'), 'SIGKILL');
        assert.equal(await run(directory, step, '2'), 'SIGKILL');
        mendSqlite(directory, ['riddle']);
        assert.equal(await run(directory), null);
        checkDatabase(join(directory, 'daybook.db'), []);
        await assertAllInPlace(directory, acknowledged);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    });
  }
});
