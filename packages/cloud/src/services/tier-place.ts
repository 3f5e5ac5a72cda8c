/**
 * Where a tier stands: its group in the network, which opens no door by itself, and its log. Made before the tier, because
 * the doors that it needs name both.
 */
import type { aws_kms as kms, RemovalPolicy } from 'aws-cdk-lib';
import { aws_ec2 as ec2, aws_logs as logs } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import type { TierName } from '../config/service-schema.ts';

export interface TierPlaceProps {
  /** A tier, or a job beside them. */
  readonly name: TierName | 'archive';
  readonly vpc: ec2.IVpc;
  /** Of the addresses of S3, where images and objects are. */
  readonly s3Addresses: string;
  readonly logDays: logs.RetentionDays;
  readonly key?: kms.IKey | undefined;
  readonly removalPolicy: RemovalPolicy;
}

const HTTPS = 443;

export class TierPlace extends Construct {
  readonly group: ec2.SecurityGroup;
  readonly logGroup: logs.LogGroup;

  constructor(
    scope: Construct,
    id: string,
    { name, vpc, s3Addresses, logDays, key, removalPolicy }: TierPlaceProps,
  ) {
    super(scope, id);
    this.group = new ec2.SecurityGroup(this, 'Group', {
      vpc,
      description:
        name === 'archive'
          ? 'Daybook: the archiver; out to its doors only, in from nowhere'
          : `Daybook: the tier ${name}; out to its doors only, in from the balancer`,
      allowAllOutbound: false,
    });
    // With the group itself: one that is made without any rule lets everything out ("AWS::EC2::SecurityGroup").
    (this.group.node.defaultChild as ec2.CfnSecurityGroup).securityGroupEgress = [
      {
        description: 'to the gateway of S3',
        ipProtocol: 'tcp',
        fromPort: HTTPS,
        toPort: HTTPS,
        destinationPrefixListId: s3Addresses,
      },
    ];
    this.logGroup = new logs.LogGroup(this, 'Logs', {
      retention: logDays,
      removalPolicy,
      ...(key && { encryptionKey: key }),
    });
  }
}

export interface TierPlaces extends Readonly<Record<TierName, TierPlace>> {
  /** With an archive. */
  readonly archive?: TierPlace;
}
