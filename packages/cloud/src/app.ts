/**
 * The CDK app of one environment: an application, and its network where it has one; with several regions one of each in
 * every region, a table that they share, and a name that leads to those that are well. Nothing is looked up and no
 * variable is read, so the same configuration gives the same templates on every machine, with or without AWS.
 */
import { App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import recommended from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };

import { CDN_REGION, isSpread, primaryRegion, ROUTING_REGION } from './config/places.ts';
import type { Deployment } from './config/schema.ts';
import type { Bundles } from './functions/bundles.ts';
import { tagsOf } from './observe/resource-group.ts';
import { ApplicationStack } from './stacks/application-stack.ts';
import { CdnWatchStack } from './stacks/cdn-watch-stack.ts';
import { DeliveryStack } from './stacks/delivery-stack.ts';
import { EdgeStack, hasEdge } from './stacks/edge-stack.ts';
import { KeyStack } from './stacks/key-stack.ts';
import { NetworkStack } from './stacks/network-stack.ts';
import { RoutingStack } from './stacks/routing-stack.ts';
import { ServicesStack } from './stacks/services-stack.ts';
import { TableStack } from './stacks/table-stack.ts';

export interface AppOptions {
  readonly deployment: Deployment;
  /** Default: `cdk.out` in the working directory. */
  readonly outdir?: string;
  readonly bundles: Bundles;
}

/** As CDK recommends for a new app, but for what is said here. */
const CONTEXT: Readonly<Record<string, unknown>> = {
  ...recommended,
  // A network that an application still stands in must not be taken away from under it.
  '@aws-cdk/core:defaultCrossStackReferences': 'strong',
  // Counts which constructs are used, for CDK's makers.
  '@aws-cdk/core:enableAdditionalMetadataCollection': false,
};

export function buildApp({ deployment, outdir, bundles }: AppOptions): App {
  const app = new App({
    ...(outdir !== undefined && { outdir }),
    analyticsReporting: false,
    performanceReporting: false,
    context: { ...CONTEXT },
    builtinCloudFormationValidation: true,
  });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  if (isSpread(deployment)) addRegions(app, { deployment, bundles });
  else if (deployment.services !== undefined)
    addServices(app, { deployment, bundles, region: primaryRegion(deployment) });
  else addRegion(app, { deployment, bundles, region: primaryRegion(deployment) });
  addDelivery(app, deployment);
  return app;
}

/** In the first region: roles are the account's. After all others: it deploys wherever a stack is. */
function addDelivery(app: App, deployment: Deployment): DeliveryStack | undefined {
  const { name, environment, account, delivery, regions } = deployment;
  const [region = ''] = regions;
  if (delivery === undefined) return undefined;
  return new DeliveryStack(app, `${name}-${environment}-${region}-delivery`, {
    env: { account, region },
    tags: { ...tagsOf(deployment) },
    description: `Daybook: who deploys ${name} ${environment}`,
    terminationProtection: deployment.onDestroy === 'retain',
    deployment,
    delivery,
    stackRegions: [...new Set(app.node.children.filter(Stack.isStack).map((stack) => stack.region))],
  });
}

/** In this order: keys, table, services, records. Across regions only the order connects them. */
function addRegions(app: App, { deployment, bundles }: Omit<AppOptions, 'outdir'>): void {
  const { regions, customerManagedKey, domain } = deployment;
  const keyStacks = customerManagedKey
    ? regions.map(
        (region) =>
          new KeyStack(app, stackId(deployment, region, 'keys'), {
            ...commonProps(deployment, region, 'key'),
          }),
      )
    : [];
  const primary = primaryRegion(deployment);
  const table = new TableStack(app, stackId(deployment, primary, 'table'), {
    ...commonProps(deployment, primary, 'table of all regions'),
    keyStack: keyStacks[0],
  });
  for (const keys of keyStacks)
    table.addStackDependency(keys, 'a replica is made under the key of its region');
  const applications = regions.map((region, index) =>
    // A budget is of the whole account, and counts what all regions spend.
    addRegion(app, {
      deployment: index === 0 ? deployment : { ...deployment, budget: undefined },
      bundles,
      region,
      keyStack: keyStacks[index],
    }),
  );
  for (const application of applications)
    application.addStackDependency(table, 'functions use the replica of their region');
  if (domain === undefined) return;
  const routing = new RoutingStack(app, stackId(deployment, ROUTING_REGION, 'routing'), {
    ...commonProps(deployment, ROUTING_REGION, 'common name of all regions'),
    domain,
  });
  for (const application of applications)
    routing.addStackDependency(application, 'callers are sent to what is there');
}

interface RegionOptions extends Omit<AppOptions, 'outdir'> {
  readonly region: string;
  readonly keyStack?: KeyStack | undefined;
}

/** On servers. @throws {Error} where the configuration was not looked at: they need each other. */
function addServices(app: App, { deployment, bundles, region }: RegionOptions): ServicesStack {
  const { services, database, network } = deployment;
  if (services === undefined || database === undefined || network === undefined)
    throw new Error('services: expected a database and a network beside them');
  const networkStack = new NetworkStack(app, stackId(deployment, region, 'network'), {
    ...commonProps(deployment, region, 'network'),
    network,
  });
  const edge = hasEdge(deployment)
    ? new EdgeStack(app, stackId(deployment, CDN_REGION, 'edge'), {
        ...commonProps(deployment, CDN_REGION, 'certificate and firewall of CloudFront'),
      })
    : undefined;
  const application = new ServicesStack(app, stackId(deployment, region, 'app'), {
    ...commonProps(deployment, region),
    services,
    database,
    networkStack,
    edge,
    bundles,
  });
  addCdnWatch(app, deployment, application);
  return application;
}

function addCdnWatch(
  app: App,
  deployment: Deployment,
  { parts: { front } }: ServicesStack,
): CdnWatchStack | undefined {
  if (!deployment.observe.alarms) return undefined;
  return new CdnWatchStack(app, stackId(deployment, CDN_REGION, 'cdn-watch'), {
    ...commonProps(deployment, CDN_REGION, 'alarms of CloudFront'),
    front,
  });
}

/** @returns the stack that stands on all others of the region. */
function addRegion(app: App, { deployment, bundles, region, keyStack }: RegionOptions): ApplicationStack {
  const { network } = deployment;
  const networkStack =
    network &&
    new NetworkStack(app, stackId(deployment, region, 'network'), {
      ...commonProps(deployment, region, 'network'),
      network,
      keyStack,
    });
  return new ApplicationStack(app, stackId(deployment, region, 'app'), {
    ...commonProps(deployment, region),
    bundles,
    networkStack,
    keyStack,
  });
}

function stackId({ name, environment }: Deployment, region: string, what: string): string {
  return `${name}-${environment}-${region}-${what}`;
}

/** @param what it holds of the deployment; default all of it. */
function commonProps(deployment: Deployment, region: string, what?: string) {
  const { name, environment, account, onDestroy } = deployment;
  return {
    env: { account, region },
    tags: { ...tagsOf(deployment) },
    terminationProtection: onDestroy === 'retain',
    description: `Daybook: ${what === undefined ? '' : `${what} of `}${name} ${environment}`,
    deployment,
  };
}
