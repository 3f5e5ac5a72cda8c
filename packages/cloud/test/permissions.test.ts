/**
 * What each function may do, asked of the policies that are in the templates (simulated as IAM judges them): exactly the
 * calls that it makes, on what is its own, and none of a list of others. In a network the endpoints' policies are asked
 * as well.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { runSimulation } from '@cloud-copilot/iam-simulate';
import {
  DYNAMODB_ACTIONS,
  DYNAMODB_READ_ACTIONS,
  S3_BUCKET_ACTIONS,
  S3_OBJECT_ACTIONS,
  SQS_ASK_ACTIONS,
  SQS_RECEIVE_ACTIONS,
  SQS_SEND_ACTIONS,
} from 'daybook/deployment';

import type { DeployedResource, Topology } from './support/topologies.ts';
import { resourcesOf, skipTemplateCheck, synthesize, TOPOLOGIES } from './support/topologies.ts';

skipTemplateCheck();

type Part = 'table' | 'main' | 'crashed' | 'bucket' | 'object' | 'key';
type Call = readonly [action: string, part: Part];

const LOGS = ['logs:CreateLogStream', 'logs:PutLogEvents'];
const calls = (actions: readonly string[], part: Part): Call[] => actions.map((action) => [action, part]);
const TABLE = calls(DYNAMODB_ACTIONS, 'table');
const OBJECTS = [...calls(S3_OBJECT_ACTIONS, 'object'), ...calls(S3_BUCKET_ACTIONS, 'bucket')];

/** By the function's description, what it calls. */
const MAKES: Readonly<Record<string, Readonly<Record<'direct' | 'queued', readonly Call[]>>>> = {
  api: {
    direct: TABLE,
    queued: [...TABLE, ...calls([...SQS_ASK_ACTIONS, ...SQS_SEND_ACTIONS], 'main'), ...OBJECTS],
  },
  health: {
    direct: TABLE,
    queued: [...calls(DYNAMODB_READ_ACTIONS, 'table'), ...calls(SQS_ASK_ACTIONS, 'main')],
  },
  persister: {
    direct: [],
    queued: [...TABLE, ...calls([...SQS_RECEIVE_ACTIONS, ...SQS_SEND_ACTIONS], 'main'), ...OBJECTS],
  },
  'dead-letters': {
    direct: [],
    queued: [...TABLE, ...calls(SQS_RECEIVE_ACTIONS, 'crashed'), ...OBJECTS],
  },
  authorizer: { direct: [], queued: [] },
  probe: { direct: [], queued: [] },
};

function madeBy({ handler }: Subject, { hasQueue }: Deployed): readonly Call[] {
  const makes = MAKES[handler];
  assert.ok(makes, handler);
  return makes[hasQueue ? 'queued' : 'direct'];
}

/** Nobody's business: neither of Daybook's drivers nor of a handler. */
const NOBODY: readonly Call[] = [
  ...calls(
    [
      'dynamodb:Scan',
      'dynamodb:DeleteTable',
      'dynamodb:UpdateTable',
      'dynamodb:CreateTable',
      'dynamodb:PartiQLSelect',
    ],
    'table',
  ),
  ...calls(['dynamodb:BatchWriteItem', 'dynamodb:UpdateContinuousBackups', 'dynamodb:CreateBackup'], 'table'),
  ...calls(['sqs:PurgeQueue', 'sqs:DeleteQueue', 'sqs:SetQueueAttributes', 'sqs:AddPermission'], 'main'),
  ...calls(['sqs:PurgeQueue', 'sqs:SendMessage'], 'crashed'),
  ...calls(
    ['s3:DeleteBucket', 's3:PutBucketPolicy', 's3:PutLifecycleConfiguration', 's3:ListBucketVersions'],
    'bucket',
  ),
  ...calls(['s3:DeleteObjectVersion', 's3:PutObjectAcl', 's3:BypassGovernanceRetention'], 'object'),
  ...calls(['kms:ScheduleKeyDeletion', 'kms:PutKeyPolicy', 'kms:CreateGrant', 'kms:DisableKey'], 'key'),
];
const ANYWHERE = [
  'iam:PassRole',
  'iam:CreateRole',
  'sts:AssumeRole',
  'lambda:InvokeFunction',
  'lambda:UpdateFunctionCode',
  'secretsmanager:GetSecretValue',
  'ssm:GetParameter',
  'ec2:RunInstances',
  'logs:DeleteLogGroup',
  'cloudformation:UpdateStack',
] as const;

