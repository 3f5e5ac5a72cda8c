import { after, test } from 'node:test';

import { createPostgresStore } from '../../src/store/postgres/postgres-store.ts';
import type { Store } from '../../src/store/store.ts';
import type { OpenedStore } from '../../src/testing/store-conformance.ts';
import { testStoreConformance } from '../../src/testing/store-conformance.ts';
import { startPostgres } from '../support/postgres.ts';

const server = await startPostgres();
after(() => server.dispose());

async function openIn(database: string): Promise<OpenedStore> {
  const openStore = () =>
    createPostgresStore({ url: server.url(database), region: 'local', newEpoch: 'an-epoch' });
  let store = await openStore();
  const joined: Store[] = [];
  const opened: OpenedStore = {
    get store() {
      return store;
    },
    async join() {
      const other = await openStore();
      joined.push(other);
      return other;
    },
    async reopen() {
      await store.close();
      store = await openStore();
      return opened;
    },
    async ageVouches(ms) {
      await server.query(`UPDATE daybook.voucher SET vouched_at = vouched_at - ${ms * 1000}`, database);
    },
    async dispose() {
      await Promise.all([store, ...joined].map((each) => each.close()));
    },
  };
  return opened;
}

const open = async () => openIn(await server.createDatabase());
testStoreConformance(test, open);
