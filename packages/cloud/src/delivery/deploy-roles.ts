/**
 * Who may deploy from a pipeline, without a secret: the pipeline's own identity provider vouches for a run by an OpenID
 * Connect token, and AWS gives it a role for an hour.
 *
 * - The role `deploy` may take the roles that the CDK's bootstrap made for deploying to these regions, and read the stacks
 *   of this deployment. It has no other permission: what a deployment may do is the bootstrap's affair.
 * - The role `plan` may read those stacks and nothing else. It is for pull requests, whose code nobody has read yet; the
 *   bootstrap's role for look-ups is not among what it may take, because that one reads the whole account.
 *
 * Who a run is stands in the subject of its token. Subjects are compared as they are: a pattern would let a branch of
 * another name in.
 */
import { aws_iam as iam, CfnOutput, Duration, Stack, Validations } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import type { Deployment } from '../config/schema.ts';

export interface DeployRolesProps {
  readonly deployment: Deployment;
  readonly delivery: NonNullable<Deployment['delivery']>;
  /** Every region in which the deployment has a stack. */
  readonly stackRegions: readonly string[];
}

/** The bootstrap's name for itself, unless somebody wants otherwise: "Bootstrap your environment", AWS CDK Developer Guide. */
const QUALIFIER = 'hnb659fds';
/** What the CDK's command line takes to publish assets and to start CloudFormation. */
const BOOTSTRAP_ROLES = ['deploy-role', 'file-publishing-role', 'image-publishing-role', 'lookup-role'];
const TOOLKIT_STACK = 'CDKToolkit';
/** An hour is the least that IAM allows as a maximum; a deployment with its canary takes minutes. */
const MAX_SESSION = Duration.hours(1);

export class DeployRoles extends Construct {
  readonly deploy: iam.Role;
  readonly plan?: iam.Role;
  /** What the pipeline is told: the ARN of each role. */
  readonly outputs: CfnOutput[] = [];

  constructor(scope: Construct, id: string, { deployment, delivery, stackRegions }: DeployRolesProps) {
    super(scope, id);
    const provider = this.#provider(delivery);
    const { name, environment } = deployment;
    const make = (what: string, subjects: readonly string[], description: string): iam.Role => {
      const role = new iam.Role(this, what, {
        assumedBy: trust(provider, delivery, subjects),
        description: `${description} ${name}-${environment}`,
        maxSessionDuration: MAX_SESSION,
      });
      this.#readStacks(role, deployment, stackRegions);
      this.outputs.push(
        new CfnOutput(this, `${what}RoleArn`, {
          value: role.roleArn,
          description: `${description} ${name}-${environment}`,
        }),
      );
      return role;
    };
    this.deploy = make('Deploy', delivery.deploySubjects, 'Daybook: the pipeline deploys');
    this.#takeBootstrapRoles(deployment, stackRegions);
    if (delivery.planSubjects.length > 0)
      this.plan = make('Plan', delivery.planSubjects, 'Daybook: the pipeline plans');
  }

  /** There can be one for each issuer in an account, so the second environment of an account is given the first one's. */
  #provider({ providerArn, issuer, audience }: DeployRolesProps['delivery']): iam.IOidcProvider {
    if (providerArn !== undefined)
      return iam.OidcProviderNative.fromOidcProviderArn(this, 'Provider', providerArn);
    return new iam.OidcProviderNative(this, 'Provider', { url: issuer, clientIds: [audience] });
  }

  #takeBootstrapRoles({ account }: Deployment, regions: readonly string[]): void {
    const { partition } = Stack.of(this);
    const arns = regions.flatMap((region) =>
      BOOTSTRAP_ROLES.map(
        (role) => `arn:${partition}:iam::${account}:role/cdk-${QUALIFIER}-${role}-${account}-${region}`,
      ),
    );
    this.deploy.addToPolicy(new iam.PolicyStatement({ actions: ['sts:AssumeRole'], resources: arns }));
  }

  /** What the commands ask with their own credentials: docs/aws.md, "What the operator must be allowed". */
  #readStacks(role: iam.Role, { name, environment, account }: Deployment, regions: readonly string[]): void {
    const { partition } = Stack.of(this);
    const stacks = regions.flatMap((region) =>
      [`${name}-${environment}-*`, TOOLKIT_STACK].map(
        (stack) => `arn:${partition}:cloudformation:${region}:${account}:stack/${stack}/*`,
      ),
    );
    role.addToPolicy(
      new iam.PolicyStatement({
        actions: [
          'cloudformation:DescribeStacks',
          'cloudformation:GetTemplate',
          'cloudformation:ListStackResources',
        ],
        resources: stacks,
      }),
    );
    for (const stack of stacks)
      Validations.of(role).acknowledge({
        id: `AwsSolutions-IAM5[Resource::${stack}]`,
        reason: 'CloudFormation ends the name of every stack with an id that is not known before it exists.',
      });
  }
}

function trust(
  provider: iam.IOidcProvider,
  { issuer, audience }: DeployRolesProps['delivery'],
  subjects: readonly string[],
): iam.OpenIdConnectPrincipal {
  // "IAM and AWS STS condition context keys": the keys of a provider begin with its URL, without the scheme.
  const key = issuer.replace(/^https:\/\//, '').replace(/\/$/, '');
  return new iam.OpenIdConnectPrincipal(provider, {
    StringEquals: { [`${key}:aud`]: audience, [`${key}:sub`]: [...subjects] },
  });
}
