/**
 * The parts of an application without its code, for tests of what is built around them: real constructs, in a stack of
 * their own, that need neither bundles nor a network.
 */
import { rmSync } from 'node:fs';

import {
  App,
  aws_apigateway as apigateway,
  aws_ec2 as ec2,
  aws_elasticloadbalancingv2 as elb,
  aws_elasticloadbalancingv2_targets as targets,
  aws_lambda as lambda,
  Duration,
  RemovalPolicy,
  Stack,
} from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import recommended from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import type { z } from 'zod';

import type { Deployment } from '../../src/config/schema.ts';
import { deploymentSchema } from '../../src/config/schema.ts';
import { createKey } from '../../src/encryption/key.ts';
import { ObjectsBucket } from '../../src/objects/objects-bucket.ts';
import { Observe } from '../../src/observe/observe.ts';
import type { Front, Functions, Parts } from '../../src/parts.ts';
import { EntryQueues } from '../../src/queue/queues.ts';
import { EntryTable } from '../../src/store/entry-table.ts';

export type Given = Partial<z.input<typeof deploymentSchema>>;

/** As a file would say it, with what every deployment has to say. */
export function deploymentOf(given: Given = {}): Deployment {
  const parsed = deploymentSchema.parse({
    account: '123456789012',
    front: { kind: 'rest-api' },
    logs: { retentionDays: 30 },
    onDestroy: 'retain',
    ...given,
  });
  return { ...parsed, name: 'acme', environment: 'prd' };
}

export interface SmallApplication {
  readonly app: App;
  readonly stack: Stack;
  readonly deployment: Deployment;
  readonly parts: Parts;
}

export function smallApplication(deployment: Deployment = deploymentOf()): SmallApplication {
  const app = new App({ analyticsReporting: false, context: { ...recommended } });
  const stack = new Stack(app, 'acme-prd-eu-west-1-app', {
    env: { account: deployment.account, region: 'eu-west-1' },
  });
  const removalPolicy = deployment.onDestroy === 'retain' ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
  const key = deployment.customerManagedKey ? createKey(stack, { removalPolicy }) : undefined;
  const { table } = new EntryTable(stack, 'Store', {
    store: deployment.store,
    key,
    removalPolicy,
    deletionProtection: false,
  });
  const queues =
    deployment.queue &&
    new EntryQueues(stack, 'Queue', {
      functions: deployment.functions,
      fanOut: deployment.queue.fanOut,
      key,
      removalPolicy,
    });
  const { bucket: objects } = new ObjectsBucket(stack, 'Objects', { key, removalPolicy });
  const made = (id: string, seconds: number): lambda.Function => smallFunction(stack, id, seconds);
  const api = made('Api', deployment.functions.timeoutSeconds);
  // CDK's classes say `| undefined` where its interfaces say optional, which `exactOptionalPropertyTypes` tells apart.
  const version = api.currentVersion as lambda.IVersion;
  const functions = {
    // As with provisioned concurrency: the alias is called, the function is watched.
    api: new lambda.Alias(stack, 'Live', { aliasName: 'live', version }),
    health: made('Health', deployment.functions.timeoutSeconds),
    ...(queues && {
      persister: made('Persister', deployment.functions.persisterTimeoutSeconds),
      deadLetters: made('DeadLetters', 60),
    }),
    ...(deployment.access.authorizer !== 'off' && { authorizer: made('Authorizer', 10) }),
    ...(deployment.observe.probe && { probe: made('Probe', 30) }),
  } as Functions;
  const front = deployment.front.kind === 'alb' ? balancer(stack, functions.api) : restApi(stack);
  const parts: Parts = { key, table, queues, buckets: { objects }, functions, front };
  return { app, stack, deployment, parts };
}

function smallFunction(stack: Stack, id: string, seconds: number): lambda.Function {
  return new lambda.Function(stack, id, {
    runtime: lambda.Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = async () => {};'),
    timeout: Duration.seconds(seconds),
  });
}

function restApi(stack: Stack): Front {
  const api = new apigateway.RestApi(stack, 'Api4', {
    restApiName: stack.stackName,
    cloudWatchRole: false,
    deployOptions: { stageName: 'prd' },
  });
  api.root.addMethod('GET', new apigateway.MockIntegration());
  return { kind: 'rest-api', url: 'https://daybook.example.com', api, stage: api.deploymentStage };
}

function balancer(stack: Stack, api: lambda.IFunction): Front {
  const vpc = new ec2.Vpc(stack, 'Vpc', { natGateways: 0, maxAzs: 2 }) as ec2.IVpc;
  const made = new elb.ApplicationLoadBalancer(stack, 'Balancer', { vpc, internetFacing: true });
  const listener = made.addListener('Http', { port: 80 });
  const target = listener.addTargets('Functions', { targets: [new targets.LambdaTarget(api)] });
  return { kind: 'alb', url: 'https://daybook.example.com', balancer: made, targets: [target] };
}

export interface Synthesised {
  readonly template: Template;
  readonly warnings: readonly string[];
}

/** One synthesis, of which nothing stays on the disk, and what the constructs warned of meanwhile. */
export function synthesise({ stack }: Pick<SmallApplication, 'stack'>): Synthesised {
  const template = Template.fromStack(stack);
  rmSync((stack.node.root as App).outdir, { recursive: true, force: true });
  const warnings = stack.node
    .findAll()
    .flatMap(({ node }) => node.metadata)
    .filter(({ type }) => type === 'aws:cdk:warning');
  return { template, warnings: warnings.map(({ data }) => String(data)) };
}

/** A small application that is watched. */
export function observed(given: Given): Synthesised {
  const application = smallApplication(deploymentOf(given));
  const { node } = new Observe(application.stack, 'Observe', application);
  return synthesise({ stack: node.scope as Stack });
}
