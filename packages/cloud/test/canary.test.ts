/**
 * A new version of the function that answers callers takes over by a tenth first, and goes back by itself.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Synthesis, Topology } from './support/topologies.ts';
import { resourcesOf, synthesize } from './support/topologies.ts';

interface Reference {
  readonly Ref: string;
}

const CANARY = { functions: { canary: true } };

function templateOf({ templates }: Synthesis) {
  const [found] = [...templates].filter(([name]) => name.endsWith('-app')).map(([, template]) => template);
  assert.ok(found?.Resources);
  return found.Resources;
}

for (const topology of ['alb-lambda', 'gateway-queue'] satisfies Topology[]) {
  test(`${topology}: the alias is moved by CodeDeploy, ten percent for five minutes, and alarms move it back`, async () => {
    const synthesis = await synthesize(topology, 'prd', CANARY);
    const resources = templateOf(synthesis);
    const [groupId, group] =
      Object.entries(resources).find(([, { Type }]) => Type === 'AWS::CodeDeploy::DeploymentGroup') ?? [];
    const alias = Object.values(resources).find(({ Type }) => Type === 'AWS::Lambda::Alias') as
      | {
          readonly UpdatePolicy?: {
            readonly CodeDeployLambdaAliasUpdate?: { DeploymentGroupName?: Reference };
          };
        }
      | undefined;
    assert.equal(alias?.UpdatePolicy?.CodeDeployLambdaAliasUpdate?.DeploymentGroupName?.Ref, groupId);
    const properties = group?.Properties as {
      readonly DeploymentConfigName: string;
      readonly AutoRollbackConfiguration: unknown;
      readonly AlarmConfiguration: {
        readonly Enabled: boolean;
        readonly Alarms: { readonly Name: Reference }[];
      };
    };
    assert.equal(properties.DeploymentConfigName, 'CodeDeployDefault.LambdaCanary10Percent5Minutes');
    assert.deepEqual(properties.AutoRollbackConfiguration, {
      Enabled: true,
      Events: ['DEPLOYMENT_FAILURE', 'DEPLOYMENT_STOP_ON_REQUEST', 'DEPLOYMENT_STOP_ON_ALARM'],
    });
    assert.equal(properties.AlarmConfiguration.Enabled, true);
    const alarms = properties.AlarmConfiguration.Alarms.map(({ Name }) => resources[Name.Ref]);
    assert.deepEqual(
      alarms.map((alarm) => [
        alarm?.Type,
        alarm?.Properties?.['MetricName'],
        alarm?.Properties?.['Threshold'],
      ]),
      [
        ['AWS::CloudWatch::Alarm', 'Errors', 1],
        ['AWS::CloudWatch::Alarm', 'Errors', 1],
      ],
    );
  });
}

test('CodeDeploy may move this alias and no other', async () => {
  const synthesis = await synthesize('gateway-queue', 'prd', CANARY);
  const role = resourcesOf(synthesis).find(
    (one) =>
      one.type === 'AWS::IAM::Role' &&
      JSON.stringify(one.property('AssumeRolePolicyDocument')).includes('codedeploy'),
  );
  assert.equal(role?.has('ManagedPolicyArns'), false);
  const policies = resourcesOf(synthesis).filter(
    (one) => one.type === 'AWS::IAM::Policy' && one.id.startsWith('Canary'),
  );
  assert.equal(policies.length, 1);
  const { Statement } = (policies[0]?.property('PolicyDocument') ?? {}) as {
    readonly Statement: { readonly Action: string | string[]; readonly Resource: string | string[] }[];
  };
  const [move, see] = Statement;
  assert.deepEqual(move?.Action, [
    'lambda:GetAlias',
    'lambda:GetProvisionedConcurrencyConfig',
    'lambda:UpdateAlias',
  ]);
  assert.deepEqual(
    [move?.Resource].flat().map((arn) => /:function:[^:*]+(?::live)?$/.test(arn ?? '')),
    [true, true],
  );
  assert.deepEqual(see, { Action: 'cloudwatch:DescribeAlarms', Effect: 'Allow', Resource: '*' });
});

test('it needs no other alarm, and there is none of it unless it is wanted', async () => {
  const alone = templateOf(await synthesize('gateway-queue', 'dev', CANARY));
  const group = Object.values(alone).find(({ Type }) => Type === 'AWS::CodeDeploy::DeploymentGroup');
  const { Alarms } = (group?.Properties?.['AlarmConfiguration'] ?? {}) as { readonly Alarms: unknown[] };
  assert.equal(Alarms.length, 1);
  const without = templateOf(await synthesize('gateway-queue', 'prd', { functions: { canary: false } }));
  assert.ok(!Object.values(without).some(({ Type }) => Type.startsWith('AWS::CodeDeploy')));
});
