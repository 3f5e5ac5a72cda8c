/**
 * The options that every topology has, here: docs/three-tier.md has a line for each. Those with a file of their own (firewall,
 * alarms, archive, tokens, topic, restore) are tested there.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Resource, Values } from '../support/resources.ts';
import { all } from '../support/resources.ts';
import type { Synthesis } from '../support/topologies.ts';
import { threeTier } from './synthesis.ts';

const PEOPLE = { access: { people: ['arn:aws:iam::123456789012:user/ana'] } };

function actionsOf(synthesis: Synthesis, policy: string): string[] {
  const found = all(synthesis, 'AWS::IAM::Policy').find(({ id }) => id.startsWith(policy));
  assert.ok(found, policy);
  const { Statement } = found.Properties['PolicyDocument'] as { readonly Statement: readonly Values[] };
  return Statement.flatMap(({ Action }) => Action as string | string[]);
}

const encrypted = (resource: Resource): boolean => /kms/i.test(JSON.stringify(resource.Properties));

/** Whose logs they hold, and for how many days. */
async function logBucketsOf(environment: 'dev' | 'prd'): Promise<string[]> {
  return all(await threeTier(environment), 'AWS::S3::Bucket')
    .filter(({ id }) => id.includes('AccessLogs'))
    .map(({ id, Properties }) => {
      const { Rules } = Properties['LifecycleConfiguration'] as { readonly Rules: readonly Values[] };
      return `${id.startsWith('Front') ? 'cdn' : 'balancer'} ${String(Rules[0]?.['ExpirationInDays'])}`;
    })
    .toSorted();
}

describe('the role for people', () => {
  test('needs a second factor, and sees how the tiers are and nothing that callers wrote', async () => {
    for (const database of [{ kind: 'rds' }, { kind: 'aurora' }]) {
      const synthesis = await threeTier('prd', { ...PEOPLE, database });
      const role = all(synthesis, 'AWS::IAM::Role').find(({ id }) => id.startsWith('PeopleRole'));
      assert.match(
        JSON.stringify(role?.Properties['AssumeRolePolicyDocument']),
        /"aws:MultiFactorAuthPresent":"true"/,
      );
      const actions = actionsOf(synthesis, 'PeopleRole');
      for (const needed of ['ecs:DescribeServices', 'rds:DescribeDBInstances', 'sqs:GetQueueAttributes'])
        assert.ok(actions.includes(needed), needed);
      assert.equal(actions.includes('rds:DescribeDBClusters'), database.kind === 'aurora');
      assert.deepEqual(
        actions.filter((action) =>
          /Put|Delete|Update|Create|Execute|Secret|sqs:Receive|s3:|RunTask|Restore/.test(action),
        ),
        [],
      );
    }
  });

  test('is there where somebody is named', async () => {
    const roles = all(await threeTier('prd'), 'AWS::IAM::Role').filter(({ id }) => id.startsWith('People'));
    assert.deepEqual(roles, []);
  });
});

test('one key of the customer encrypts database, queues, buckets, topics and log groups', async () => {
  const synthesis = await threeTier('prd', { archive: true, queue: { fanOut: true } });
  for (const type of [
    'AWS::RDS::DBInstance',
    'AWS::SQS::Queue',
    'AWS::SNS::Topic',
    'AWS::Logs::LogGroup',
    'AWS::S3::Bucket',
  ]) {
    const found = all(synthesis, type).filter(({ id }) => !id.includes('AccessLogs'));
    assert.ok(found.length > 0, type);
    for (const one of found) assert.ok(encrypted(one), `${type} ${one.id}`);
  }
  const keys = all(synthesis, 'AWS::KMS::Key');
  for (const { Properties } of keys) assert.equal(Properties['EnableKeyRotation'], true);
});

test('access logs of CloudFront are always kept, those of the balancer where they are asked for', async () => {
  assert.deepEqual(await logBucketsOf('dev'), ['cdn 7']);
  assert.deepEqual(await logBucketsOf('prd'), ['balancer 30', 'cdn 30']);
});

test('logs are kept 7 days in dev, 30 in prd, and those of the network 14', async () => {
  for (const [environment, days] of [
    ['dev', 7],
    ['prd', 30],
  ] as const) {
    const found = all(await threeTier(environment), 'AWS::Logs::LogGroup').map(({ id, Properties }) => [
      id.startsWith('Network') ? 14 : days,
      Properties['RetentionInDays'],
    ]);
    assert.ok(found.some(([expected]) => expected === 14));
    for (const [expected, given] of found) assert.equal(given, expected);
  }
});

test('a budget counts what has the tag of the deployment, and everything has it', async () => {
  const synthesis = await threeTier('dev', { budget: { monthlyUsd: 300 } });
  const [budget] = all(synthesis, 'AWS::Budgets::Budget');
  assert.match(JSON.stringify(budget?.Properties), /user:deployment\$daybook-tiers-dev/);
  const [group] = all(synthesis, 'AWS::ResourceGroups::Group');
  assert.match(JSON.stringify(group?.Properties), /"deployment"/);
  for (const { tags } of synthesis.places) assert.equal(tags['deployment'], 'daybook-tiers-dev');
  for (const { Properties } of all(synthesis, 'AWS::ECS::Service'))
    assert.equal(Properties['PropagateTags'], 'SERVICE');
});

test('bands and ratios watch for too many and too few, and a probe asks every minute', async () => {
  const synthesis = await threeTier('prd');
  const alarms = JSON.stringify(all(synthesis, 'AWS::CloudWatch::Alarm'));
  assert.match(alarms, /ANOMALY_DETECTION_BAND/);
  assert.match(alarms, /FILL\(part, 0\) \/ whole/);
  const rule = all(synthesis, 'AWS::Events::Rule').find(({ id }) => id.includes('Probe'));
  assert.equal(rule?.Properties['ScheduleExpression'], 'rate(1 minute)');
});