interface Deployed {
  readonly account: string;
  readonly resources: readonly DeployedResource[];
  readonly hasQueue: boolean;
  readonly hasNetwork: boolean;
}

const deployed = new Map<Topology, Deployed>();
before(async () => {
  for (const topology of TOPOLOGIES) {
    const synthesis = await synthesize(topology, 'prd');
    const { account, queue, network } = synthesis.deployment;
    deployed.set(topology, {
      account,
      resources: resourcesOf(synthesis),
      hasQueue: queue !== undefined,
      hasNetwork: network !== undefined,
    });
  }
});

function all({ resources }: Deployed, ofType: string): DeployedResource[] {
  return resources.filter(({ type }) => type === ofType);
}

/** The type of the resource that it is, or is in, and how its logical id begins. */
const PARTS: Readonly<Record<Part, readonly [type: string, id: string]>> = {
  table: ['AWS::DynamoDB::Table', 'Store'],
  main: ['AWS::SQS::Queue', 'QueueMain'],
  crashed: ['AWS::SQS::Queue', 'QueueCrashed'],
  bucket: ['AWS::S3::Bucket', 'Objects'],
  object: ['AWS::S3::Bucket', 'Objects'],
  key: ['AWS::KMS::Key', 'Key'],
};

function arnOf(from: Deployed, part: Part): string | undefined {
  const [type, begin] = PARTS[part];
  const arn = all(from, type)
    .find(({ id }) => id.startsWith(begin))
    ?.arn();
  return part === 'object' ? `${arn}/0199aa00-0000-7000-8000-000000000000.json` : arn;
}

interface Policy {
  readonly name: string;
  readonly policy: unknown;
}

interface Subject {
  readonly handler: string;
  readonly policies: Policy[];
  readonly role: string;
  readonly isInside: boolean;
  readonly logs: string;
}

function functionsOf(from: Deployed): Subject[] {
  return all(from, 'AWS::Lambda::Function').flatMap((one) => {
    const [, handler] = /^Daybook: (.+)$/.exec(String(one.property('Description'))) ?? [];
    if (handler === undefined) return [];
    const role = String(one.property('Role')).split('/').at(-1) ?? '';
    const { LogGroup } = one.property('LoggingConfig') as { readonly LogGroup: string };
    // CDK writes them beside the roles.
    const policies = all(from, 'AWS::IAM::Policy')
      .filter((policy) => (policy.property('Roles') as string[]).includes(role))
      .map((policy) => ({ name: policy.id, policy: policy.property('PolicyDocument') }));
    return [{ handler, role, policies, isInside: one.has('VpcConfig'), logs: LogGroup }];
  });
}

async function may(
  from: Deployed,
  { role, policies, isInside }: Subject,
  action: string,
  resource: string,
  context: Readonly<Record<string, string>> = {},
): Promise<boolean> {
  const [service = ''] = action.split(':');
  const endpoints = all(from, 'AWS::EC2::VPCEndpoint')
    .filter((one) => String(one.property('ServiceName')).endsWith(`.${service}`))
    .map((one) => ({ name: one.id, policy: one.property('PolicyDocument') }));
  // A key's own policy is asked first, and leaves the account's own to IAM.
  const [key] = service === 'kms' ? all(from, 'AWS::KMS::Key') : [];
  const result = await runSimulation(
    {
      request: {
        principal: `arn:aws:sts::${from.account}:assumed-role/${role}/session`,
        action,
        resource: { resource, accountId: from.account },
        contextVariables: { 'aws:SecureTransport': 'true', ...context },
      },
      identityPolicies: policies,
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(key && { resourcePolicy: key.property('KeyPolicy') }),
      ...(isInside && from.hasNetwork && endpoints.length > 0 && { vpcEndpointPolicies: endpoints }),
    },
    {},
  );
  assert.notEqual(result.resultType, 'error', `${action} ${resource}: ${JSON.stringify(result)}`);
  return result.resultType !== 'error' && result.overallResult === 'Allowed';
}

