/**
 * DynamoDB Local behind its proxy, and stores, clients and everything that is in a table of it, for tests that look
 * behind the store port. All of it ends with `dispose`.
 */
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';

import type { DynamoDbStoreOptions } from '../../src/store/dynamodb/dynamodb-store.ts';
import { createDynamoDbStore } from '../../src/store/dynamodb/dynamodb-store.ts';
import type { Item } from '../../src/store/dynamodb/item.ts';
import { keyOf } from '../../src/store/dynamodb/item.ts';
import type { Table } from '../../src/store/dynamodb/table.ts';
import { createTable } from '../../src/store/dynamodb/table.ts';
import type { Store } from '../../src/store/store.ts';
import { startDynamoDbLocal } from './dynamodb-local.ts';
import type { DynamoDbProxy } from './dynamodb-proxy.ts';
import { startDynamoDbProxy } from './dynamodb-proxy.ts';

export interface DynamoDbTables {
  readonly proxy: DynamoDbProxy;
  /** A name that no table has. */
  newTable(): string;
  /** Through the proxy; the log goes as soon as it may, unless the options say otherwise. */
  open(table: string, options?: Partial<DynamoDbStoreOptions>): Promise<Store>;
  /** Past the proxy. */
  look(table: string): Table;
  /** Those of the lane `local` whose key goes on so. */
  itemsOf(table: string, kind?: string): Promise<Item[]>;
  dispose(): Promise<void>;
}

/** At once, although the clocks of two clients of one table differ by a moment. */
const LOG_KEPT_MS = -2_000;

export async function startDynamoDbTables(): Promise<DynamoDbTables> {
  const dynamoDb = await startDynamoDbLocal();
  const proxy = await startDynamoDbProxy(dynamoDb.endpoint);
  const { awsRegion, endpoint } = dynamoDb;
  const raw = new DynamoDBClient({ region: awsRegion, endpoint });
  const opened: { close(): Promise<void> }[] = [];
  let tables = 0;

  return {
    proxy,
    newTable() {
      tables += 1;
      return `table-${tables}`;
    },
    async open(table, options = {}) {
      const connection = { table, awsRegion, endpoint: proxy.endpoint, region: 'local' };
      const defaults = { ...connection, createTable: true, logKeptMs: LOG_KEPT_MS };
      const store = await createDynamoDbStore({ ...defaults, ...options });
      opened.push(store);
      return store;
    },
    look(table) {
      const found = createTable({ table, awsRegion, endpoint });
      opened.push(found);
      return found;
    },
    async itemsOf(table, kind = '') {
      const items: Item[] = [];
      let start: Item | undefined;
      do {
        const page = new ScanCommand({
          TableName: table,
          ConsistentRead: true,
          ...(start && { ExclusiveStartKey: start }),
        });
        const answer = await raw.send(page);
        items.push(...(answer.Items ?? []));
        start = answer.LastEvaluatedKey;
      } while (start !== undefined);
      return items.filter((item) => keyOf(item).pk.startsWith(`local#${kind}`));
    },
    async dispose() {
      await Promise.all(opened.map(async (one) => await one.close()));
      raw.destroy();
      await proxy.close();
      await dynamoDb.dispose();
    },
  };
}

/** As DynamoDB counts an item that was read, nearly: names and values. */
export function itemBytes(item: Item): number {
  return Object.entries(item).reduce((sum, [name, { S = '', N = '', B, SS = [] }]) => {
    return sum + name.length + Buffer.byteLength(S + N + SS.join('')) + (B?.byteLength ?? 0);
  }, 0);
}
