/**
 * Real backends behind every queue and every store, each with a place of its own for each pair.
 */
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';

import { hasJava, startDynamoDbLocal } from '../support/dynamodb-local.ts';
import { startFauxqs } from '../support/fauxqs.ts';
import { startPostgres } from '../support/postgres.ts';

export const QUEUES = ['none', 'sqlite', 'sqs'] as const;
export const STORES = ['sqlite', 'postgres', 'dynamodb'] as const;
export type QueueName = (typeof QUEUES)[number];
export type StoreName = (typeof STORES)[number];

export interface Drivers {
  /** A URL of a queue that has nothing in it. */
  queueUrl(queue: QueueName): Promise<string>;
  /** A URL of a store that has nothing in it. */
  storeUrl(store: StoreName): Promise<string>;
  close(): Promise<void>;
}

export interface DriversOptions {
  /** Of the queues of SQS, after which what was received comes again; default that of SQS. */
  readonly visibilitySeconds?: number;
}

export async function startDrivers({ visibilitySeconds }: DriversOptions = {}): Promise<Drivers> {
  const closing: (() => Promise<void>)[] = [];
  async function close(): Promise<void> {
    for (const end of closing.toReversed()) await end();
  }
  try {
    const postgres = await startPostgres();
    closing.push(postgres.dispose);
    const fauxqs = await startFauxqs({ persistent: false });
    closing.push(fauxqs.dispose);
    const dynamoDb = hasJava ? await startDynamoDbLocal() : undefined;
    if (dynamoDb !== undefined) closing.push(dynamoDb.dispose);
    const { endpoint, region, credentials } = fauxqs;
    const sqs = new SQSClient({ endpoint, region, credentials });
    // The drivers take their credentials where every program does.
    process.env['AWS_ACCESS_KEY_ID'] = credentials.accessKeyId;
    process.env['AWS_SECRET_ACCESS_KEY'] = credentials.secretAccessKey;
    let made = 0;

    return {
      async queueUrl(queue) {
        if (queue === 'none') return 'none';
        if (queue === 'sqlite') return 'sqlite:';
        const command = new CreateQueueCommand({
          QueueName: `queue-${(made += 1)}`,
          ...(visibilitySeconds !== undefined && {
            Attributes: { VisibilityTimeout: String(visibilitySeconds) },
          }),
        });
        const { QueueUrl = '' } = await sqs.send(command);
        return `sqs://${region}${new URL(QueueUrl).pathname}?endpoint=${endpoint}`;
      },
      async storeUrl(store) {
        if (store === 'sqlite') return 'sqlite:';
        if (store === 'postgres') return postgres.url(await postgres.createDatabase());
        if (dynamoDb === undefined) throw new Error('DynamoDB Local needs Java');
        const place = `${dynamoDb.awsRegion}/table-${(made += 1)}`;
        return `dynamodb://${place}?endpoint=${dynamoDb.endpoint}&createTable=on`;
      },
      async close() {
        sqs.destroy();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}
