/**
 * `plan-destroy` and `destroy`: what goes, what is kept, what stands in the way; nothing goes without its name.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Template } from '../../src/aws/assembly.ts';
import { AwsError } from '../../src/aws/aws-calls.ts';
import { fatesOf } from '../../src/aws/fate.ts';
import { APP, NETWORK } from './small-assembly.ts';
import type { Answers } from './test-host.ts';
import { runCloud } from './test-host.ts';

const rich: Template = {
  Resources: {
    Kept: { Type: 'AWS::DynamoDB::Table', DeletionPolicy: 'Retain' },
    KeptUnlessNew: { Type: 'AWS::Logs::LogGroup', DeletionPolicy: 'RetainExceptOnCreate' },
    Locked: { Type: 'AWS::DynamoDB::Table', Properties: { DeletionProtectionEnabled: true } },
    LockedReplica: {
      Type: 'AWS::DynamoDB::GlobalTable',
      Properties: { Replicas: [{ Region: 'eu-west-1', DeletionProtectionEnabled: true }] },
    },
    LockedBalancer: {
      Type: 'AWS::ElasticLoadBalancingV2::LoadBalancer',
      Properties: { LoadBalancerAttributes: [{ Key: 'deletion_protection.enabled', Value: 'true' }] },
    },
    LockedPool: { Type: 'AWS::Cognito::UserPool', Properties: { DeletionProtection: 'ACTIVE' } },
    Emptied: { Type: 'AWS::S3::Bucket', DeletionPolicy: 'Delete' },
    Empties: { Type: 'Custom::S3AutoDeleteObjects', Properties: { BucketName: { Ref: 'Emptied' } } },
    Full: { Type: 'AWS::S3::Bucket', DeletionPolicy: 'Delete' },
    Function: { Type: 'AWS::Lambda::Function' },
  },
};

test('each resource goes, is kept or blocks, with the reason', () => {
  const told = Object.fromEntries(
    fatesOf(rich).map(({ logicalId, fate, reason }) => [logicalId, [fate, reason]]),
  );
  assert.deepEqual(told, {
    Kept: ['kept', 'DeletionPolicy Retain'],
    KeptUnlessNew: ['kept', 'DeletionPolicy RetainExceptOnCreate'],
    Locked: ['blocks', 'deletion protection'],
    LockedReplica: ['blocks', 'deletion protection'],
    LockedBalancer: ['blocks', 'deletion protection'],
    LockedPool: ['blocks', 'deletion protection'],
    Emptied: ['goes', 'with everything in it'],
    Empties: ['goes', undefined],
    Full: ['goes', 'only if it is empty'],
    Function: ['goes', undefined],
  });
});

test('plan-destroy lists every resource of what is deployed, the application first', async () => {
  const { code, stdout, programs } = await runCloud(['plan-destroy']);
  assert.equal(code, 0);
  assert.deepEqual(programs, []);
  const lines = stdout.split('\n');
  assert.deepEqual(
    lines.filter((line) => line.endsWith('(eu-west-1)')),
    [`${APP} (eu-west-1)`, `${NETWORK} (eu-west-1)`],
  );
  assert.match(stdout, /kept {2}AWS::S3::Bucket +Bucket +DeletionPolicy Retain/);
  assert.match(
    stdout,
    /goes {2}AWS::DynamoDB::Table +Table +with everything in it; DynamoDB keeps a system backup for 35 days/,
  );
  assert.equal(lines.at(-1), '11 goes · 1 kept · 0 blocks');
});

/** As CloudFormation has it: what was deleted is not there any more. */
function deleting(fails?: string): {
  answers: Answers;
  runProgram: (call: { args: readonly string[] }) => number;
} {
  const gone = new Set<string>();
  return {
    answers: {
      'cloudformation:DescribeStacks': ({ StackName = '' }) => {
        if (gone.has(StackName))
          throw new AwsError('ValidationError', `Stack with id ${StackName} does not exist`);
        const StackStatus = StackName === fails ? 'DELETE_FAILED' : 'CREATE_COMPLETE';
        return {
          Stacks: [{ StackName, StackStatus, CreationTime: new Date(0), StackStatusReason: 'it is in use' }],
        };
      },
    },
    runProgram({ args }) {
      if (args[3] !== fails) gone.add(args[3] ?? '');
      return 0;
    },
  };
}

test('destroy asks for the name, and removes the application before its network', async () => {
  const { code, stderr, programs } = await runCloud(['destroy'], { ...deleting(), typed: ['daybook-dev'] });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Type daybook-dev to destroy it for good:/);
  assert.deepEqual(
    programs.map(({ args }) => [args[0], args[3]]),
    [APP, NETWORK].map((id) => ['destroy', id]),
  );
});

const arnOf = (n: number): string => `arn:aws:ec2:eu-west-1::snapshot/${n}`;

