/**
 * The archive of three tiers: a task of the same image, once an hour, and what Athena queries. That the command itself works,
 * on PostgreSQL and S3, is `packages/daybook/test/cli/archive.test.ts`.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { CONFIG_VARIABLE, ENVIRONMENT, isArchived, parseConfig } from 'daybook/deployment';

import type { Template } from '../../src/aws/assembly.ts';
import type { ShownCall } from '../../src/aws/dry-run-calls.ts';
import { merge } from '../../src/config/merge.ts';
import { runCloud } from '../commands/test-host.ts';
import type { Resource, Values } from '../support/resources.ts';
import { all } from '../support/resources.ts';
import type { Synthesis } from '../support/topologies.ts';
import { exampleOf } from '../support/topologies.ts';
import { configOf, containerOf, taskOf, threeTier, variablesOf } from './synthesis.ts';

let synthesis: Synthesis;
let job: Resource;
before(async () => {
  synthesis = await threeTier('prd', {
    archive: true,
    database: { kind: 'aurora', replica: true },
    registers: { visits: { access: 'open', retentionDays: 30 } },
  });
  const found = all(synthesis, 'AWS::ECS::TaskDefinition').find(({ id }) => id.startsWith('ArchiveTask'));
  job = found ?? assert.fail('no task');
});

function one(type: string, id: string): Resource {
  return all(synthesis, type).find((found) => found.id.startsWith(id)) ?? assert.fail(`${type} ${id}`);
}

describe('the task', () => {
  test('runs the command of the image that the tiers run, and ends before the next one begins', () => {
    const container = containerOf(job);
    assert.deepEqual(container['Command'], ['archive', '--minutes', '55']);
    assert.equal(container['Image'], containerOf(taskOf(synthesis, 'api'))['Image']);
    assert.equal(
      one('AWS::Events::Rule', 'ArchiveSchedule').Properties['ScheduleExpression'],
      'rate(1 hour)',
    );
  });

  test('is told where the database is, its replica and the bucket of the archive, and no secret', () => {
    const variables = variablesOf(job);
    const ofApi = variablesOf(taskOf(synthesis, 'api'));
    for (const name of [
      'DAYBOOK_STORE',
      'DAYBOOK_STORE_REPLICA',
      'DAYBOOK_STORE_PASSWORD_FROM',
      'DAYBOOK_REGION',
    ])
      assert.deepEqual(variables[name], ofApi[name], name);
    assert.match(JSON.stringify(variables['DAYBOOK_OBJECTS']), /"Ref":"ArchiveBucket/);
    const known = new Set<string>([CONFIG_VARIABLE, ...Object.keys(ENVIRONMENT)]);
    assert.deepEqual(
      Object.keys(variables).filter((name) => !known.has(name)),
      [],
    );
    assert.deepEqual(variables['DAYBOOK_QUEUE'] ?? variables['DAYBOOK_ROLES'], undefined);
  });

  test('is not root, writes to no disk, has no capability and no shell', () => {
    const container = containerOf(job);
    assert.equal(container['ReadonlyRootFilesystem'], true);
    assert.match(String(container['User']), /^[1-9]\d*:/);
    assert.deepEqual((container['LinuxParameters'] as Values)['Capabilities'], { Drop: ['ALL'] });
    assert.deepEqual(container.MountPoints ?? [], []);
  });

  test('is started in places without a way out, by a role that may start it alone', () => {
    const rule = one('AWS::Events::Rule', 'ArchiveSchedule');
    const [target] = rule.Properties['Targets'] as readonly { readonly EcsParameters: Values }[];
    const { NetworkConfiguration, LaunchType, TaskDefinitionArn, PropagateTags } =
      target?.EcsParameters ?? {};
    const { AssignPublicIp, SecurityGroups } = (
      NetworkConfiguration as { readonly AwsVpcConfiguration: Values }
    ).AwsVpcConfiguration;
    assert.deepEqual([AssignPublicIp, LaunchType, PropagateTags], ['DISABLED', 'FARGATE', 'TASK_DEFINITION']);
    assert.deepEqual(TaskDefinitionArn, { Ref: job.id });
    assert.match(JSON.stringify(SecurityGroups), /PlacearchiveGroup/);
    const { Statement } = one('AWS::IAM::Policy', 'ArchiveStarter').Properties['PolicyDocument'] as {
      readonly Statement: readonly Values[];
    };
    const run = Statement.find(({ Action }) => Action === 'ecs:RunTask');
    assert.deepEqual(run?.['Resource'], { Ref: job.id });
    assert.deepEqual(
      Statement.map(({ Action }) => Action),
      ['ecs:RunTask', 'ecs:TagResource', 'iam:PassRole'],
    );
  });
});

describe('what is archived', () => {
  test('lies in a bucket that keeps versions, under the key of the deployment, and is backed up', () => {
    const bucket = one('AWS::S3::Bucket', 'ArchiveBucket');
    assert.deepEqual(bucket.Properties['VersioningConfiguration'], { Status: 'Enabled' });
    assert.match(JSON.stringify(bucket.Properties['BucketEncryption']), /aws:kms/);
    assert.equal(bucket.DeletionPolicy, 'Retain');
    const [selection] = all(synthesis, 'AWS::Backup::BackupSelection');
    assert.match(JSON.stringify(selection?.Properties), new RegExp(bucket.id));
  });

  test('is a table for Athena with the registers that are kept for ever', () => {
    const table = one('AWS::Glue::Table', 'ArchiveTable').Properties['TableInput'] as Values;
    const names = String((table['Parameters'] as Values)['projection.register.values']).split(',');
    const { registers } = parseConfig(configOf(job));
    assert.deepEqual(
      names,
      registers.filter(isArchived).map(({ name }) => name),
    );
    assert.ok(names.includes('app') && !names.includes('visits'));
    const group = one('AWS::Athena::WorkGroup', 'ArchiveWorkGroup').Properties[
      'WorkGroupConfiguration'
    ] as Values;
    assert.equal(group['EnforceWorkGroupConfiguration'], true);
  });
});

test('somebody is told when no run has archived all for hours, whatever the reason', () => {
  const filter = one('AWS::Logs::MetricFilter', 'ArchiveRuns').Properties;
  assert.equal(filter['FilterPattern'], '{ $.event = "archive-run" && $.failed = 0 }');
  const alarm = one('AWS::CloudWatch::Alarm', 'ObserveArchiveSilent').Properties;
  assert.deepEqual(
    [alarm['MetricName'], alarm['Period'], alarm['EvaluationPeriods'], alarm['TreatMissingData']],
    ['ArchiveRuns', 3_600, 3, 'breaching'],
  );
});

test('its log is read like those of the tiers', async () => {
  const name = [...synthesis.templates.keys()].find((key) => key.endsWith('-app')) ?? '';
  const template = synthesis.templates.get(name) as Template;
  const options = { template, configuration: merge(await exampleOf('three-tier'), { archive: true }) };
  const { code, stderr, stdout } = await runCloud(['logs', '--function', 'archive', '--dry-run'], options);
  assert.equal(code, 0, stderr);
  const read = stdout
    .split('\n')
    .map((line) => JSON.parse(line) as ShownCall)
    .find(({ operation }) => operation === 'FilterLogEvents')?.input as Record<string, string>;
  assert.match(read['logGroupName'] ?? '', /^<Placearchive/);
});

test('without an archive there is nothing of it', async () => {
  const without = await threeTier('prd');
  assert.doesNotMatch(JSON.stringify([...without.templates]), /Placearchive|ArchiveRuns|Athena/);
});
