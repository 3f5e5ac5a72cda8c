import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';

import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { OpenedStore } from '../../src/testing/store-conformance.ts';
import { testStoreConformance } from '../../src/testing/store-conformance.ts';

async function openIn(directory: string): Promise<OpenedStore> {
  let store = await createSqliteStore({ directory });
  const opened: OpenedStore = {
    get store() {
      return store;
    },
    async reopen() {
      await store.close();
      store = await createSqliteStore({ directory });
      return opened;
    },
    async ageVouches(ms) {
      const db = new DatabaseSync(join(directory, 'daybook.db'), { timeout: 5_000 });
      db.prepare('UPDATE voucher SET vouched_at = vouched_at - ?').run(ms * 1000);
      db.close();
    },
    async dispose() {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return opened;
}

const open = async () => openIn(await mkdtemp(join(tmpdir(), 'daybook-store-')));
testStoreConformance(test, open);
