/**
 * The cluster of the tiers: numbers of every task and service in CloudWatch (Container Insights), and where shells are
 * written down.
 */
import type { aws_kms as kms, RemovalPolicy } from 'aws-cdk-lib';
import { aws_ec2 as ec2, aws_ecs as ecs, aws_logs as logs } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';

export interface TierClusterProps {
  readonly deployment: Deployment;
  readonly vpc: ec2.IVpc;
  readonly key?: kms.Key | undefined;
  readonly removalPolicy: RemovalPolicy;
}

export class TierCluster extends Construct {
  readonly cluster: ecs.ICluster;
  /** Of what is done in shells; undefined without them. */
  readonly shellLog?: logs.LogGroup;

  constructor(scope: Construct, id: string, { deployment, vpc, key, removalPolicy }: TierClusterProps) {
    super(scope, id);
    const common = {
      retention: deployment.logs.retentionDays,
      removalPolicy,
      ...(key && { encryptionKey: key }),
    };
    if (deployment.services?.shell === true) this.shellLog = new logs.LogGroup(this, 'Shells', common);
    const cluster = new ecs.Cluster(this, 'Cluster', {
      vpc,
      containerInsightsV2: ecs.ContainerInsights.ENABLED,
      ...(this.shellLog && {
        executeCommandConfiguration: {
          logging: ecs.ExecuteCommandLogging.OVERRIDE,
          logConfiguration: {
            cloudWatchLogGroup: this.shellLog,
            cloudWatchEncryptionEnabled: key !== undefined,
          },
          ...(key && { kmsKey: key }),
        },
      }),
    });
    // Its class declares as `| undefined` what the interface declares as optional.
    this.cluster = cluster as ecs.ICluster;
  }
}
