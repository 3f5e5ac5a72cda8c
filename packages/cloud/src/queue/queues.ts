/**
 * The queue between intake and store, and the one behind it: what made the persister crash so often that SQS moved it.
 * Attempts are Daybook's own, so SQS moves nothing away for an outage, however long; both keep for the longest time that
 * SQS offers.
 */
import type { aws_kms as kms, RemovalPolicy } from 'aws-cdk-lib';
import { aws_iam as iam, aws_sns as sns, aws_sqs as sqs, Duration } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { SQS_MESSAGE_BYTES } from '../config/ceilings.ts';
import type { Deployment } from '../config/schema.ts';
import type { Queues } from '../parts.ts';

export interface EntryQueuesProps {
  readonly functions: Deployment['functions'];
  /** A topic in front of the main queue, to which others can subscribe. */
  readonly fanOut: boolean;
  readonly key?: kms.Key | undefined;
  readonly removalPolicy: RemovalPolicy;
}

/** "MessageRetentionPeriod", Amazon SQS API Reference: 14 days are the most. */
const RETENTION = Duration.days(14);
/** "Creating and configuring an Amazon SQS event source mapping": six times the function's timeout at least. */
const VISIBILITY_TIMEOUTS = 6;
/** "RedrivePolicy": the highest. What crashes its process a thousand times is beyond counting attempts. */
const MAX_RECEIVES = 1_000;
/** The dead-letters function writes a handful of objects. */
export const DEAD_LETTERS_TIMEOUT_SECONDS = 60;

export class EntryQueues extends Construct implements Queues {
  readonly main: sqs.Queue;
  readonly crashed: sqs.Queue;
  readonly topic?: sns.Topic;

  constructor(scope: Construct, id: string, { functions, fanOut, key, removalPolicy }: EntryQueuesProps) {
    super(scope, id);
    const common: sqs.QueueProps = {
      retentionPeriod: RETENTION,
      // What registers may take is computed from it, so it is no default that SQS may have another of elsewhere.
      maxMessageSizeBytes: SQS_MESSAGE_BYTES,
      encryption: key ? sqs.QueueEncryption.KMS : sqs.QueueEncryption.SQS_MANAGED,
      ...(key && { encryptionMasterKey: key }),
      enforceSSL: true,
      removalPolicy,
    };
    this.crashed = new sqs.Queue(this, 'Crashed', {
      ...common,
      visibilityTimeout: Duration.seconds(DEAD_LETTERS_TIMEOUT_SECONDS * VISIBILITY_TIMEOUTS),
    });
    this.main = new sqs.Queue(this, 'Main', {
      ...common,
      visibilityTimeout: Duration.seconds(functions.persisterTimeoutSeconds * VISIBILITY_TIMEOUTS),
      deadLetterQueue: { queue: this.crashed, maxReceiveCount: MAX_RECEIVES },
    });
    if (fanOut) this.topic = this.#topic(key);
  }

  /**
   * Its messages are the queue's own, without an envelope of SNS's around them. What the queue refuses (its policy, its
   * key) SNS does not send again, and discards unless there is a queue for it ("Amazon SNS message delivery retries"): the
   * entries in it were acknowledged, so it goes where the function dead-letters unpacks it.
   */
  #topic(key: kms.Key | undefined): sns.Topic {
    const topic = new sns.Topic(this, 'Topic', { enforceSSL: true, ...(key && { masterKey: key }) });
    // What the queue takes; then queues, functions and streams of Firehose can subscribe, and nothing else.
    (topic.node.defaultChild as sns.CfnTopic).maximumMessageSize = SQS_MESSAGE_BYTES;
    const mayDeliver = this.main.addToResourcePolicy(
      new iam.PolicyStatement({
        sid: 'TopicDelivers',
        principals: [new iam.ServicePrincipal('sns.amazonaws.com')],
        actions: ['sqs:SendMessage'],
        resources: [this.main.queueArn],
        conditions: { ArnEquals: { 'aws:SourceArn': topic.topicArn } },
      }),
    );
    const subscription = new sns.Subscription(this, 'Subscription', {
      topic,
      protocol: sns.SubscriptionProtocol.SQS,
      endpoint: this.main.queueArn,
      rawMessageDelivery: true,
      deadLetterQueue: this.crashed,
    });
    if (mayDeliver.policyDependable) subscription.node.addDependency(mayDeliver.policyDependable);
    return topic;
  }
}
