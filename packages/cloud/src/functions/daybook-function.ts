/**
 * One handler of Daybook as a Lambda function: its bundle with the configuration beside it, a role and a log group of its
 * own. It may write its log; everything else it is allowed by name.
 */
import type { aws_kms as kms, RemovalPolicy } from 'aws-cdk-lib';
import {
  aws_ec2 as ec2,
  aws_iam as iam,
  aws_lambda as lambda,
  aws_logs as logs,
  Duration,
} from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { HandlerName } from 'daybook/deployment';

import type { NetworkPlaces } from '../parts.ts';
import { RoleHolder } from './role-holder.ts';

export interface DaybookFunctionProps {
  readonly handler: HandlerName;
  /** The directory of its bundle and of its configuration. */
  readonly code: string;
  /** Of Daybook's own variables. */
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMb: number;
  readonly timeoutSeconds: number;
  readonly logDays: logs.RetentionDays;
  readonly tracing: boolean;
  readonly key?: kms.IKey | undefined;
  /** Default: outside of any network. */
  readonly network?: NetworkPlaces | undefined;
  /** Of the network, where it has a way out; default false. */
  readonly isLetOut?: boolean;
  readonly removalPolicy: RemovalPolicy;
}

/** "Giving Lambda functions access to resources in an Amazon VPC": required permissions. */
const NETWORK_INTERFACE_ACTIONS = [
  'ec2:AssignPrivateIpAddresses',
  'ec2:CreateNetworkInterface',
  'ec2:DeleteNetworkInterface',
  'ec2:DescribeNetworkInterfaces',
  'ec2:DescribeSubnets',
  'ec2:UnassignPrivateIpAddresses',
];

export class DaybookFunction extends RoleHolder {
  readonly function: lambda.Function;

  constructor(scope: Construct, id: string, props: DaybookFunctionProps) {
    const { handler, code, environment, memoryMb, timeoutSeconds, network, removalPolicy, key } = props;
    super(scope, id, {
      assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com'),
      description: `Daybook: what the function ${handler} may do`,
    });
    const logGroup = new logs.LogGroup(this, 'Logs', {
      retention: props.logDays,
      removalPolicy,
      ...(key && { encryptionKey: key }),
    });
    this.allow(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn]);
    if (network !== undefined) this.#allowNetworkInterfaces();
    if (network !== undefined || props.tracing)
      this.because(
        'Resource::*',
        'Interfaces that do not exist yet have no names, and X-Ray (where tracing is on) knows no resources; the code itself is denied the interfaces.',
      );
    this.function = new lambda.Function(this, 'Function', {
      description: `Daybook: ${handler}`,
      runtime: lambda.Runtime.NODEJS_24_X,
      architecture: lambda.Architecture.ARM_64,
      code: lambda.Code.fromAsset(code),
      handler: 'index.handler',
      environment,
      memorySize: memoryMb,
      timeout: Duration.seconds(timeoutSeconds),
      tracing: props.tracing ? lambda.Tracing.ACTIVE : lambda.Tracing.DISABLED,
      role: this.role,
      logGroup,
      ...(network && {
        vpc: network.vpc,
        vpcSubnets: { subnetType: ec2.SubnetType.PRIVATE_ISOLATED },
        securityGroups: [network.functions, ...(props.isLetOut && network.letOut ? [network.letOut] : [])],
      }),
    });
  }

  /**
   * Lambda makes the interfaces with the function's role. The code of the function has no business with them: its own
   * calls carry `lambda:SourceFunctionArn`, those of Lambda do not.
   * @see "Configure VPC access: required permissions", AWS Lambda Developer Guide
   */
  #allowNetworkInterfaces(): void {
    this.allow(NETWORK_INTERFACE_ACTIONS, ['*']);
    this.role.addToPolicy(
      new iam.PolicyStatement({
        effect: iam.Effect.DENY,
        actions: NETWORK_INTERFACE_ACTIONS,
        resources: ['*'],
        conditions: { Null: { 'lambda:SourceFunctionArn': 'false' } },
      }),
    );
  }
}
