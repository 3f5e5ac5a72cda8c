/**
 * The application on servers: what an entry goes through, in that order, and then what watches over it.
 */
import type { StackProps } from 'aws-cdk-lib';
import { CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { issuersVariable } from '../access/issuers.ts';
import { PeopleRole } from '../access/people-role.ts';
import { UserPool } from '../access/user-pool.ts';
import { ArchiveBucket } from '../archive/archive-bucket.ts';
import { ArchiveTask } from '../archive/archive-task.ts';
import { parseDaybookConfig } from '../config/daybook-config.ts';
import type { Deployment } from '../config/schema.ts';
import { TIERS } from '../config/service-schema.ts';
import type { TierName } from '../config/service-schema.ts';
import { Backup } from '../backup/backup.ts';
import { EntryDatabase } from '../database/entry-database.ts';
import { cdnNames } from '../front/cdn-names.ts';
import { Cdn } from '../front/cdn.ts';
import { Domain } from '../front/domain.ts';
import { TierBalancer } from '../front/tier-balancer.ts';
import type { Bundles } from '../functions/bundles.ts';
import type { Variables } from '../functions/environment.ts';
import { createProbe } from '../functions/probe.ts';
import { TierDoors } from '../network/tier-doors.ts';
import { ObjectsBucket } from '../objects/objects-bucket.ts';
import { Observe } from '../observe/observe.ts';
import { countInLogs } from '../observe/tier-metrics.ts';
import type { ServiceParts } from '../parts.ts';
import { EntryQueues } from '../queue/queues.ts';
import { TierCluster } from '../services/cluster.ts';
import { ServiceTiers } from '../services/service-tiers.ts';
import { TierPlace } from '../services/tier-place.ts';
import type { EdgeStack } from './edge-stack.ts';
import type { NetworkStack } from './network-stack.ts';
import { keepProviderLogs } from './provider-logs.ts';
import { removalPolicyOf } from './removal-policy.ts';

export interface ServicesStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly services: NonNullable<Deployment['services']>;
  readonly database: NonNullable<Deployment['database']>;
  readonly networkStack: NetworkStack;
  readonly edge?: EdgeStack | undefined;
  readonly bundles: Bundles;
}

export class ServicesStack extends Stack {
  readonly parts: ServiceParts;
  readonly url: CfnOutput;
  backup?: Backup;
  people?: PeopleRole;

  constructor(
    scope: Construct,
    id: string,
    { deployment, services, database: settings, networkStack, edge, bundles, ...props }: ServicesStackProps,
  ) {
    super(scope, id, props);
    const removalPolicy = removalPolicyOf(deployment);
    const { key, network } = networkStack;
    const { vpc, prefixLists } = network;
    const logDays = deployment.logs.retentionDays;
    const domain =
      deployment.domain &&
      new Domain(this, 'Domain', deployment.domain, cdnNames(deployment.domain.name).slice(1));
    const place = (name: TierName | 'archive'): TierPlace =>
      new TierPlace(this, `Place-${name}`, {
        name,
        vpc,
        s3Addresses: prefixLists.of('s3'),
        logDays,
        key,
        removalPolicy,
      });
    const places = {
      web: place('web'),
      api: place('api'),
      persister: place('persister'),
      ...(deployment.archive && { archive: place('archive') }),
    };
    const balancer = new TierBalancer(this, 'Balancer', {
      deployment,
      vpc,
      cloudFrontAddresses: prefixLists.of('cloudfront'),
      web: places.web.group,
      domain,
    });
    const queues = new EntryQueues(this, 'Queue', {
      functions: deployment.functions,
      fanOut: deployment.queue?.fanOut === true,
      key,
      removalPolicy,
    });
    const store = new EntryDatabase(this, 'Database', {
      database: settings,
      vpc,
      key,
      logDays,
      removalPolicy,
    });
    for (const name of ['api', 'persister', 'archive'] as const)
      if (places[name]) store.allowFrom(places[name].group, name);
    const { database } = store;
    const { bucket: objects } = new ObjectsBucket(this, 'Objects', { key, removalPolicy });
    const archive = deployment.archive
      ? new ArchiveBucket(this, 'ArchiveBucket', { key, removalPolicy }).bucket
      : undefined;
    const buckets = { objects, ...(archive && { archive }) };
    const { cluster, shellLog } = new TierCluster(this, 'Cluster', { deployment, vpc, key, removalPolicy });
    const doors = new TierDoors(this, 'Doors', {
      network,
      places,
      key,
      queues,
      buckets,
      image: services.image,
      secretArn: database.secretArn,
      shellLog,
    });
    const tiers = new ServiceTiers(this, 'Tiers', {
      deployment,
      services,
      cluster,
      places,
      key,
      database,
      queues,
      buckets,
      apiUrl: balancer.apiUrl,
      issuers: this.#issuers(deployment),
      shellLog,
    });
    network.wayOut?.letOut(places.api.group, 'to the keys of issuers');
    balancer.lead(tiers);
    // Without its doors no task starts.
    for (const name of TIERS) tiers[name].service.node.addDependency(doors);
    const front = new Cdn(this, 'Front', { deployment, balancer, domain, edge });
    front.waitFor(tiers);
    const probe = deployment.observe.probe
      ? createProbe(this, { deployment, bundles, key, url: front.url })
      : undefined;
    if (archive !== undefined && places.archive !== undefined) {
      const { archive: at } = places;
      const made = { deployment, services, database, cluster, key, place: at, bucket: archive };
      const { schedule } = new ArchiveTask(this, 'Archive', made);
      schedule.node.addDependency(doors);
    }
    this.parts = {
      key,
      database,
      queues,
      buckets,
      cluster,
      tiers,
      front,
      probe,
      archive: places.archive,
    };
    this.#watchOver(deployment);
    this.url = new CfnOutput(this, 'Url', { value: front.url, description: 'Where Daybook answers' });
    keepProviderLogs(this, { logDays, key, removalPolicy });
  }

  /** Only where a user pool is among them: others are in the configuration. */
  #issuers(deployment: Deployment): Variables | undefined {
    if (!deployment.access.cognito) return undefined;
    const { registers } = parseDaybookConfig(deployment);
    return issuersVariable(deployment, new UserPool(this, 'UserPool', { deployment, registers }));
  }

  /** What looks at the parts, and changes none of them. */
  #watchOver(deployment: Deployment): void {
    const { parts } = this;
    const { people } = deployment.access;
    countInLogs(this, parts);
    const { high } = new Observe(this, 'Observe', { deployment, parts });
    if (deployment.store.backups)
      this.backup = new Backup(this, 'Backup', { deployment, parts, alerts: high });
    if (people.length > 0) this.people = new PeopleRole(this, 'People', { people, parts });
  }
}
