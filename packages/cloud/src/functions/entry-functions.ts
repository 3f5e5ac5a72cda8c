/**
 * The functions of an application, in the order of an entry's way: who answers callers, who tells whether that works, who
 * moves entries from queue to store, who unpacks what crashed it, who verifies tokens. The probe comes last, when it is
 * known where the front answers.
 */
import type { aws_lambda as lambda } from 'aws-cdk-lib';
import { Construct } from 'constructs';
import type { HandlerName } from 'daybook/deployment';

import { daybookConfigOf } from '../config/daybook-config.ts';
import type { Deployment } from '../config/schema.ts';
import type { Front, Functions, NetworkPlaces, Parts } from '../parts.ts';
import { DEAD_LETTERS_TIMEOUT_SECONDS } from '../queue/queues.ts';
import { removalPolicyOf } from '../stacks/removal-policy.ts';
import type { Bundles } from './bundles.ts';
import { functionCode } from './code.ts';
import { DaybookFunction } from './daybook-function.ts';
import type { Variables } from './environment.ts';
import { commonVariables, objectsVariables, queueVariables, storeVariables } from './environment.ts';
import { deliver } from './event-source.ts';
import {
  allowAsk,
  allowObjects,
  allowPublish,
  allowReceive,
  allowSend,
  allowTable,
  allowTableRead,
} from './grants.ts';
import { createLiveAlias } from './live-alias.ts';
import { createProbe } from './probe.ts';
import { scheduleRetention } from './retention-schedule.ts';

export interface EntryFunctionsProps extends Pick<Parts, 'key' | 'network' | 'table' | 'queues' | 'buckets'> {
  readonly deployment: Deployment;
  readonly bundles: Bundles;
  /** Whose tokens are believed, where that is known only during the deployment. */
  readonly issuers?: Variables | undefined;
}

const AUTHORIZER_TIMEOUT_SECONDS = 10;

export class EntryFunctions extends Construct implements Functions {
  readonly api: lambda.IFunction;
  readonly health: lambda.IFunction;
  readonly persister?: lambda.IFunction;
  readonly deadLetters?: lambda.IFunction;
  readonly authorizer?: lambda.IFunction;
  probe?: lambda.IFunction;
  /** Made with its bucket, where there is one. */
  archive?: lambda.IFunction;
  readonly #props: EntryFunctionsProps;

  constructor(scope: Construct, id: string, props: EntryFunctionsProps) {
    super(scope, id);
    this.#props = props;
    const { deployment, queues } = props;
    this.api = this.#api();
    this.health = this.#health();
    if (queues !== undefined) {
      this.persister = this.#persister(queues);
      this.deadLetters = this.#deadLetters(queues);
    }
    if (deployment.access.authorizer !== 'off')
      this.authorizer = this.#outside('authorizer', AUTHORIZER_TIMEOUT_SECONDS, props.issuers).function;
  }

