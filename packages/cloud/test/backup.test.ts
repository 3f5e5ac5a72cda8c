import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { aws_sns as sns } from 'aws-cdk-lib';
import { Match } from 'aws-cdk-lib/assertions';

import { Backup } from '../src/backup/backup.ts';
import type { Given } from './support/small-application.ts';
import { deploymentOf, smallApplication, synthesise } from './support/small-application.ts';

function backedUp(given: Given) {
  const application = smallApplication(deploymentOf(given));
  const alerts = new sns.Topic(application.stack, 'Alerts', { enforceSSL: true });
  const { vault } = new Backup(application.stack, 'Backup', { ...application, alerts });
  return { vault, template: synthesise(application).template };
}

const { template } = backedUp({ customerManagedKey: true, onDestroy: 'retain' });
const { template: passing } = backedUp({ onDestroy: 'delete' });

interface Statement {
  readonly Sid: string;
  readonly Effect: string;
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
}

function statements(): Statement[] {
  const policies = template.findResources('AWS::IAM::Policy');
  const [policy] = Object.entries(policies).filter(([id]) => id.startsWith('BackupRole'));
  return policy?.[1]['Properties'].PolicyDocument.Statement;
}

function rule(name: string, schedule: string, days: number) {
  return Match.objectLike({
    RuleName: name,
    ScheduleExpression: schedule,
    Lifecycle: { DeleteAfterDays: days },
  });
}

describe('the plan', () => {
  it('keeps a backup of every day for 35 days and one of every month for a year', () => {
    template.hasResourceProperties('AWS::Backup::BackupPlan', {
      BackupPlan: {
        BackupPlanRule: [rule('daily', 'cron(0 1 * * ? *)', 35), rule('monthly', 'cron(0 3 1 * ? *)', 365)],
      },
    });
  });

  it('keeps those of a week where data goes with its stacks', () => {
    const [plan] = Object.values(passing.findResources('AWS::Backup::BackupPlan'));
    const rules = plan?.['Properties'].BackupPlan.BackupPlanRule as {
      RuleName: string;
      Lifecycle: unknown;
    }[];
    assert.deepEqual(
      rules.map(({ RuleName, Lifecycle }) => [RuleName, Lifecycle]),
      [['daily', { DeleteAfterDays: 7 }]],
    );
  });

  it('is for the one table, by its ARN', () => {
    const [selection] = Object.values(template.findResources('AWS::Backup::BackupSelection'));
    const { BackupSelection } = selection?.['Properties'] ?? {};
    assert.equal(BackupSelection.Resources.length, 1);
    assert.match(JSON.stringify(BackupSelection.Resources), /^\[{"Fn::GetAtt":\["StoreTable\w+","Arn"\]}\]$/);
    assert.equal(BackupSelection.ListOfTags, undefined);
  });
});

describe('the vault', () => {
  it('is encrypted with the key of the deployment, and stays and is locked where data stays', () => {
    template.hasResource('AWS::Backup::BackupVault', {
      DeletionPolicy: 'Retain',
      Properties: {
        EncryptionKeyArn: { 'Fn::GetAtt': [Match.stringLikeRegexp('^Key'), 'Arn'] },
        LockConfiguration: { MinRetentionDays: 35, ChangeableForDays: Match.absent() },
      },
    });
  });

  it('goes, and is not locked, where data goes', () => {
    passing.hasResource('AWS::Backup::BackupVault', {
      DeletionPolicy: 'Delete',
      Properties: { LockConfiguration: Match.absent() },
    });
  });
});

describe('the role', () => {
  it('has no managed policy and no wildcard among its actions', () => {
    const roles = Object.entries(template.findResources('AWS::IAM::Role')).filter(([id]) =>
      id.startsWith('Backup'),
    );
    assert.equal(roles.length, 1);
    for (const [, { Properties }] of roles) assert.equal(Properties.ManagedPolicyArns, undefined);
    for (const action of statements().flatMap(({ Action }) => Action)) assert.doesNotMatch(action, /\*/);
  });

  it('is taken by AWS Backup, and by nobody else', () => {
    template.hasResourceProperties('AWS::IAM::Role', {
      Description: 'Daybook: AWS Backup, of the table',
      AssumeRolePolicyDocument: {
        Statement: [{ Action: 'sts:AssumeRole', Principal: { Service: 'backup.amazonaws.com' } }],
      },
    });
  });

  it('may restore into a new table, and never writes into the one in use', () => {
    const denied = statements().find(({ Effect }) => Effect === 'Deny');
    assert.match(JSON.stringify(denied?.Resource), /StoreTable/);
    for (const action of [
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'dynamodb:DeleteItem',
      'dynamodb:BatchWriteItem',
    ])
      assert.ok(denied?.Action.includes(action), action);
    const restores = statements().find(({ Sid }) => Sid === 'RestoreIntoNewTable');
    assert.ok(restores?.Action.includes('dynamodb:RestoreTableFromAwsBackup'));
  });
});

describe('a job that fails', () => {
  it('is told, with what to do', () => {
    template.hasResourceProperties('AWS::Events::Rule', {
      EventPattern: {
        source: ['aws.backup'],
        'detail-type': ['Backup Job State Change'],
        detail: { state: ['ABORTED', 'EXPIRED', 'FAILED'] },
      },
      Targets: [
        {
          Arn: { Ref: Match.stringLikeRegexp('^Alerts') },
          InputTransformer: { InputTemplate: Match.stringLikeRegexp('npm run cloud -- backup') },
        },
      ],
    });
    template.hasResourceProperties('AWS::SNS::TopicPolicy', {
      PolicyDocument: {
        Statement: Match.arrayWith([
          Match.objectLike({ Principal: { Service: 'events.amazonaws.com' }, Action: 'sns:Publish' }),
        ]),
      },
    });
  });
});
