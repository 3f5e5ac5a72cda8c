/**
 * The CDK app of one environment: in each region an application, and its network where it has one. Nothing is looked up
 * and no variable is read, so the same configuration gives the same templates on every machine, with or without AWS.
 */
import { App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import recommended from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };

import type { Deployment } from './config/schema.ts';
import type { Bundles } from './functions/bundles.ts';
import { tagsOf } from './observe/resource-group.ts';
import { ApplicationStack } from './stacks/application-stack.ts';
import { DeliveryStack } from './stacks/delivery-stack.ts';
import { NetworkStack } from './stacks/network-stack.ts';

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
  for (const region of deployment.regions) addRegion(app, { deployment, bundles, region });
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

/** @returns the stack that stands on all others of the region. */
function addRegion(
  app: App,
  { deployment, bundles, region }: Omit<AppOptions, 'outdir'> & { readonly region: string },
): ApplicationStack {
  const { name, environment, account, network } = deployment;
  const id = (what: string): string => `${name}-${environment}-${region}-${what}`;
  const common = {
    env: { account, region },
    tags: { ...tagsOf(deployment) },
    terminationProtection: deployment.onDestroy === 'retain',
    deployment,
  };
  const networkStack =
    network &&
    new NetworkStack(app, id('network'), {
      ...common,
      description: `Daybook: network of ${name} ${environment}`,
      network,
    });
  return new ApplicationStack(app, id('app'), {
    ...common,
    description: `Daybook: ${name} ${environment}`,
    bundles,
    networkStack,
  });
}
