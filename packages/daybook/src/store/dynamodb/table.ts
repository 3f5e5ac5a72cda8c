/**
 * The requests to DynamoDB that the store needs, each bounded in time and repeated while its failure is transient. The
 * only module that imports the AWS SDK at run time. All reads are consistent.
 */
import type { CancellationReason, TableDescription } from '@aws-sdk/client-dynamodb';
import {
  BatchGetItemCommand,
  CreateTableCommand,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  PutItemCommand,
  QueryCommand,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb';

import { randomId } from '../../id.ts';
import { createBackOff } from '../../retry.ts';
import { StoreError } from '../store.ts';
import { createAnswerClock } from './answer-clock.ts';
import { meaningOf, toStoreError } from './failure.ts';
import type { Item, Write } from './item.ts';
import { keyItem, text } from './item.ts';
import type { ItemKey } from './keys.ts';

export interface TableOptions {
  readonly table: string;
  /** Such as `eu-west-1`. */
  readonly awsRegion: string;
  /** Default: the one that Amazon has in that region. */
  readonly endpoint?: string;
  /** Default 2000. */
  readonly connectTimeoutMs?: number;
  /** For one attempt of one request; default 5000. */
  readonly requestTimeoutMs?: number;
  /** Of a request whose failures are transient; default 4. */
  readonly maxAttempts?: number;
}

export interface QueryRange {
  readonly pk: string;
  /** Sort keys, both inclusive. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly descending?: boolean;
  /** Items that one request reads; default as many as fit into 1 MB. */
  readonly pageItems?: number;
  /** Leaves out items that have this attribute. */
  readonly without?: string;
  /** Attributes to give; default all. What is read is charged all the same. */
  readonly only?: readonly string[];
}

/** Without reasons it was committed; `doubtful`: or an attempt before it may have been. */
export interface Transacted {
  readonly reasons: readonly CancellationReason[] | undefined;
  readonly doubtful: boolean;
}

/** Every method throws {@link StoreError}. */
export interface Table {
  /** In no order; what is not there is left out. @param only attributes to give; default all. */
  getMany(keys: readonly ItemKey[], only?: readonly string[]): Promise<Item[]>;
  query(range: QueryRange): AsyncGenerator<Item, void>;
  put(item: Item): Promise<void>;
  delete(key: ItemKey): Promise<void>;
  /** All or nothing. Gives the reasons when a condition failed or another transaction was in the way. */
  transact(writes: readonly Write[]): Promise<Transacted>;
  /** Undefined when there is no such table. */
  describe(): Promise<TableDescription | undefined>;
  /** On demand, without anything that costs or deletes by itself. */
  create(): Promise<void>;
  /** The database's clock, Unix microseconds, as its answers told. */
  nowMicros(): number;
  /** Waits for the requests under way; later ones are refused. */
  close(): Promise<void>;
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html */
const MAX_KEYS = 100;
const RETRY = { firstMs: 50, limitMs: 1_000 };

/** Connects with the first request. */
export function createTable(options: TableOptions): Table {
  const { table, maxAttempts = 4 } = options;
  const client = createClient(options);
  const clock = createAnswerClock();
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args);
      clock.heard((result.response as { headers?: Record<string, string> }).headers?.['date']);
      return result;
    },
    { step: 'deserialize', priority: 'low' },
  );
  const underWay = new Set<Promise<unknown>>();
  const closing = new AbortController();

  /** @param attempt is told whether one before it may have been written. */
  async function repeat<T>(what: string, attempt: (doubtful: boolean) => Promise<T>): Promise<T> {
    const backOff = createBackOff(RETRY);
    let doubtful = false;
    for (let attempts = 1; ; attempts += 1) {
      try {
        return await attempt(doubtful);
      } catch (thrown) {
        const meaning = meaningOf(thrown);
        doubtful ||= meaning.outcome === 'unknown';
        if (meaning.kind !== 'transient' || attempts >= maxAttempts || closing.signal.aborted)
          throw toStoreError({ ...meaning, outcome: doubtful ? 'unknown' : 'not-written' }, what, thrown);
        await backOff.wait();
      }
    }
  }

  async function send<T>(what: string, attempt: (doubtful: boolean) => Promise<T>): Promise<T> {
    if (closing.signal.aborted)
      throw new StoreError('unavailable', 'not-written', 'dynamodb: the store is closed');
    const answer = repeat(what, attempt);
    underWay.add(answer);
    try {
      return await answer;
    } finally {
      underWay.delete(answer);
    }
  }

  async function getSome(keys: readonly ItemKey[], only?: readonly string[]): Promise<Item[]> {
    const items: Item[] = [];
    // An answer ends at 16 MB, or where the table is throttled.
    for (let rest = keys.map(keyItem); rest.length > 0;) {
      const RequestItems = { [table]: { Keys: rest, ConsistentRead: true, ...projection(only) } };
      const answer = await send('BatchGetItem', async () => {
        const got = await client.send(new BatchGetItemCommand({ RequestItems }));
        if (got.UnprocessedKeys?.[table]?.Keys?.length === rest.length) throw throttled();
        return got;
      });
      items.push(...(answer.Responses?.[table] ?? []));
      rest = answer.UnprocessedKeys?.[table]?.Keys ?? [];
    }
    return items;
  }

  return {
    async getMany(keys, only) {
      const items: Item[] = [];
      for (let at = 0; at < keys.length; at += MAX_KEYS)
        items.push(...(await getSome(keys.slice(at, at + MAX_KEYS), only)));
      return items;
    },

    async *query(range) {
      const input = { TableName: table, ...queryInput(range) };
      let start: Item | undefined;
      do {
        const command = new QueryCommand({ ...input, ...(start && { ExclusiveStartKey: start }) });
        const answer = await send('Query', () => client.send(command));
        yield* answer.Items ?? [];
        start = answer.LastEvaluatedKey;
      } while (start !== undefined);
    },

    async put(item) {
      const command = new PutItemCommand({ TableName: table, Item: item });
      await send('PutItem', () => client.send(command));
    },

    async delete(key) {
      const command = new DeleteItemCommand({ TableName: table, Key: keyItem(key) });
      await send('DeleteItem', () => client.send(command));
    },

    transact(writes) {
      let token = '';
      return send('TransactWriteItems', async (doubtful) => {
        // The same token again: an attempt whose answer was lost is told from a second transaction for ten minutes.
        if (!doubtful) token = randomId();
        const input = { TransactItems: [...writes], ClientRequestToken: token };
        try {
          await client.send(new TransactWriteItemsCommand(input));
          return { reasons: undefined, doubtful };
        } catch (thrown) {
          const { CancellationReasons: reasons = [] } = thrown as {
            CancellationReasons?: CancellationReason[];
          };
          if (!reasons.some(isLesson)) throw thrown;
          return { reasons, doubtful };
        }
      });
    },

    describe: () =>
      send('DescribeTable', async () => {
        try {
          return (await client.send(new DescribeTableCommand({ TableName: table }))).Table;
        } catch (thrown) {
          if ((thrown as { name?: string }).name === 'ResourceNotFoundException') return undefined;
          throw thrown;
        }
      }),

    async create() {
      const command = new CreateTableCommand({
        TableName: table,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'sk', KeyType: 'RANGE' },
        ],
        AttributeDefinitions: ['pk', 'sk'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
      });
      await send('CreateTable', () => client.send(command));
    },

    nowMicros: () => clock.nowMicros(),

    async close() {
      closing.abort();
      await Promise.allSettled(underWay);
      client.destroy();
    },
  };
}

