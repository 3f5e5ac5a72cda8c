/**
 * How many tasks a tier has: between its two bounds, more when there is too much to do for those that run, and fewer when
 * there is too little. Application Auto Scaling makes the alarms for both ways itself.
 */
import type { aws_sqs as sqs } from 'aws-cdk-lib';
import { aws_applicationautoscaling as scaling, Duration } from 'aws-cdk-lib';

import type { Deployment } from '../config/schema.ts';
import type { Tier } from '../parts.ts';

type Services = NonNullable<Deployment['services']>;

/** A new task is there after about a minute; then the next look. */
const OUT = Duration.seconds(60);
/** Slower than out: a task that was taken away too early has to be started again. */
const IN = Duration.seconds(300);

export function scaleOnCpu({ service, name }: Tier, services: Services): void {
  service
    .autoScaleTaskCount({ minCapacity: services[name].min, maxCapacity: services[name].max })
    .scaleOnCpuUtilization('Cpu', {
      targetUtilizationPercent: services.cpuPercent,
      scaleOutCooldown: OUT,
      scaleInCooldown: IN,
      disableScaleIn: false,
    });
}

/**
 * By how many batches wait for each task: the queue's length says nothing by itself, since more tasks do more of it.
 * "Create a target tracking scaling policy for Application Auto Scaling using metric math" has the same division. No task
 * at all is a tier that was stopped, and scales nothing.
 */
export function scaleOnBacklog(
  { service, name }: Tier,
  services: Services,
  { queue, clusterName }: { readonly queue: sqs.IQueue; readonly clusterName: string },
): scaling.CfnScalingPolicy {
  const { min, max, backlogPerTask } = services.persister;
  const target = service.autoScaleTaskCount({ minCapacity: min, maxCapacity: max });
  const scalable = target.node.findChild('Target') as scaling.ScalableTarget;
  return new scaling.CfnScalingPolicy(service, 'Backlog', {
    policyName: `${name}-backlog`,
    policyType: 'TargetTrackingScaling',
    scalingTargetId: scalable.scalableTargetId,
    targetTrackingScalingPolicyConfiguration: {
      targetValue: backlogPerTask,
      disableScaleIn: false,
      scaleOutCooldown: OUT.toSeconds(),
      scaleInCooldown: IN.toSeconds(),
      customizedMetricSpecification: {
        metrics: [
          read('waiting', 'AWS/SQS', 'ApproximateNumberOfMessagesVisible', { QueueName: queue.queueName }),
          read('tasks', 'ECS/ContainerInsights', 'RunningTaskCount', {
            ClusterName: clusterName,
            ServiceName: service.serviceName,
          }),
          {
            id: 'backlog',
            label: 'Batches that wait for each task',
            expression: 'waiting / tasks',
            returnData: true,
          },
        ],
      },
    },
  });
}

/** What a metric says a minute, for the expression alone. */
function read(
  id: string,
  namespace: string,
  metricName: string,
  dimensions: Readonly<Record<string, string>>,
): scaling.CfnScalingPolicy.TargetTrackingMetricDataQueryProperty {
  return {
    id,
    returnData: false,
    metricStat: {
      stat: 'Average',
      metric: {
        namespace,
        metricName,
        dimensions: Object.entries(dimensions).map(([key, value]) => ({ name: key, value })),
      },
    },
  };
}
