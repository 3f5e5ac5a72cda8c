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
import { CREDENTIALS, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import type { StartedDaybook, StartOptions } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';
import type { Replicator, Side } from './replicator.ts';
import { startReplicator } from './replicator.ts';
import type { WireItem } from './table-stream.ts';
import { keyOfWire, openTableStream } from './table-stream.ts';

export interface Region {
  readonly side: Side;
  /** Daybook's name of it, and AWS's. */
  readonly name: string;
  readonly dynamoDb: DynamoDbLocal;
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
  dispose(): Promise<void>;
}

export const REGION_NAMES = ['eu-west-1', 'us-east-1'] as const;
const TABLE = 'global';
const TABLES_KEPT = { createTable: false };

/** @param seed of the order and the delays of the copies. */
export async function startTwoRegions(seed: number): Promise<TwoRegions> {
  const databases = (await Promise.all(REGION_NAMES.map(() => startDynamoDbLocal()))) as [
    DynamoDbLocal,
    DynamoDbLocal,
  ];
  const opened: { close(): Promise<unknown> }[] = [];
  const streams = REGION_NAMES.map((awsRegion, side) =>
    openTableStream({ endpoint: databases[side as Side].endpoint, awsRegion, table: TABLE }),
  ) as [ReturnType<typeof openTableStream>, ReturnType<typeof openTableStream>];
  for (const stream of streams) await stream.create();
  const replicator = startReplicator({ tables: streams, chance: createChance(seed) });

  function openRegion(side: Side): Region {
    const [name, dynamoDb] = [REGION_NAMES[side], databases[side]];
    const storeUrl = `dynamodb://${name}/${TABLE}?endpoint=${encodeURIComponent(dynamoDb.endpoint)}`;
    return {
      side,
      name,
      dynamoDb,
      storeUrl,
      async openStore(options = {}) {
        const { endpoint } = dynamoDb;
        const address = { table: TABLE, awsRegion: name, endpoint, region: name, ...TABLES_KEPT };
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
      scan: () => streams[side].scan(),
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
    async dispose() {
      await replicator.close();
      await Promise.all(opened.map(async (one) => await one.close()));
      await Promise.all(databases.map(async (one) => await one.dispose()));
    },
  };
}
