/**
 * What each tier may do, asked of the policies in the templates as IAM judges them, together with those of the endpoints
 * that its calls go through: exactly what its role in Daybook calls for.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { runSimulation } from '@cloud-copilot/iam-simulate';
import {
  S3_BUCKET_ACTIONS,
  S3_CREATE_ACTIONS,
  S3_OBJECT_ACTIONS,
  SECRET_ACTIONS,
  SQS_ASK_ACTIONS,
  SQS_RECEIVE_ACTIONS,
  SQS_SEND_ACTIONS,
} from 'daybook/deployment';

import type { TierName } from '../../src/config/service-schema.ts';
import { TIERS } from '../../src/config/service-schema.ts';
import type { DeployedResource } from '../support/topologies.ts';
import { resourcesOf, skipTemplateCheck } from '../support/topologies.ts';
import { taskOf, threeTier } from './synthesis.ts';

skipTemplateCheck();

const ACCOUNT = '123456789012';
const SECRET = 'secret';

/** The tiers, and the job beside them. */
type Who = TierName | 'archive';
const EVERYBODY: readonly Who[] = [...TIERS, 'archive'];
type Call = readonly [
  action: string,
  part: 'main' | 'crashed' | 'bucket' | 'object' | 'archive' | 'segment' | typeof SECRET,
];
const calls = (actions: readonly string[], part: Call[1]): Call[] => actions.map((action) => [action, part]);
const OBJECTS = [...calls(S3_OBJECT_ACTIONS, 'object'), ...calls(S3_BUCKET_ACTIONS, 'bucket')];

const MAKES: Readonly<Record<Who, readonly Call[]>> = {
  web: [],
  api: [
    ...calls(SECRET_ACTIONS, SECRET),
    ...calls([...SQS_ASK_ACTIONS, ...SQS_SEND_ACTIONS], 'main'),
    ...OBJECTS,
  ],
  persister: [
    ...calls(SECRET_ACTIONS, SECRET),
    ...calls([...SQS_RECEIVE_ACTIONS, ...SQS_SEND_ACTIONS], 'main'),
    ...calls(SQS_RECEIVE_ACTIONS, 'crashed'),
    ...OBJECTS,
  ],
  archive: [
    ...calls(SECRET_ACTIONS, SECRET),
    ...calls(S3_CREATE_ACTIONS, 'segment'),
    ...calls(S3_BUCKET_ACTIONS, 'archive'),
  ],
};
const NOBODY: readonly Call[] = [
  ...calls(['secretsmanager:PutSecretValue', 'secretsmanager:DeleteSecret'], SECRET),
  ...calls(['sqs:PurgeQueue', 'sqs:DeleteQueue', 'sqs:SetQueueAttributes'], 'main'),
  ...calls(['sqs:PurgeQueue', 'sqs:SendMessage'], 'crashed'),
  ...calls(['s3:DeleteBucket', 's3:PutBucketPolicy', 's3:ListBucketVersions'], 'bucket'),
  ...calls(['s3:DeleteObjectVersion', 's3:PutObjectAcl'], 'object'),
  ...calls(['s3:DeleteBucket', 's3:PutBucketPolicy'], 'archive'),
  ...calls(['s3:GetObject', 's3:DeleteObject', 's3:DeleteObjectVersion'], 'segment'),
];
const ANYWHERE: readonly (readonly [action: string, resource: string])[] = [
  ['iam:PassRole', `arn:aws:iam::${ACCOUNT}:role/another`],
  ['sts:AssumeRole', `arn:aws:iam::${ACCOUNT}:role/another`],
  ['ecs:UpdateService', `arn:aws:ecs:eu-west-1:${ACCOUNT}:service/another/another`],
  ['ecs:RunTask', `arn:aws:ecs:eu-west-1:${ACCOUNT}:task-definition/another:1`],
  ['rds:ModifyDBInstance', `arn:aws:rds:eu-west-1:${ACCOUNT}:db:another`],
  ['rds:DeleteDBInstance', `arn:aws:rds:eu-west-1:${ACCOUNT}:db:another`],
  ['secretsmanager:GetSecretValue', `arn:aws:secretsmanager:eu-west-1:${ACCOUNT}:secret:another-AbCdEf`],
  ['ssm:GetParameter', `arn:aws:ssm:eu-west-1:${ACCOUNT}:parameter/another`],
  ['ecr:PutImage', `arn:aws:ecr:eu-west-1:${ACCOUNT}:repository/daybook`],
  ['logs:DeleteLogGroup', `arn:aws:logs:eu-west-1:${ACCOUNT}:log-group:another`],
];

