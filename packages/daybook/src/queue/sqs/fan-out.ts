/**
 * Fan-out: the topic before the queue as the driver uses it. Loads the SNS client only where there is a topic, and makes
 * sure that what is published gets to the queue.
 */
import { StartError, toError } from '../../errors.ts';
import { endpointDurability } from './endpoint-durability.ts';
import { repeatTransient } from './repeat.ts';
import type { SnsTopic } from './sns-topic.ts';

export interface TopicOptions {
  readonly arn: string;
  /** Default: that of the topic's region. */
  readonly endpoint?: string;
  /** Its `MaximumMessageSize`; default 262 144, as SNS has it. */
  readonly maxBytes?: number;
}

export interface FanOut extends Pick<SnsTopic, 'publish' | 'close'> {
  readonly durability: ReturnType<typeof endpointDurability>;
  readonly maxTextBytes: number;
  /**
   * Told what cannot be found out, because SNS allows thirty of these calls a second in a region, and may allow them to
   * others only: neither says that anything is wrong.
   * @throws {StartError} when the topic does not feed the queue: all that is published would be lost.
   */
  assertFeeds(queueUrl: string, region: string, onWarning: (message: string) => void): Promise<void>;
}

/** "Publishing large messages with Amazon SNS" in the Developer Guide: the default of a topic's MaximumMessageSize. */
const MAX_BYTES = 262_144;

export async function openFanOut(options: TopicOptions, requestTimeoutMs: number): Promise<FanOut> {
  const { arn, maxBytes = MAX_BYTES } = options;
  const { createSnsTopic } = await import('./sns-topic.ts');
  const [, partition = '', , region = ''] = arn.split(':');
  const endpoint = options.endpoint ?? defaultEndpoint(partition, region);
  const { publish, feeds, close } = createSnsTopic({ topicArn: arn, region, endpoint, requestTimeoutMs });
  return {
    durability: endpointDurability(endpoint, 'SNS'),
    maxTextBytes: maxBytes,
    publish,
    async assertFeeds(queueUrl, queueRegion, onWarning) {
      const [account, name] = new URL(queueUrl).pathname.split('/').slice(-2);
      const queueArn = `arn:${partition}:sqs:${queueRegion}:${account}:${name}`;
      try {
        if (await repeatTransient('subscriptions', () => feeds(queueArn))) return;
      } catch (thrown) {
        return onWarning(`whether topic ${arn} feeds ${queueArn} is not known: ${toError(thrown).message}`);
      }
      throw new StartError(
        `topic ${arn}: expected a subscription of ${queueArn}, given none: what is published would be lost`,
      );
    },
    close,
  };
}

/** "Amazon SNS endpoints and quotas" in the AWS General Reference; the partition of China has a domain of its own. */
function defaultEndpoint(partition: string, region: string): string {
  return `https://sns.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`;
}
