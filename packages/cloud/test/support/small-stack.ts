/**
 * A stack with nothing in it but functions of a line, for the constructs around them. cdk-nag looks at it too: an error
 * that has no reason written beside it stops the synthesis.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { App, aws_ec2 as ec2, aws_iam as iam, aws_lambda as lambda, Stack, Validations } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import recommended from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Register } from 'daybook/deployment';

import { parseDaybookConfig } from '../../src/config/daybook-config.ts';
import { parseDeployment } from '../../src/config/load.ts';
import type { CloudConfig, Deployment, EnvironmentName } from '../../src/config/schema.ts';

export const ACCOUNT = '111122223333';
const REGION = 'eu-west-1';

export interface SmallStack {
  readonly stack: Stack;
  readonly deployment: Deployment;
  readonly registers: readonly Register[];
  readonly functions: Readonly<Record<'api' | 'health' | 'authorizer', lambda.IFunction>>;
  /** Two zones with public subnets. */
  readonly network: { readonly vpc: ec2.IVpc };
  /** Where the cloud assembly goes. */
  readonly outdir: string;
}

export interface SmallStackOptions {
  readonly environment?: EnvironmentName;
  readonly region?: string;
}

export async function createSmallStack(
  test: TestContext,
  config: Omit<CloudConfig, 'name' | 'account'>,
  { environment = 'dev', region = REGION }: SmallStackOptions = {},
): Promise<SmallStack> {
  const outdir = await mkdtemp(join(tmpdir(), 'daybook-synth-'));
  test.after(() => rm(outdir, { recursive: true, force: true }));
  const deployment = parseDeployment({ name: 'small', account: ACCOUNT, ...config }, environment);
  const app = new App({ outdir, analyticsReporting: false, context: { ...recommended } });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const stack = new Stack(app, 'Small', { env: { account: ACCOUNT, region } });
  const role = new iam.Role(stack, 'Role', { assumedBy: new iam.ServicePrincipal('lambda.amazonaws.com') });
  const standIn = (id: string): lambda.IFunction => {
    const alias = new lambda.Function(stack, id, {
      runtime: lambda.Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: lambda.Code.fromInline('exports.handler = async () => ({ statusCode: 200 });'),
      role,
    }).addAlias('live');
    return alias as lambda.IFunction;
  };
  return {
    stack,
    deployment,
    registers: parseDaybookConfig(deployment).registers,
    functions: { api: standIn('Api'), health: standIn('Health'), authorizer: standIn('Authorizer') },
    network: {
      vpc: ec2.Vpc.fromVpcAttributes(stack, 'Vpc', {
        vpcId: 'vpc-0123456789abcdef0',
        availabilityZones: [`${region}a`, `${region}b`],
        publicSubnetIds: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'],
        publicSubnetRouteTableIds: ['rtb-0123456789abcdef0', 'rtb-0123456789abcdef1'],
      }),
    },
    outdir,
  };
}

/** The template, after cdk-nag and CloudFormation's own checks had nothing to say, warnings included. */
export async function synthesizeClean({ stack, outdir }: SmallStack): Promise<Template> {
  const template = Template.fromStack(stack);
  const report: unknown = JSON.parse(await readFile(join(outdir, 'validation-report.json'), 'utf8'));
  const { pluginReports } = report as {
    readonly pluginReports: readonly { readonly pluginName: string }[];
  };
  // The warnings that constructs of ours give on purpose are a report of their own.
  const others = pluginReports.filter(({ pluginName }) => pluginName !== 'Construct Annotations');
  if (others.length > 0) throw new Error(JSON.stringify(others, null, 2));
  return template;
}

export function warningsOf({ stack }: SmallStack): string[] {
  return stack.node
    .findAll()
    .flatMap(({ node }) => node.metadata)
    .filter(({ type }) => type === 'aws:cdk:warning')
    .map(({ data }) => String(data));
}

/** Every resource of a type, its properties alone. */
export function propertiesOf(template: Template, type: string): Record<string, unknown>[] {
  return Object.values(template.findResources(type)).map(
    (resource) => (resource as { readonly Properties?: Record<string, unknown> }).Properties ?? {},
  );
}