let resources: readonly DeployedResource[];
let roles: Readonly<Record<Who, string>>;
before(async () => {
  const synthesis = await threeTier('prd', { archive: true });
  resources = resourcesOf(synthesis);
  roles = Object.fromEntries(
    EVERYBODY.map((who) => {
      const wanted = who === 'archive' ? /^ArchiveTask/ : new RegExp(`^${taskOf(synthesis, who).id}$`);
      const task = ofType('AWS::ECS::TaskDefinition').find(({ id }) => wanted.test(id));
      return [who, String(task?.property('TaskRoleArn')).split('/').at(-1)];
    }),
  ) as Record<Who, string>;
});

function ofType(type: string): DeployedResource[] {
  return resources.filter((one) => one.type === type);
}

function arnOf(part: Call[1]): string {
  if (part === SECRET) return secretArn();
  if (part === 'main' || part === 'crashed') {
    const name = part === 'main' ? 'QueueMain' : 'QueueCrashed';
    return (
      ofType('AWS::SQS::Queue')
        .find(({ id }) => id.startsWith(name))
        ?.arn() ?? ''
    );
  }
  const isArchive = part === 'archive' || part === 'segment';
  const bucket =
    ofType('AWS::S3::Bucket')
      .find(({ id }) => id.startsWith(isArchive ? 'ArchiveBucket' : 'Objects'))
      ?.arn() ?? '';
  if (part === 'bucket' || part === 'archive') return bucket;
  return `${bucket}/${isArchive ? 'entries/app/2026-11-21/one.ndjson.gz' : '0199aa00-0000-7000-8000-000000000000.json'}`;
}

/** As it stands in the policies: RDS makes it. */
function secretArn(): string {
  const found = policiesOf(roles.api)
    .flatMap(
      ({ policy }) =>
        (policy as { readonly Statement: readonly { Action: unknown; Resource: unknown }[] }).Statement,
    )
    .find(({ Action }) => JSON.stringify(Action).includes('GetSecretValue'));
  return String(found?.Resource);
}

function policiesOf(role: string) {
  return ofType('AWS::IAM::Policy')
    .filter((policy) => (policy.property('Roles') as string[]).includes(role))
    .map((policy) => ({ name: policy.id, policy: policy.property('PolicyDocument') }));
}

async function may(tier: Who, action: string, resource: string): Promise<boolean> {
  const [service = ''] = action.split(':');
  const endpoints = ofType('AWS::EC2::VPCEndpoint')
    .filter((one) => String(one.property('ServiceName')).endsWith(`.${service}`))
    .map((one) => ({ name: one.id, policy: one.property('PolicyDocument') }));
  const result = await runSimulation(
    {
      request: {
        principal: `arn:aws:sts::${ACCOUNT}:assumed-role/${roles[tier]}/session`,
        action,
        resource: { resource, accountId: ACCOUNT },
        contextVariables: {
          'aws:SecureTransport': 'true',
          ...(action === 's3:ListBucket' && { 's3:prefix': 'entries/app/' }),
        },
      },
      identityPolicies: policiesOf(roles[tier]),
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      ...(endpoints.length > 0 && { vpcEndpointPolicies: endpoints }),
    },
    {},
  );
  assert.notEqual(result.resultType, 'error', `${action} ${resource}: ${JSON.stringify(result)}`);
  return result.resultType !== 'error' && result.overallResult === 'Allowed';
}

describe('each tier', () => {
  test('may make its calls, on what is its own, through its doors', async () => {
    for (const tier of EVERYBODY) {
      for (const [action, part] of MAKES[tier])
        assert.ok(await may(tier, action, arnOf(part)), `${tier}: ${action} on ${part}`);
    }
  });

  test('may make none that another makes, or that is nobody’s', async () => {
    const every = [...Object.values(MAKES).flat(), ...NOBODY];
    for (const tier of EVERYBODY) {
      const own = new Set(MAKES[tier].map((call) => call.join(' ')));
      for (const [action, part] of every) {
        if (own.has(`${action} ${part}`)) continue;
        assert.ok(!(await may(tier, action, arnOf(part))), `${tier}: ${action} on ${part}`);
      }
      for (const [action, resource] of ANYWHERE)
        assert.ok(!(await may(tier, action, resource)), `${tier}: ${action}`);
    }
  });

  test('opens the channels of a shell, and none has a role that another has', async () => {
    for (const tier of TIERS) assert.ok(await may(tier, 'ssmmessages:OpenDataChannel', '*'), tier);
    assert.ok(!(await may('archive', 'ssmmessages:OpenDataChannel', '*')));
    assert.equal(new Set(Object.values(roles)).size, EVERYBODY.length);
  });
});

test('what starts a task may pull the one image and nothing else', async () => {
  const roleOf = resources.find(({ id }) => id.startsWith('TiersApiExecutionRoleDefaultPolicy'));
  const text = JSON.stringify(roleOf?.property('PolicyDocument'));
  assert.match(text, new RegExp(`arn:aws:ecr:eu-west-1:${ACCOUNT}:repository/daybook"`));
  assert.doesNotMatch(text, /secretsmanager|ssm:|ecr:Put/);
});
