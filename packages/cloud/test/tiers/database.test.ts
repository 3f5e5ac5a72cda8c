/**
 * PostgreSQL: what its clients and its owner are promised, in both kinds.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { Values } from '../support/resources.ts';
import { all } from '../support/resources.ts';
import { taskOf, threeTier, variablesOf } from './synthesis.ts';

const AURORA = { database: { kind: 'aurora', replica: true } };

describe('an instance of RDS', () => {
  test('is in two zones, encrypted by the key of the deployment, and its password is RDS’s affair', async () => {
    const [instance] = all(await threeTier('prd'), 'AWS::RDS::DBInstance');
    const { MultiAZ, StorageEncrypted, KmsKeyId, ManageMasterUserPassword, MasterUserSecret } =
      instance?.Properties ?? {};
    assert.deepEqual([MultiAZ, StorageEncrypted, ManageMasterUserPassword], [true, true, true]);
    assert.ok(KmsKeyId);
    assert.ok((MasterUserSecret as Values)['KmsKeyId']);
  });

  test('stays, and cannot be deleted, where data stays; and goes where it goes', async () => {
    const [kept] = all(await threeTier('prd'), 'AWS::RDS::DBInstance');
    assert.deepEqual([kept?.DeletionPolicy, kept?.UpdateReplacePolicy], ['Retain', 'Retain']);
    assert.equal(kept?.Properties['DeletionProtection'], true);
    const [passing] = all(await threeTier('poc'), 'AWS::RDS::DBInstance');
    assert.equal(passing?.DeletionPolicy, 'Delete');
    assert.equal(passing.Properties['DeletionProtection'], false);
  });

  test('can be restored to any second of 35 days, and its own backups keep away from those of the vault', async () => {
    const [instance] = all(await threeTier('prd'), 'AWS::RDS::DBInstance');
    assert.equal(instance?.Properties['BackupRetentionPeriod'], 35);
    const [hour] = String(instance.Properties['PreferredBackupWindow']).split(':');
    assert.ok(Number(hour) >= 5, 'four hours after 00:20 at least');
  });

  test('commits durably and speaks TLS only', async () => {
    const [group] = all(await threeTier('prd'), 'AWS::RDS::DBParameterGroup');
    const parameters = group?.Properties['Parameters'] as Values;
    assert.deepEqual([parameters['synchronous_commit'], parameters['rds.force_ssl']], ['on', '1']);
  });

  test('is reached by the tiers api and persister, and by nobody else', async () => {
    const synthesis = await threeTier('prd');
    const [instance] = all(synthesis, 'AWS::RDS::DBInstance');
    assert.equal(instance?.Properties['PubliclyAccessible'], false);
    const rules = all(synthesis, 'AWS::EC2::SecurityGroupIngress').filter(({ id }) =>
      id.startsWith('DatabaseGroup'),
    );
    assert.equal(rules.length, 2);
    for (const { Properties } of rules) {
      assert.match(JSON.stringify(Properties['SourceSecurityGroupId']), /"Place(api|persister)Group/);
      assert.deepEqual([Properties['FromPort'], Properties['ToPort']], [5432, 5432]);
    }
    const routes = all(synthesis, 'AWS::EC2::Route');
    assert.deepEqual(routes, [], 'no route leads anywhere');
  });

  test('writes its log into a group that is kept for the days of the others', async () => {
    const synthesis = await threeTier('prd');
    const [instance] = all(synthesis, 'AWS::RDS::DBInstance');
    const name = `/aws/rds/instance/${String(instance?.Properties['DBInstanceIdentifier'])}/postgresql`;
    const group = all(synthesis, 'AWS::Logs::LogGroup').find(
      ({ Properties }) => Properties['LogGroupName'] === name,
    );
    assert.equal(group?.Properties['RetentionInDays'], 30);
  });
});

describe('a cluster of Aurora', () => {
  test('has a reader in another zone, which answers reads where that is wanted', async () => {
    const synthesis = await threeTier('prd', AURORA);
    const [cluster] = all(synthesis, 'AWS::RDS::DBCluster');
    assert.deepEqual(
      [
        cluster?.Properties['StorageEncrypted'],
        cluster?.Properties['DeletionProtection'],
        cluster?.Properties['ManageMasterUserPassword'],
      ],
      [true, true, true],
    );
    assert.equal(all(synthesis, 'AWS::RDS::DBInstance').length, 2);
    const variables = variablesOf(taskOf(synthesis, 'api'));
    assert.match(JSON.stringify(variables['DAYBOOK_STORE_REPLICA']), /ReadEndpoint\.Address/);
    assert.match(JSON.stringify(variables['DAYBOOK_STORE']), /"Endpoint\.Address"/);
    const without = await threeTier('prd', { database: { kind: 'aurora' } });
    assert.equal(variablesOf(taskOf(without, 'api'))['DAYBOOK_STORE_REPLICA'], undefined);
  });
});

test('a restored database takes the place of the own one, which stays', async () => {
  const restored = {
    identifier: 'daybook-restored',
    host: 'daybook-restored.abc.eu-west-1.rds.amazonaws.com',
    secretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-0a1b-AbCdEf',
  };
  const synthesis = await threeTier('prd', { database: { restored } });
  assert.equal(all(synthesis, 'AWS::RDS::DBInstance').length, 1);
  const variables = variablesOf(taskOf(synthesis, 'persister'));
  assert.match(String(variables['DAYBOOK_STORE']), /@daybook-restored\.abc\./);
  assert.equal(variables['DAYBOOK_STORE_PASSWORD_FROM'], `aws-secret:${restored.secretArn}`);
  const [selection] = all(synthesis, 'AWS::Backup::BackupSelection');
  assert.match(JSON.stringify(selection?.Properties), /:db:daybook-restored"/);
});

test('database and buckets are backed up every day at 00:20 UTC, and a failure is told', async () => {
  const synthesis = await threeTier('prd');
  const [plan] = all(synthesis, 'AWS::Backup::BackupPlan');
  assert.ok(plan);
  const { BackupPlanRule } = plan.Properties['BackupPlan'] as { readonly BackupPlanRule: readonly Values[] };
  const daily = BackupPlanRule.find(({ RuleName }) => RuleName === 'daily');
  assert.equal(daily?.['ScheduleExpression'], 'cron(20 0 * * ? *)');
  assert.deepEqual(daily['Lifecycle'], { DeleteAfterDays: 35 });
  const [selection] = all(synthesis, 'AWS::Backup::BackupSelection');
  assert.ok(selection);
  const { Resources } = selection.Properties['BackupSelection'] as {
    readonly Resources: readonly unknown[];
  };
  assert.match(
    JSON.stringify(Resources[0]),
    /:rds:eu-west-1:123456789012:db:daybook-tiers-prd-eu-west-1-app/,
  );
  assert.match(JSON.stringify(Resources[1]), /ObjectsBucket/);
  const objects = all(synthesis, 'AWS::S3::Bucket').find(({ id }) => id.startsWith('ObjectsBucket'));
  assert.deepEqual(objects?.Properties['VersioningConfiguration'], { Status: 'Enabled' });
  const failed = all(synthesis, 'AWS::Events::Rule').find(({ id }) => id.startsWith('BackupFailed'));
  assert.match(JSON.stringify(failed?.Properties['Targets']), /ObserveNotificationsHigh/);
});
