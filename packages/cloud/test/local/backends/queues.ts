/**
 * Queues, topics and buckets of a template in the local services: every queue with the attributes that the template gives
 * it, so visibility, retention and redrive are the deployment's own.
 */
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateTopicCommand, SNSClient, SubscribeCommand } from '@aws-sdk/client-sns';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';

import type { ResolvedStack } from '../template/resolve-template.ts';
import { localQueueUrl } from './local-places.ts';

/** Of AWS::SQS::Queue; each is an attribute of the same meaning ("CreateQueue", Amazon SQS API Reference). */
const ATTRIBUTES = {
  DelaySeconds: 'DelaySeconds',
  MaximumMessageSize: 'MaximumMessageSize',
  MessageRetentionPeriod: 'MessageRetentionPeriod',
  ReceiveMessageWaitTimeSeconds: 'ReceiveMessageWaitTimeSeconds',
  RedrivePolicy: 'RedrivePolicy',
  VisibilityTimeout: 'VisibilityTimeout',
} as const;

interface Services {
  readonly endpoint: string;
  readonly region: string;
}

export interface LocalQueue {
  readonly arn: string;
  readonly url: string;
  readonly name: string;
  readonly visibilityMs: number;
  readonly maxReceives: number | undefined;
}

export async function createQueues(stack: ResolvedStack, services: Services): Promise<LocalQueue[]> {
  const client = new SQSClient({ ...services, credentials: CREDENTIALS });
  try {
    const queues: LocalQueue[] = [];
    for (const resource of stack.resources('AWS::SQS::Queue')) {
      const properties = resource.properties() as {
        readonly VisibilityTimeout?: number;
        readonly RedrivePolicy?: { readonly maxReceiveCount: number };
      } & Readonly<Record<string, unknown>>;
      const name = resource.attribute('QueueName');
      const given = Object.keys(ATTRIBUTES).flatMap((key) => {
        const value = properties[key];
        if (value === undefined) return [];
        return [[key, typeof value === 'string' ? value : JSON.stringify(value)] as const];
      });
      await client.send(new CreateQueueCommand({ QueueName: name, Attributes: Object.fromEntries(given) }));
      queues.push({
        arn: resource.attribute('Arn'),
        url: localQueueUrl(services.endpoint, stack.place, name),
        name,
        // "VisibilityTimeout", the same page: 30 s unless it says otherwise.
        visibilityMs: (properties.VisibilityTimeout ?? 30) * 1000,
        maxReceives: properties.RedrivePolicy?.maxReceiveCount,
      });
    }
    return queues;
  } finally {
    client.destroy();
  }
}

export async function createTopics(stack: ResolvedStack, services: Services): Promise<void> {
  const client = new SNSClient({ ...services, credentials: CREDENTIALS });
  try {
    for (const resource of stack.resources('AWS::SNS::Topic')) {
      await client.send(new CreateTopicCommand({ Name: resource.attribute('TopicName') }));
    }
    for (const resource of stack.resources('AWS::SNS::Subscription')) {
      const { TopicArn, Protocol, Endpoint, RawMessageDelivery } = resource.properties() as {
        readonly TopicArn: string;
        readonly Protocol: string;
        readonly Endpoint: string;
        readonly RawMessageDelivery?: boolean;
      };
      if (Protocol !== 'sqs') continue;
      const Attributes = { RawMessageDelivery: String(RawMessageDelivery ?? false) };
      await client.send(new SubscribeCommand({ TopicArn, Protocol, Endpoint, Attributes }));
    }
  } finally {
    client.destroy();
  }
}

export async function createBuckets(stack: ResolvedStack, services: Services): Promise<void> {
  const client = new S3Client({ ...services, forcePathStyle: true, credentials: CREDENTIALS });
  try {
    for (const resource of stack.resources('AWS::S3::Bucket')) {
      await client.send(new CreateBucketCommand({ Bucket: resource.ref }));
    }
  } finally {
    client.destroy();
  }
}

/** Any values do. */
export const CREDENTIALS = { accessKeyId: 'test', secretAccessKey: 'test' } as const;