for (const topology of TOPOLOGIES) {
  describe(topology, () => {
    test('each function may make its calls, on what is its own', async () => {
      const from = deployed.get(topology);
      assert.ok(from);
      for (const subject of functionsOf(from)) {
        for (const [action, part] of madeBy(subject, from)) {
          const arn = arnOf(from, part);
          assert.ok(arn);
          assert.ok(await may(from, subject, action, arn), `${subject.handler}: ${action} on ${arn}`);
        }
        const { account } = from;
        const logs = `arn:aws:logs:eu-west-1:${account}:log-group:${subject.logs}:log-stream:1`;
        for (const action of LOGS)
          assert.ok(await may(from, subject, action, logs), `${subject.handler}: ${action}`);
      }
    });

    test('and none that another makes, or that is nobody’s', async () => {
      const from = deployed.get(topology);
      assert.ok(from);
      const every = [...Object.values(MAKES).flatMap(({ queued }) => queued), ...NOBODY];
      for (const subject of functionsOf(from)) {
        const own = new Set(madeBy(subject, from).map((call) => call.join(' ')));
        for (const [action, part] of every) {
          const arn = arnOf(from, part);
          if (own.has(`${action} ${part}`) || arn === undefined) continue;
          assert.ok(!(await may(from, subject, action, arn)), `${subject.handler}: ${action} on ${arn}`);
        }
        for (const action of ANYWHERE)
          assert.ok(
            !(await may(from, subject, action, elsewhere(action, from))),
            `${subject.handler}: ${action}`,
          );
      }
    });

    test('and its own calls on nothing else', async () => {
      const from = deployed.get(topology);
      assert.ok(from);
      for (const subject of functionsOf(from)) {
        for (const [action, part] of madeBy(subject, from)) {
          const arn = arnOf(from, part)?.replace(/([^:/]+)(\/[^/]+\.json)?$/, 'another$2');
          if (arn === undefined) continue;
          assert.ok(!(await may(from, subject, action, arn)), `${subject.handler}: ${action} on ${arn}`);
        }
      }
    });
  });
}

test('a key is used through the service that needs it, and in no other way', async () => {
  const from = deployed.get('gateway-queue');
  assert.ok(from);
  const key = arnOf(from, 'key');
  assert.ok(key);
  for (const subject of functionsOf(from)) {
    const usesTable = madeBy(subject, from).some(([, part]) => part === 'table');
    assert.equal(await may(from, subject, 'kms:Decrypt', key, via('dynamodb')), usesTable, subject.handler);
    assert.equal(await may(from, subject, 'kms:Decrypt', key), false, subject.handler);
    assert.equal(await may(from, subject, 'kms:Decrypt', key, via('secretsmanager')), false, subject.handler);
  }
});

test('Lambda makes network interfaces with a function’s role, and the function’s code does not', async () => {
  const from = deployed.get('jwt-gateway');
  assert.ok(from);
  const code = { 'lambda:SourceFunctionArn': `arn:aws:lambda:eu-west-1:${from.account}:function:one` };
  for (const subject of functionsOf(from)) {
    const describes = await may(from, subject, 'ec2:DescribeNetworkInterfaces', '*');
    assert.equal(describes, subject.isInside, subject.handler);
    assert.equal(
      await may(from, subject, 'ec2:DescribeNetworkInterfaces', '*', code),
      false,
      subject.handler,
    );
  }
});

/** A resource of the kind that the action is for, outside of the deployment. */
function elsewhere(action: string, { account }: Deployed): string {
  const [service = ''] = action.split(':');
  const arns: Readonly<Record<string, string>> = {
    iam: `arn:aws:iam::${account}:role/another`,
    sts: `arn:aws:iam::${account}:role/another`,
    lambda: `arn:aws:lambda:eu-west-1:${account}:function:another`,
    secretsmanager: `arn:aws:secretsmanager:eu-west-1:${account}:secret:another-AbCdEf`,
    ssm: `arn:aws:ssm:eu-west-1:${account}:parameter/another`,
    ec2: `arn:aws:ec2:eu-west-1:${account}:instance/i-0123456789abcdef0`,
    logs: `arn:aws:logs:eu-west-1:${account}:log-group:another`,
    cloudformation: `arn:aws:cloudformation:eu-west-1:${account}:stack/another/1`,
  };
  return arns[service] ?? '*';
}

function via(service: string): Readonly<Record<string, string>> {
  return { 'kms:ViaService': `${service}.eu-west-1.amazonaws.com` };
}
