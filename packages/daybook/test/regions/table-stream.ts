/**
 * A table of DynamoDB Local as the replicator sees it: its stream of changes (NEW_AND_OLD_IMAGES), and single items that
 * are put and deleted. By HTTP alone, because the package of DynamoDB's client has no streams; DynamoDB Local takes any
 * signature, and keeps the tables of each AWS region by themselves.
 */
import type { Item } from '../../src/store/dynamodb/item.ts';
import type { ItemKey } from '../../src/store/dynamodb/keys.ts';

/** As it is on the wire: bytes are base64. */
export type WireItem = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

export interface Change {
  readonly key: ItemKey;
  /** Undefined when it was deleted. */
  readonly item: WireItem | undefined;
}

export interface TableStream {
  /** Makes the table. */
  create(): Promise<void>;
  /** What changed since the last call, in its order. */
  read(): Promise<Change[]>;
  put(item: WireItem): Promise<void>;
  delete(key: ItemKey): Promise<void>;
  /** All there is. */
  scan(): Promise<WireItem[]>;
}

export interface TableAddress {
  readonly endpoint: string;
  readonly awsRegion: string;
  readonly table: string;
}

interface StreamRecord {
  readonly dynamodb: { readonly Keys: WireItem; readonly NewImage?: WireItem };
}

const TABLES = 'DynamoDB_20120810';
const STREAMS = 'DynamoDBStreams_20120810';

export const keyOfWire = (item: WireItem): ItemKey => ({
  pk: String(item['pk']?.['S']),
  sk: String(item['sk']?.['S']),
});
const toWireKey = ({ pk, sk }: ItemKey): Item => ({ pk: { S: pk }, sk: { S: sk } });

export function openTableStream({ endpoint, awsRegion, table }: TableAddress): TableStream {
  let iterator: string | undefined;

  async function call<T>(service: string, operation: string, body: object): Promise<T> {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `${service}.${operation}`,
        'x-amz-date': '20260101T000000Z',
        authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${awsRegion}/dynamodb/aws4_request, SignedHeaders=host, Signature=0`,
      },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`${operation}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  async function openIterator(): Promise<string> {
    const { Table } = await call<{ Table: { LatestStreamArn: string } }>(TABLES, 'DescribeTable', {
      TableName: table,
    });
    const StreamArn = Table.LatestStreamArn;
    const { StreamDescription } = await call<{ StreamDescription: { Shards: { ShardId: string }[] } }>(
      STREAMS,
      'DescribeStream',
      { StreamArn },
    );
    // DynamoDB Local begins a second shard after hours.
    const ShardId = StreamDescription.Shards[0]?.ShardId;
    const shard = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' };
    return (await call<{ ShardIterator: string }>(STREAMS, 'GetShardIterator', shard)).ShardIterator;
  }

  return {
    async create() {
      await call(TABLES, 'CreateTable', {
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      });
    },
    async read() {
      iterator ??= await openIterator();
      const { Records, NextShardIterator } = await call<{
        Records: StreamRecord[];
        NextShardIterator?: string;
      }>(STREAMS, 'GetRecords', { ShardIterator: iterator });
      iterator = NextShardIterator;
      return Records.map(({ dynamodb: { Keys, NewImage } }) => ({ key: keyOfWire(Keys), item: NewImage }));
    },
    async put(item) {
      await call(TABLES, 'PutItem', { TableName: table, Item: item });
    },
    async delete(key) {
      await call(TABLES, 'DeleteItem', { TableName: table, Key: toWireKey(key) });
    },
    async scan() {
      const items: WireItem[] = [];
      let ExclusiveStartKey: WireItem | undefined;
      do {
        const answer = await call<{ Items: WireItem[]; LastEvaluatedKey?: WireItem }>(TABLES, 'Scan', {
          TableName: table,
          ConsistentRead: true,
          ExclusiveStartKey,
        });
        items.push(...answer.Items);
        ExclusiveStartKey = answer.LastEvaluatedKey;
      } while (ExclusiveStartKey !== undefined);
      return items;
    },
  };
}
