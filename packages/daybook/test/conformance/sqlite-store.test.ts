import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
    async dispose() {
      await store.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return opened;
}

testStoreConformance(test, async () => openIn(await mkdtemp(join(tmpdir(), 'daybook-store-'))));
