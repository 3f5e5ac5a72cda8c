/** The store port's suite on DynamoDB Local. */
import { after, before, test } from 'node:test';

import { createDynamoDbStore } from '../../src/store/dynamodb/dynamodb-store.ts';
import { numberAt } from '../../src/store/dynamodb/item.ts';
import { voucherKey } from '../../src/store/dynamodb/keys.ts';
import { createTable } from '../../src/store/dynamodb/table.ts';
import type { Store } from '../../src/store/store.ts';
import type { OpenedStore } from '../../src/testing/store-conformance.ts';
import { testStoreConformance } from '../../src/testing/store-conformance.ts';
import type { DynamoDbLocal } from '../support/dynamodb-local.ts';
import { hasJava, startDynamoDbLocal } from '../support/dynamodb-local.ts';

let dynamoDb: DynamoDbLocal;
let tables = 0;

before(async () => {
  if (hasJava) dynamoDb = await startDynamoDbLocal();
});
after(async () => {
  if (hasJava) await dynamoDb.dispose();
});

async function open(): Promise<OpenedStore> {
  tables += 1;
  const connection = {
    table: `conformance-${tables}`,
    awsRegion: dynamoDb.awsRegion,
    endpoint: dynamoDb.endpoint,
  };
  const another = (): Promise<Store> =>
    createDynamoDbStore({ ...connection, region: 'local', createTable: true, shards: 3 });
  let store = await another();
  const joined: Store[] = [];
  const opened: OpenedStore = {
    get store() {
      return store;
    },
    async join() {
      joined.push(await another());
      return joined.at(-1) as Store;
    },
    async reopen() {
      await store.close();
      store = await another();
      return opened;
    },
    async ageVouches(ms) {
      const table = createTable(connection);
      for await (const item of table.query({ pk: voucherKey('local') }))
        await table.put({ ...item, at: { N: String(numberAt(item, 'at') - ms * 1000) } });
      await table.close();
    },
    async dispose() {
      await Promise.all([store, ...joined].map(async (one) => await one.close()));
    },
  };
  return opened;
}

const testIfJava = (name: string, run: () => Promise<void>): unknown =>
  test(name, { skip: !hasJava && 'DynamoDB Local needs Java' }, run);
testStoreConformance(testIfJava, open);
