/**
 * The CDK app of one environment: in each region an application, and its network where it has one. Nothing is looked up
 * and no variable is read, so the same configuration gives the same templates on every machine, with or without AWS.
 */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import recommended from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };

import type { Deployment } from './config/schema.ts';
import type { Bundles } from './functions/bundles.ts';
import { tagsOf } from './observe/resource-group.ts';
import { ApplicationStack } from './stacks/application-stack.ts';
import { NetworkStack } from './stacks/network-stack.ts';
import { ServicesStack } from './stacks/services-stack.ts';

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
  return app;
}

/** @returns the stack that stands on all others of the region. */
function addRegion(
  app: App,
  { deployment, bundles, region }: Omit<AppOptions, 'outdir'> & { readonly region: string },
): ApplicationStack | ServicesStack {
  const { name, environment, account, network, services, database } = deployment;
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
  const description = `Daybook: ${name} ${environment}`;
  if (services !== undefined && database !== undefined && networkStack !== undefined)
    return new ServicesStack(app, id('app'), {
      ...common,
      description,
      services,
      database,
      networkStack,
      bundles,
    });
  return new ApplicationStack(app, id('app'), {
    ...common,
    description,
    bundles,
    networkStack,
  });
}
