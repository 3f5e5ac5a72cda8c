/**
 * What waits in the queues of a deployment. The age of the oldest message is no attribute of a queue; CloudWatch has it.
 */
import type { AwsCalls } from './aws-calls.ts';
import type { DeployedResource } from './stacks.ts';

export interface QueueDepth {
  readonly name: string;
  readonly region: string;
  readonly waiting: number;
  readonly inFlight: number;
  /** Of the last minutes; undefined where CloudWatch has no figure. */
  readonly oldestSeconds?: number;
}

const LOOK_BACK_MS = 10 * 60_000;
const PERIOD_SECONDS = 60;

export async function readQueues(
  calls: AwsCalls,
  resources: readonly { readonly region: string; readonly resource: DeployedResource }[],
  nowMs: number,
): Promise<QueueDepth[]> {
  const depths: QueueDepth[] = [];
  for (const { region, resource } of resources) {
    if (resource.type !== 'AWS::SQS::Queue') continue;
    // CloudFormation's name of a queue is its URL.
    const name = resource.physicalId.split('/').at(-1) ?? '';
    const { Attributes = {} } = await calls.send('sqs:GetQueueAttributes', region, {
      QueueUrl: resource.physicalId,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    });
    const oldest = await oldestSeconds(calls, region, name, nowMs);
    depths.push({
      name,
      region,
      waiting: Number(Attributes['ApproximateNumberOfMessages'] ?? 0),
      inFlight: Number(Attributes['ApproximateNumberOfMessagesNotVisible'] ?? 0),
      ...(oldest !== undefined && { oldestSeconds: oldest }),
    });
  }
  return depths;
}

/** CloudWatch gives the newest value first. */
async function oldestSeconds(
  calls: AwsCalls,
  region: string,
  queue: string,
  nowMs: number,
): Promise<number | undefined> {
  const { MetricDataResults = [] } = await calls.send('cloudwatch:GetMetricData', region, {
    StartTime: new Date(nowMs - LOOK_BACK_MS),
    EndTime: new Date(nowMs),
    MetricDataQueries: [
      {
        Id: 'oldest',
        MetricStat: {
          Metric: {
            Namespace: 'AWS/SQS',
            MetricName: 'ApproximateAgeOfOldestMessage',
            Dimensions: [{ Name: 'QueueName', Value: queue }],
          },
          Period: PERIOD_SECONDS,
          Stat: 'Maximum',
        },
      },
    ],
  });
  return MetricDataResults[0]?.Values?.[0];
}