test('a vault that goes is emptied first, page by page, and one whose backups stay is a failure', async () => {
  const there = new Map([1, 2, 3].map((n) => [arnOf(n), 'COMPLETED']));
  const points = () =>
    [...there].map(([RecoveryPointArn, Status]) => ({ RecoveryPointArn, Status }) as const);
  const vault: Answers = {
    'backup:ListRecoveryPointsByBackupVault': ({ NextToken }) =>
      NextToken === undefined && there.size > 1
        ? { RecoveryPoints: points().slice(0, 1) as [], NextToken: 'more' }
        : { RecoveryPoints: points().slice(there.size > 1 ? 1 : 0) as [] },
  };
  const gone = deleting();
  const { code, stderr, inputs } = await runCloud(['destroy', '--yes-destroy', 'daybook-dev'], {
    ...gone,
    answers: {
      ...gone.answers,
      ...vault,
      'backup:DeleteRecoveryPoint': ({ RecoveryPointArn = '' }) => {
        there.delete(RecoveryPointArn);
        return {};
      },
    },
  });
  assert.equal(code, 0, stderr);
  const deleted = inputs.filter(({ name }) => name === 'backup:DeleteRecoveryPoint');
  assert.deepEqual(
    deleted.map(({ input }) => input),
    [1, 2, 3].map((n) => ({ BackupVaultName: '<Vault>', RecoveryPointArn: arnOf(n) })),
  );

  there.set(arnOf(4), 'EXPIRED');
  const stuck = deleting();
  const failed = await runCloud(['destroy', '--yes-destroy', 'daybook-dev'], {
    ...stuck,
    answers: { ...stuck.answers, ...vault, 'backup:DeleteRecoveryPoint': () => ({}) },
  });
  assert.equal(failed.code, 1);
  assert.match(failed.stderr, /snapshot\/4: expected AWS Backup to delete it, found it expired/);
  assert.deepEqual(failed.programs, []);
});

test('another word does nothing', async () => {
  for (const typed of ['', 'y', 'yes', 'daybook-prd', 'DAYBOOK-DEV']) {
    const { code, stderr, programs } = await runCloud(['destroy'], { typed: [typed] });
    assert.equal(code, 1);
    assert.match(stderr, /nothing was done$/);
    assert.deepEqual(programs, []);
  }
});

test('--yes-destroy with the right name does not ask', async () => {
  const { code, programs } = await runCloud(['destroy', '--yes-destroy', 'daybook-dev'], deleting());
  assert.equal(code, 0);
  assert.equal(programs.length, 2);
});

test('a stack that stays is a failure, whatever the CDK said, and what it stands on is not touched', async () => {
  const { code, stderr, programs } = await runCloud(
    ['destroy', '--yes-destroy', 'daybook-dev'],
    deleting(APP),
  );
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`${APP} in eu-west-1 is still there: DELETE_FAILED it is in use$`));
  assert.equal(programs.length, 1);
});

test('what stands in the way is found before anything is removed', async () => {
  const { code, stderr, programs } = await runCloud(['destroy', '--yes-destroy', 'daybook-dev'], {
    template: rich,
  });
  assert.equal(code, 1);
  assert.match(stderr, /deletion protection of Locked, .* of LockedPool; take it off in the configuration/);
  assert.deepEqual(programs, []);
});

test('termination protection is taken off only when that is asked for', async () => {
  const { answers, runProgram } = deleting();
  const isProtected: Answers = {
    'cloudformation:DescribeStacks': async (input, region) => {
      const answer = await answers['cloudformation:DescribeStacks']?.(input, region);
      return {
        Stacks: (answer?.Stacks ?? []).map((stack) => ({ ...stack, EnableTerminationProtection: true })),
      };
    },
  };
  const argv = ['destroy', '--yes-destroy', 'daybook-dev'];
  const kept = await runCloud(argv, { answers: isProtected, runProgram });
  assert.match(
    kept.stderr,
    /expected stacks without termination protection, given .*; --unprotect takes it off$/,
  );
  assert.deepEqual(kept.programs, []);
  const gone = await runCloud([...argv, '--unprotect'], { answers: isProtected, runProgram });
  assert.equal(gone.code, 0, gone.stderr);
  const changes = gone.inputs.filter(({ name }) => name === 'cloudformation:UpdateTerminationProtection');
  assert.deepEqual(
    changes.map(({ input }) => input),
    [APP, NETWORK].map((StackName) => ({ StackName, EnableTerminationProtection: false })),
  );
});

test('where nothing is deployed nothing is asked and nothing goes', async () => {
  const { code, stderr, programs } = await runCloud(['destroy'], {
    answers: { 'cloudformation:DescribeStacks': notDeployed },
    typed: [],
  });
  assert.deepEqual([code, stderr, programs], [0, 'nothing is deployed', []]);
});

function notDeployed(): never {
  throw new AwsError('ValidationError', 'Stack with id x does not exist');
}