  #api(): lambda.IFunction {
    const { deployment, issuers, key, table, queues, buckets } = this.#props;
    const api = this.#inside('api', deployment.functions.timeoutSeconds, {
      ...storeVariables(table),
      ...queueVariables(queues?.main ?? 'none', { topic: queues?.topic }),
      ...(queues && objectsVariables(buckets)),
      // Behind an authorizer who calls is known from nothing else. Without one the keys of issuers must be reached.
      ...(deployment.access.authorizer === 'off' ? issuers : { DAYBOOK_ISSUERS: '{}' }),
      DAYBOOK_ROLES: 'api,web',
      // The gateway's own throttle counts all functions together; in a function there is one count for each environment.
      DAYBOOK_RATE_LIMIT: deployment.front.kind === 'rest-api' ? 'off' : 'on',
    });
    allowTable(api, table, key);
    if (queues !== undefined) {
      if (queues.topic === undefined) allowSend(api, queues.main, key);
      else allowPublish(api, queues.topic, key);
      allowAsk(api, queues);
      allowObjects(api, buckets, key);
    }
    const live = createLiveAlias(api, deployment.functions.provisionedConcurrency);
    scheduleRetention(this, live);
    return live;
  }

  #health(): lambda.IFunction {
    const { deployment, key, table, queues, buckets } = this.#props;
    const health = this.#inside('health', deployment.functions.timeoutSeconds, {
      ...storeVariables(table),
      ...queueVariables(queues?.main ?? 'none', { topic: queues?.topic }),
      ...(queues && objectsVariables(buckets)),
      DAYBOOK_ROLES: 'api',
    });
    // What accepts entries is asked whether it would; where that is the queue, the table tells whether the region is drained.
    if (queues === undefined) allowTable(health, table, key);
    else {
      allowAsk(health, queues);
      allowTableRead(health, table, key);
    }
    return health.function;
  }

  #persister(queues: NonNullable<Parts['queues']>): lambda.IFunction {
    const { deployment, key, table, buckets } = this.#props;
    const persister = this.#inside('persister', deployment.functions.persisterTimeoutSeconds, {
      ...storeVariables(table),
      ...queueVariables(queues.main),
      ...objectsVariables(buckets),
      DAYBOOK_ROLES: 'persister',
    });
    allowTable(persister, table, key);
    allowReceive(persister, queues.main, key);
    // An entry that failed alone goes back alone, with its attempts, also where there is a topic.
    allowSend(persister, queues.main, key);
    allowObjects(persister, buckets, key);
    const { batchSize, maxConcurrency } = deployment.queue ?? {};
    deliver(queues.main, persister.function, { batchSize, maxConcurrency });
    return persister.function;
  }

  #deadLetters(queues: NonNullable<Parts['queues']>): lambda.IFunction {
    const { key, table, buckets } = this.#props;
    const deadLetters = this.#inside('dead-letters', DEAD_LETTERS_TIMEOUT_SECONDS, {
      ...storeVariables(table),
      ...queueVariables(queues.crashed),
      ...objectsVariables(buckets),
      DAYBOOK_ROLES: 'persister',
    });
    allowTable(deadLetters, table, key);
    allowReceive(deadLetters, queues.crashed, key);
    allowObjects(deadLetters, buckets, key);
    deliver(queues.crashed, deadLetters.function, {});
    return deadLetters.function;
  }

  /** Asks the front as any caller does, so it is made when there is one. */
  addProbe(front: Front): void {
    this.probe = createProbe(this, { ...this.#props, url: front.url });
  }

  #inside(handler: HandlerName, timeoutSeconds: number, variables: Variables): DaybookFunction {
    return this.#function(handler, timeoutSeconds, variables, this.#props.network);
  }

  /** The keys of issuers and the front are out there, and no route need lead there from the network. */
  #outside(handler: HandlerName, timeoutSeconds: number, variables: Variables = {}): DaybookFunction {
    return this.#function(handler, timeoutSeconds, variables);
  }

  #function(
    handler: HandlerName,
    timeoutSeconds: number,
    variables: Variables,
    network?: NetworkPlaces,
  ): DaybookFunction {
    const { deployment, bundles, key } = this.#props;
    return new DaybookFunction(this, ids[handler], {
      handler,
      code: functionCode(bundles[handler], daybookConfigOf(deployment)),
      environment: { ...commonVariables(this), ...variables },
      memoryMb: deployment.functions.memoryMb,
      timeoutSeconds,
      logDays: deployment.logs.retentionDays,
      tracing: deployment.observe.tracing,
      key,
      network,
      // Nobody else is shown a token.
      isLetOut: handler === 'api',
      removalPolicy: removalPolicyOf(deployment),
    });
  }
}

const ids: Readonly<Record<HandlerName, string>> = {
  api: 'Api',
  health: 'Health',
  persister: 'Persister',
  'dead-letters': 'DeadLetters',
  authorizer: 'Authorizer',
  probe: 'Probe',
  archive: 'Archive',
};
