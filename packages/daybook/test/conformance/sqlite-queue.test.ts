import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { StartError } from '../../src/errors.ts';
import type { Queue } from '../../src/queue/queue.ts';
import { QueueError } from '../../src/queue/queue.ts';
import { createSqliteQueue } from '../../src/queue/sqlite/sqlite-queue.ts';
import { ephemeralFileSystem } from '../../src/sqlite/file-system.ts';
import type { OpenedQueue } from '../../src/testing/queue-conformance.ts';
import { testQueueConformance } from '../../src/testing/queue-conformance.ts';
import { mountTmpfs } from '../disk/mounted-tmpfs.ts';
import { eventually } from '../support/eventually.ts';

const SEND_LOOP = fileURLToPath(new URL('queue-send-loop.ts', import.meta.url));
const MIB = 1024 * 1024;

async function openQueue(): Promise<OpenedQueue> {
  const directory = await mkdtemp(join(tmpdir(), 'daybook-queue-'));
  const open = () => createSqliteQueue({ directory, busyTimeoutMs: 100 });
  let queue = await open();
  return {
    get queue() {
      return queue;
    },
    async reopen() {
      await queue.close();
      queue = await open();
      return queue;
    },
    /** Another program holds the write lock. */
    async startOutage() {
      const other = new DatabaseSync(join(directory, 'queue.db'));
      other.exec('BEGIN IMMEDIATE');
      return { end: async () => other.close() };
    },
    async dispose() {
      await queue.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

testQueueConformance(test, openQueue);

async function inDirectory(run: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'daybook-queue-'));
  try {
    await run(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Receives and acknowledges everything; gives the bodies. */
async function drain(queue: Queue): Promise<string[]> {
  const bodies: string[] = [];
  for (;;) {
    const deliveries = await queue.receive({ maxMessages: 1_000, maxBytes: 16 * MIB, waitMs: 0 });
    if (deliveries.length === 0) return bodies;
    bodies.push(...deliveries.map(({ body }) => Buffer.from(body).toString()));
    await queue.acknowledge(deliveries);
  }
}

/** Sends in a child until it has told of some more, then kills it. @returns what it has told of. */
async function sendUntilKilled(directory: string, first: number): Promise<number[]> {
  const child = spawn(
    process.execPath,
    ['--conditions=daybook-source', SEND_LOOP, directory, String(first)],
    {
      stdio: ['pipe', 'pipe', 'inherit'],
    },
  );
  const exited = once(child, 'exit');
  const told: number[] = [];
  try {
    for await (const line of createInterface(child.stdout)) {
      told.push(Number(line));
      if (told.length === 300) child.kill('SIGKILL');
    }
  } finally {
    child.kill('SIGKILL');
    await exited;
  }
  return told;
}

test('a process that is killed while it sends loses nothing whose send had resolved', () =>
  inDirectory(async (directory) => {
    const told: number[] = [];
    for (const round of [0, 1, 2]) told.push(...(await sendUntilKilled(directory, round * 1e6)));
    assert.ok(told.length >= 900);
    const queue = await createSqliteQueue({ directory });
    try {
      const { messages, entries } = await queue.status();
      assert.equal(entries, messages);
      const bodies = await drain(queue);
      assert.equal(bodies.length, messages);
      const found = new Set(bodies.map((body) => Number.parseInt(body, 10)));
      assert.equal(found.size, bodies.length, 'none is there twice');
      assert.deepEqual(
        told.filter((n) => !found.has(n)),
        [],
      );
      assert.deepEqual(await queue.status(), {
        messages: 0,
        delivered: 0,
        entries: 0,
        bytes: 0,
        oldestSentAt: undefined,
      });
    } finally {
      await queue.close();
    }
  }));

test('the file shrinks when a backlog was drained', () =>
  inDirectory(async (directory) => {
    const queue = await createSqliteQueue({ directory });
    try {
      const body = new Uint8Array(MIB);
      for (let n = 0; n < 60; n++) await queue.send({ body, entries: 1, oldestStamp: n });
      await drain(queue);
      const path = join(directory, 'queue.db');
      await eventually('a small file', async () => (await stat(path)).size < 20 * MIB);
      await queue.send({ body, entries: 1, oldestStamp: 1 });
      assert.equal((await drain(queue)).length, 1);
    } finally {
      await queue.close();
    }
    const db = new DatabaseSync(join(directory, 'queue.db'), { readOnly: true });
    assert.deepEqual({ ...db.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
    db.close();
  }));

const UNUSABLE: Readonly<Record<string, { expected: RegExp; make(path: string): Promise<void> | void }>> = {
  'of another program': {
    expected: /given one of another kind/,
    make(path) {
      const db = new DatabaseSync(path);
      db.exec('CREATE TABLE other (n INTEGER)');
      db.close();
    },
  },
  'of a newer version': {
    expected: /written by a newer Daybook/,
    make(path) {
      const db = new DatabaseSync(path);
      db.exec('CREATE TABLE message (n); PRAGMA application_id = 1145133393; PRAGMA user_version = 99');
      db.close();
    },
  },
  'that is no database': {
    expected: /not a database/,
    make: (path) => writeFile(path, 'x'.repeat(10_000)),
  },
};

for (const [kind, { expected, make }] of Object.entries(UNUSABLE)) {
  test(`a file ${kind} stops the start and is left as it was`, () =>
    inDirectory(async (directory) => {
      const path = join(directory, 'queue.db');
      await make(path);
      const before = await stat(path);
      await assert.rejects(createSqliteQueue({ directory }), (error) => {
        assert.ok(error instanceof StartError);
        assert.match(error.message, expected);
        assert.ok(error.message.includes(path));
        return true;
      });
      assert.equal((await stat(path)).mtimeMs, before.mtimeMs);
    }));
}

test('a full disk refuses what is sent, still lets go of what is done with, and accepts again', async (t) => {
  const mounted = mountTmpfs({ sizeBytes: 96 * MIB });
  if ('missing' in mounted) return t.skip(mounted.missing);
  try {
    const directory = mounted.path;
    assert.equal(ephemeralFileSystem(directory), 'tmpfs');
    const queue = await createSqliteQueue({ directory });
    try {
      assert.equal(queue.capabilities.durability, 'memory');
      const message = { body: Buffer.alloc(MIB, 'x'), entries: 1, oldestStamp: 1 };
      let sent = 0;
      await assert.rejects(
        async () => {
          for (; sent < 100; sent++) await queue.send(message);
        },
        (error) =>
          error instanceof QueueError && error.reason === 'disk-full' && error.outcome === 'not-written',
      );
      assert.ok(sent > 0);
      await assert.rejects(queue.send(message), QueueError);
      await assert.rejects(queue.probe(), QueueError);
      assert.equal((await drain(queue)).length, sent);
      await eventually('room again', async () => (await queue.probe(), true));
      await queue.send(message);
      assert.equal((await drain(queue)).length, 1);
    } finally {
      await queue.close();
    }
  } finally {
    mounted.remove();
  }
});

test(
  'a disk is not taken for a file system that ends with the machine',
  { skip: process.platform !== 'linux' },
  () => {
    assert.equal(ephemeralFileSystem('/dev/shm'), 'tmpfs');
    assert.equal(ephemeralFileSystem('/proc'), undefined);
  },
);
