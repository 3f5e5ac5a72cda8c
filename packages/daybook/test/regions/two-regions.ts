/**
 * Two regions of one global table: a DynamoDB Local each, and a replicator between them. Stores and servers of either are
 * opened by name; all of it ends with `dispose`.
 */
import type { DynamoDbStoreOptions } from '../../src/store/dynamodb/dynamodb-store.ts';
import { createDynamoDbStore } from '../../src/store/dynamodb/dynamodb-store.ts';
import { itemName, laneOf } from '../../src/store/dynamodb/keys.ts';
import type { Store } from '../../src/store/store.ts';
import { createChance } from '../../src/testing/simulated-time.ts';
import type { DynamoDbLocal } from '../support/dynamodb-local.ts';
import type { DynamoDbProxy } from '../support/dynamodb-proxy.ts';
import { startDynamoDbProxy } from '../support/dynamodb-proxy.ts';
import { CREDENTIALS, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import type { StartedDaybook, StartOptions } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';
import type { Replicator, Side } from './replicator.ts';
import { MARK, startReplicator } from './replicator.ts';
import type { TableStream, WireItem } from './table-stream.ts';
import { keyOfWire, openTableStream } from './table-stream.ts';

export interface Region {
  readonly side: Side;
  /** Daybook's name of it, and AWS's. */
  readonly name: string;
  /** Stands before its DynamoDB, for stores and servers; the replicator goes past it. */
  readonly proxy: DynamoDbProxy;
  /** `dynamodb://…` of the table of this test. */
  readonly storeUrl: string;
  openStore(options?: Partial<DynamoDbStoreOptions>): Promise<Store>;
  startServer(options?: StartOptions): Promise<StartedDaybook>;
  /** Everything in its replica. */
  scan(): Promise<WireItem[]>;
}

export interface TwoRegions {
  readonly regions: readonly [Region, Region];
  readonly replicator: Replicator;
  /** What an item was written by: the lane in its key. @throws {Error} for a key without one. */
  writerOf(item: WireItem): string;
  /** Another table in the same two DynamoDB Locals, with a replicator of its own; ends with this one. */
  another(seed: number): Promise<TwoRegions>;
  dispose(): Promise<void>;
}

type Databases = readonly [Database, Database];

interface Database {
  readonly dynamoDb: DynamoDbLocal;
  readonly proxy: DynamoDbProxy;
}

export const REGION_NAMES = ['eu-west-1', 'us-east-1'] as const;
let tables = 0;

/** @param seed of the order and the delays of the copies. */
export async function startTwoRegions(seed: number): Promise<TwoRegions> {
  const [first, second] = await Promise.all([startDatabase(), startDatabase()]);
  const two = await openTable([first, second], seed);
  return {
    ...two,
    async dispose() {
      await two.dispose();
      for (const { proxy, dynamoDb } of [first, second]) {
        await proxy.close();
        await dynamoDb.dispose();
      }
    },
  };
}

/** DynamoDB Local knows no global tables: the proxy tells of the replicas as DescribeTable of one does. */
async function startDatabase(): Promise<Database> {
  const dynamoDb = await startDynamoDbLocal();
  const proxy = await startDynamoDbProxy(dynamoDb.endpoint);
  const Replicas = REGION_NAMES.map((RegionName) => ({ RegionName, ReplicaStatus: 'ACTIVE' }));
  proxy.rewrite = (operation, answer) => {
    if (operation !== 'DescribeTable') return undefined;
    const { Table, ...rest } = JSON.parse(answer) as { Table?: object };
    return Table && JSON.stringify({ ...rest, Table: { ...Table, Replicas } });
  };
  return { dynamoDb, proxy };
}

async function openTable(databases: Databases, seed: number): Promise<TwoRegions> {
  tables += 1;
  const table = `global-${tables}`;
  const opened: { close(): Promise<unknown> }[] = [];
  const streams = REGION_NAMES.map((awsRegion, side) =>
    openTableStream({ endpoint: databases[side as Side].dynamoDb.endpoint, awsRegion, table }),
  ) as [TableStream, TableStream];
  for (const stream of streams) await stream.create();
  const replicator = startReplicator({ tables: streams, chance: createChance(seed) });

  function openRegion(side: Side): Region {
    const name = REGION_NAMES[side];
    const { proxy } = databases[side];
    const storeUrl = `dynamodb://${name}/${table}?endpoint=${encodeURIComponent(proxy.endpoint)}`;
    return {
      side,
      name,
      proxy,
      storeUrl,
      async openStore(options = {}) {
        const { endpoint } = proxy;
        const address = { table, awsRegion: name, endpoint, region: name };
        const store = await createDynamoDbStore({ ...address, ...options });
        opened.push(store);
        return store;
      },
      async startServer(options = {}) {
        const env = {
          ...CREDENTIALS,
          DAYBOOK_STORE: storeUrl,
          DAYBOOK_QUEUE: 'none',
          DAYBOOK_REGION: name,
          ...options.env,
        };
        const server = await startDaybook({ ...options, env });
        opened.push({ close: server.stop });
        return server;
      },
      scan: async () => (await streams[side].scan()).filter((item) => keyOfWire(item).pk !== MARK),
    };
  }

  return {
    regions: [openRegion(0), openRegion(1)],
    replicator,
    writerOf(item) {
      const { pk, sk } = keyOfWire(item);
      const lane = pk === 'lane' ? sk : laneOf(pk);
      if ((REGION_NAMES as readonly string[]).includes(lane)) return lane;
      throw new Error(`expected a lane in the key ${itemName({ pk, sk })}, found none`);
    },
    async another(seedOfIt) {
      const other = await openTable(databases, seedOfIt);
      opened.push({ close: other.dispose });
      return other;
    },
    async dispose() {
      await replicator.close();
      await Promise.all(opened.map(async (one) => await one.close()));
    },
  };
}
