/**
 * The application: what an entry goes through, in that order, and then what watches over it.
 */
import type { StackProps } from 'aws-cdk-lib';
import { aws_lambda as lambda, CfnOutput, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

import { issuersVariable } from '../access/issuers.ts';
import { PeopleRole } from '../access/people-role.ts';
import { UserPool } from '../access/user-pool.ts';
import { ArchiveBucket } from '../archive/archive-bucket.ts';
import { Archive } from '../archive/archive.ts';
import { Backup } from '../backup/backup.ts';
import { parseDaybookConfig } from '../config/daybook-config.ts';
import { isSpread } from '../config/places.ts';
import type { Deployment } from '../config/schema.ts';
import { Console } from '../console/console.ts';
import { createKey } from '../encryption/key.ts';
import type { Bundles } from '../functions/bundles.ts';
import { createFront } from '../front/front.ts';
import { Canary } from '../functions/canary.ts';
import { EntryFunctions } from '../functions/entry-functions.ts';
import { Doors } from '../network/doors.ts';
import { ObjectsBucket } from '../objects/objects-bucket.ts';
import { API_ERRORS } from '../observe/function-alarms.ts';
import { Observe } from '../observe/observe.ts';
import type { Parts } from '../parts.ts';
import { EntryQueues } from '../queue/queues.ts';
import { regionalReplica } from '../store/global-table.ts';
import { EntryTable } from '../store/entry-table.ts';
import type { KeyStack } from './key-stack.ts';
import type { NetworkStack } from './network-stack.ts';
import { keepProviderLogs } from './provider-logs.ts';
import { removalPolicyOf } from './removal-policy.ts';

export interface ApplicationStackProps extends StackProps {
  readonly deployment: Deployment;
  readonly bundles: Bundles;
  readonly networkStack?: NetworkStack | undefined;
  /** With several regions. */
  readonly keyStack?: KeyStack | undefined;
}

export class ApplicationStack extends Stack {
  readonly parts: Parts;
  backup?: Backup;
  people?: PeopleRole;
  canary?: Canary;
  readonly url: CfnOutput;
  consoleUrl?: CfnOutput;

  constructor(
    scope: Construct,
    id: string,
    { deployment, bundles, networkStack, keyStack, ...props }: ApplicationStackProps,
  ) {
    super(scope, id, props);
    const removalPolicy = removalPolicyOf(deployment);
    const above = keyStack ?? networkStack;
    const key =
      above?.key ?? (deployment.customerManagedKey ? createKey(this, { removalPolicy }) : undefined);
    const table = this.#table(deployment, key);
    const queues =
      deployment.queue &&
      new EntryQueues(this, 'Queue', {
        functions: deployment.functions,
        fanOut: deployment.queue.fanOut,
        key,
        removalPolicy,
      });
    const { bucket: objects } = new ObjectsBucket(this, 'Objects', { key, removalPolicy });
    const archive = deployment.archive
      ? new ArchiveBucket(this, 'ArchiveBucket', { key, removalPolicy }).bucket
      : undefined;
    const buckets = { objects, ...(archive && { archive }) };
    const network =
      networkStack && new Doors(this, 'Doors', { network: networkStack.network, table, queues, buckets });
    const { registers } = parseDaybookConfig(deployment);
    const pool = deployment.access.cognito
      ? new UserPool(this, 'UserPool', { deployment, registers })
      : undefined;
    const functions = new EntryFunctions(this, 'Functions', {
      deployment,
      bundles,
      issuers: pool && issuersVariable(deployment, pool),
      key,
      network,
      table,
      queues,
      buckets,
    });
    const front = createFront(this, {
      deployment,
      functions,
      registers,
      ...(network && { network }),
      ...(key && { key }),
    });
    if (deployment.observe.probe) functions.addProbe(front);
    if (archive !== undefined) {
      const made = { deployment, bundle: bundles.archive, bucket: archive, key, network, table };
      functions.archive = new Archive(this, 'Archive', made).function;
    }
    this.parts = { key, network, table, queues, buckets, functions, front };
    this.#watchOver(deployment);
    this.url = new CfnOutput(this, 'Url', { value: front.url, description: 'Where Daybook answers' });
    if (deployment.console) {
      const { url } = new Console(this, 'Console', { deployment, front, registers, ...(key && { key }) });
      this.consoleUrl = new CfnOutput(this, 'ConsoleUrl', { value: url, description: 'For people' });
    }
    keepProviderLogs(this, { logDays: deployment.logs.retentionDays, key, removalPolicy });
  }

  #table(deployment: Deployment, key: Parts['key']): Parts['table'] {
    if (isSpread(deployment)) return regionalReplica(this, deployment, key);
    return new EntryTable(this, 'Store', {
      store: deployment.store,
      key,
      removalPolicy: removalPolicyOf(deployment),
      deletionProtection: deployment.onDestroy === 'retain',
    }).table;
  }

  /** What looks at the parts, and changes none of them. */
  #watchOver(deployment: Deployment): void {
    const { parts } = this;
    const { people } = deployment.access;
    const { high, alarms } = new Observe(this, 'Observe', { deployment, parts });
    const { api } = parts.functions;
    if (deployment.functions.canary && api instanceof lambda.Alias)
      this.canary = new Canary(this, 'Canary', {
        alias: api,
        alarms: alarms.filter(({ node }) => node.id === API_ERRORS),
      });
    if (deployment.store.backups)
      this.backup = new Backup(this, 'Backup', { deployment, parts, alerts: high });
    if (people.length > 0) this.people = new PeopleRole(this, 'People', { people, parts });
  }
}
