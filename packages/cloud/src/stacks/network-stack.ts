/**
 * The network of an application, as a stack of its own: it changes rarely, and what is above it changes often. Where
 * there is one, the deployment's key is here too, because the flow logs are written before anything else exists.
 */
import type { aws_kms as kms, StackProps } from 'aws-cdk-lib';
import { Fn, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';
import { createKey } from '../encryption/key.ts';
import { Network } from '../network/network.ts';
import type { KeyStack } from './key-stack.ts';
import { keepProviderLogs } from './provider-logs.ts';
import { removalPolicyOf } from './removal-policy.ts';

export interface NetworkStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly network: NonNullable<Deployment['network']>;
  /** Of several regions each has its key before anything else. Default: one of this stack's own, where there is to be one. */
  readonly keyStack?: KeyStack | undefined;
}

/** "Fn::GetAZs" gives zones by their order in the region; a network has 3 at most. */
const ZONES = [0, 1, 2];

export class NetworkStack extends Stack {
  readonly network: Network;
  readonly key?: kms.Key;
  readonly #zoneNames: readonly string[] | undefined;

  constructor(scope: Construct, id: string, { deployment, network, keyStack, ...props }: NetworkStackProps) {
    super(scope, id, props);
    this.#zoneNames = network.zoneNames;
    const removalPolicy = removalPolicyOf(deployment);
    if (keyStack !== undefined) this.key = keyStack.key;
    else if (deployment.customerManagedKey) this.key = createKey(this, { removalPolicy });
    this.network = new Network(this, 'Network', {
      network,
      hasPublicPlaces: deployment.front.kind === 'alb',
      hasTiers: deployment.services !== undefined,
      flowLogDays: deployment.logs.flowLogDays,
      key: this.key,
      removalPolicy,
    });
    keepProviderLogs(this, { logDays: deployment.logs.retentionDays, key: this.key, removalPolicy });
  }

  /** CloudFormation names them where the configuration does not; CDK would look them up in the account. */
  override get availabilityZones(): string[] {
    if (this.#zoneNames !== undefined) return [...this.#zoneNames];
    return ZONES.map((zone) => Fn.select(zone, Fn.getAzs()));
  }
}
