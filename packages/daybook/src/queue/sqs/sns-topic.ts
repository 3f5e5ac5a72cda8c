/**
 * The topic between intake and queue, where there is one: a message is published once, and SNS hands it to the queue and
 * to whoever else subscribes. Durable from its acceptance on: "Amazon SNS message durability" in the Developer Guide. The
 * only module that imports the SNS client of the AWS SDK; like `sqs-client.ts` it makes each request once.
 */
import { ListSubscriptionsByTopicCommand, PublishCommand, SNSClient } from '@aws-sdk/client-sns';

export interface SnsTopicOptions {
  readonly topicArn: string;
  readonly region: string;
  readonly endpoint: string;
  readonly requestTimeoutMs: number;
}

/** Methods throw what the SDK throws; see `failure.ts`. */
export interface SnsTopic {
  publish(text: string): Promise<void>;
  /** Whether what is published gets to the queue of this ARN. */
  feeds(queueArn: string): Promise<boolean>;
  close(): void;
}

const CONNECT_TIMEOUT_MS = 5_000;
const MAX_SOCKETS = 256;

export function createSnsTopic({ topicArn, region, endpoint, requestTimeoutMs }: SnsTopicOptions): SnsTopic {
  const client = new SNSClient({
    region,
    endpoint,
    maxAttempts: 1,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
      httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
      httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
    },
  });
  return {
    async publish(text) {
      await client.send(new PublishCommand({ TopicArn: topicArn, Message: text }));
    },
    async feeds(queueArn) {
      let NextToken: string | undefined;
      do {
        const page = new ListSubscriptionsByTopicCommand({
          TopicArn: topicArn,
          ...(NextToken !== undefined && { NextToken }),
        });
        const answer = await client.send(page);
        const found = answer.Subscriptions?.some(
          ({ Protocol, Endpoint }) => Protocol === 'sqs' && Endpoint === queueArn,
        );
        if (found === true) return true;
        NextToken = answer.NextToken;
      } while (NextToken !== undefined && NextToken !== '');
      return false;
    },
    close: () => client.destroy(),
  };
}
