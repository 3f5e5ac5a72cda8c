/**
 * The three tiers of one image, in the order of an entry's way: pages, the API, the persister. Each may do what its role
 * in Daybook calls for, and nothing that another does.
 */
import type { aws_logs as logs } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import { SECRET_ACTIONS } from 'daybook/deployment';

import type { Deployment } from '../config/schema.ts';
import type { TierName } from '../config/service-schema.ts';
import {
  allowAsk,
  allowKey,
  allowObjects,
  allowPublish,
  allowReceive,
  allowSend,
} from '../functions/grants.ts';
import type { ServiceParts, Tiers } from '../parts.ts';
import type { TierEnvironment } from './environment.ts';
import { tierVariables } from './environment.ts';
import { scaleOnBacklog, scaleOnCpu } from './scaling.ts';
import { ServiceTier } from './service-tier.ts';
import type { TierPlaces } from './tier-place.ts';

export interface ServiceTiersProps extends TierEnvironment, Pick<ServiceParts, 'key' | 'cluster'> {
  readonly services: NonNullable<Deployment['services']>;
  readonly places: TierPlaces;
  /** Of what is done in shells, where there are any. */
  readonly shellLog?: logs.ILogGroup | undefined;
}

export class ServiceTiers extends Construct implements Tiers {
  readonly web: ServiceTier;
  readonly api: ServiceTier;
  readonly persister: ServiceTier;

  constructor(scope: Construct, id: string, props: ServiceTiersProps) {
    super(scope, id);
    const { services, queues, buckets, key, cluster } = props;
    this.web = this.#tier('web', props);
    scaleOnCpu(this.web, services);

    this.api = this.#tier('api', props);
    this.#allowDatabase(this.api, props);
    if (queues.topic === undefined) allowSend(this.api, queues.main, key);
    else allowPublish(this.api, queues.topic, key);
    allowAsk(this.api, queues);
    // Dead letters are shown, replayed and discarded through the API.
    allowObjects(this.api, buckets, key);
    scaleOnCpu(this.api, services);

    this.persister = this.#tier('persister', props);
    this.#allowDatabase(this.persister, props);
    allowReceive(this.persister, queues.main, key);
    // What ended one of its tasks again and again, or what a topic could not deliver.
    allowReceive(this.persister, queues.crashed, key);
    // An entry that failed alone goes back alone, with its attempts, also where there is a topic.
    allowSend(this.persister, queues.main, key);
    allowObjects(this.persister, buckets, key);
    scaleOnBacklog(this.persister, services, { queue: queues.main, clusterName: cluster.clusterName });
  }

  #tier(name: TierName, props: ServiceTiersProps): ServiceTier {
    const { deployment, services, cluster, places, shellLog, key } = props;
    return new ServiceTier(this, IDS[name], {
      name,
      deployment,
      services,
      cluster,
      place: places[name],
      environment: tierVariables(name, props),
      shellLog,
      key,
    });
  }

  #allowDatabase(tier: ServiceTier, { database, key }: ServiceTiersProps): void {
    tier.allow(SECRET_ACTIONS, [database.secretArn]);
    allowKey(tier, key, 'secretsmanager', ['kms:Decrypt']);
  }
}

const IDS: Readonly<Record<TierName, string>> = { web: 'Web', api: 'Api', persister: 'Persister' };
