/**
 * What people who operate Daybook may see: whether it works, and why not. Nothing that changes anything, and nothing that
 * callers have written: no entry, no message, no dead letter, no key. Whoever must read those has a credential of Daybook,
 * whose use is on record in the register `audit`.
 *
 * It takes a second factor: `aws:MultiFactorAuthPresent` is there for users of IAM and not for sessions of other roles, so
 * a role of single sign-on in `access.people` is refused; let the identity provider ask for the factor there.
 */
import { ArnFormat, aws_iam as iam, Duration, Stack, Validations } from 'aws-cdk-lib';
import { Construct } from 'constructs';

import { TIERS } from '../config/service-schema.ts';
import type { Parts, ServiceParts } from '../parts.ts';
import { hasTiers } from '../parts.ts';

export interface PeopleRoleProps {
  /** Account ids, or ARNs of principals; at least one. */
  readonly people: readonly string[];
  readonly parts: FunctionParts | ServiceParts;
}

type FunctionParts = Pick<Parts, 'table' | 'queues' | 'functions'>;

/** Long enough for an incident, short enough for a laptop that was left open. */
const MAX_SESSION = Duration.hours(4);

export class PeopleRole extends Construct {
  readonly role: iam.Role;

  constructor(scope: Construct, id: string, { people, parts }: PeopleRoleProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const principals = people.map((who) =>
      who.startsWith('arn:') ? new iam.ArnPrincipal(who) : new iam.AccountPrincipal(who),
    );
    this.role = new iam.Role(this, 'Role', {
      assumedBy: new iam.PrincipalWithConditions(new iam.CompositePrincipal(...principals), {
        Bool: { 'aws:MultiFactorAuthPresent': 'true' },
      }),
      description: `Sees how ${stack.stackName} works; needs a second factor`,
      maxSessionDuration: MAX_SESSION,
    });
    if (hasTiers(parts)) this.#seeTiers(stack, parts);
    else this.#seeFunctions(parts);
    this.#see(
      [
        'cloudformation:DescribeStackEvents',
        'cloudformation:DescribeStackResources',
        'cloudformation:DescribeStacks',
      ],
      [stack.stackId],
    );
    this.#seeLogs(stack);
    this.#seeWhatHasNoName();
  }

  #seeFunctions({ table, queues, functions }: FunctionParts): void {
    this.#see(['dynamodb:DescribeTable', 'dynamodb:DescribeContinuousBackups'], [table.tableArn]);
    if (queues !== undefined)
      this.#see(['sqs:GetQueueAttributes'], [queues.main.queueArn, queues.crashed.queueArn]);
    const { api, health, persister, deadLetters, authorizer, probe } = functions;
    this.#see(
      ['lambda:GetFunctionConfiguration'],
      [api, health, persister, deadLetters, authorizer, probe].flatMap((one) => one?.functionArn ?? []),
    );
  }

  #seeTiers(stack: Stack, { tiers, database, queues, front, probe }: ServiceParts): void {
    const instances = database.instances.map((resourceName) =>
      stack.formatArn({
        service: 'rds',
        resource: 'db',
        resourceName,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      }),
    );
    this.#see(['rds:DescribeDBInstances'], instances);
    if (database.kind === 'aurora') this.#see(['rds:DescribeDBClusters'], [database.arn]);
    this.#see(['sqs:GetQueueAttributes'], [queues.main.queueArn, queues.crashed.queueArn]);
    this.#see(
      ['ecs:DescribeServices'],
      TIERS.map((name) => tiers[name].service.serviceArn),
    );
    this.#see(['cloudfront:GetDistribution'], [front.distribution.distributionArn]);
    if (probe !== undefined) this.#see(['lambda:GetFunctionConfiguration'], [probe.functionArn]);
  }

  #see(actions: readonly string[], resources: readonly string[]): void {
    this.role.addToPolicy(new iam.PolicyStatement({ actions: [...actions], resources: [...resources] }));
  }

  /** Neither payloads nor credentials are ever logged. Log groups are named after their stack, then at random. */
  #seeLogs(stack: Stack): void {
    const arn = `arn:${stack.partition}:logs:${stack.region}:${stack.account}:log-group:${stack.stackName}-*`;
    this.#see(
      ['logs:DescribeLogStreams', 'logs:FilterLogEvents', 'logs:GetLogEvents', 'logs:StartQuery'],
      [arn],
    );
    this.#acknowledge(
      `Resource::${arn}`,
      'The log groups of this stack and no others: their names begin with its name and end at random.',
    );
  }

  #seeWhatHasNoName(): void {
    this.#see(
      [
        'cloudwatch:DescribeAlarmHistory',
        'cloudwatch:DescribeAlarms',
        'cloudwatch:GetDashboard',
        'cloudwatch:GetMetricData',
        'cloudwatch:ListDashboards',
        'cloudwatch:ListMetrics',
        'logs:DescribeLogGroups',
        'logs:GetQueryResults',
        'xray:BatchGetTraces',
        'xray:GetServiceGraph',
        'xray:GetTraceSummaries',
      ],
      ['*'],
    );
    this.#acknowledge(
      'Resource::*',
      'Reads of metrics, alarms, traces and lists of names, which IAM knows no narrower resource for.',
    );
  }

  #acknowledge(finding: string, reason: string): void {
    Validations.of(this.role).acknowledge({ id: `AwsSolutions-IAM5[${finding}]`, reason });
  }
}
