import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { createSqliteQueue } from '../../src/queue/sqlite/sqlite-queue.ts';
import type { OpenedQueue } from '../../src/testing/queue-conformance.ts';
import { testQueueConformance } from '../../src/testing/queue-conformance.ts';

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