function createClient({
  awsRegion,
  endpoint,
  connectTimeoutMs: connectionTimeout = 2_000,
  requestTimeoutMs: requestTimeout = 5_000,
}: TableOptions): DynamoDBClient {
  return new DynamoDBClient({
    region: awsRegion,
    ...(endpoint !== undefined && { endpoint }),
    // We repeat by ourselves: whoever repeats must know whether an earlier attempt may have been written.
    maxAttempts: 1,
    requestHandler: { connectionTimeout, requestTimeout, throwOnRequestTimeout: true },
  });
}

/** A failed condition says what is there; a conflict, that the log has an end further on or soon will. */
function isLesson({ Code }: CancellationReason): boolean {
  return Code === 'ConditionalCheckFailed' || Code === 'TransactionConflict';
}

/** An answer without any of the items is DynamoDB's way to say so. */
function throttled(): Error {
  return Object.assign(new Error('no item was given'), { name: 'ThrottlingException' });
}

/** By other names: some of ours are words of DynamoDB's. */
function projection(only: readonly string[] | undefined) {
  if (only === undefined) return {};
  return {
    ProjectionExpression: only.map((_, index) => `#${index}`).join(', '),
    ExpressionAttributeNames: Object.fromEntries(only.map((name, index) => [`#${index}`, name])),
  };
}

function queryInput({ pk, from, to, descending = false, pageItems, without, only }: QueryRange) {
  let condition = 'pk = :pk';
  if (from !== undefined && to !== undefined) condition += ' AND sk BETWEEN :from AND :to';
  else if (from !== undefined) condition += ' AND sk >= :from';
  else if (to !== undefined) condition += ' AND sk <= :to';
  return {
    KeyConditionExpression: condition,
    ExpressionAttributeValues: {
      ':pk': text(pk),
      ...(from !== undefined && { ':from': text(from) }),
      ...(to !== undefined && { ':to': text(to) }),
    },
    ...(without !== undefined && { FilterExpression: `attribute_not_exists(${without})` }),
    ...projection(only),
    ConsistentRead: true,
    ScanIndexForward: !descending,
    ...(pageItems !== undefined && { Limit: pageItems }),
  };
}
