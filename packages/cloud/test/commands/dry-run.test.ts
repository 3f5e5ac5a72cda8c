/**
 * `--dry-run` shows every call that a command makes, in its order, and sends none.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ShownCall } from '../../src/aws/dry-run-calls.ts';
import { APP, NETWORK, REGION, withoutVault } from './small-assembly.ts';
import type { TestRunOptions } from './test-host.ts';
import { runCloud } from './test-host.ts';

async function shown(argv: readonly string[], options?: TestRunOptions): Promise<ShownCall[]> {
  const result = await runCloud([...argv, '--dry-run'], options);
  assert.deepEqual([result.code, result.stderr], [0, '']);
  assert.deepEqual(result.calls, [], 'nothing was sent and nothing was run');
  return result.stdout.split('\n').map((line) => JSON.parse(line) as ShownCall);
}

const names = (calls: readonly ShownCall[]): string[] =>
  calls.map(({ service, operation }) => `${service}:${operation}`);

const TWO_STACKS = (operation: string): string[] => Array<string>(2).fill(`cloudformation:${operation}`);
const PARTS = ['cloudformation:GetTemplate', 'cloudformation:ListStackResources'];
const FIND_TABLE = ['sts:GetCallerIdentity', ...PARTS, ...PARTS];
const SETTINGS = [
  'dynamodb:DescribeTable',
  'dynamodb:DescribeContinuousBackups',
  'dynamodb:ListTagsOfResource',
];
/** Which table to change, the change, and a look whether the table is ready for the next one. */
const change = (call: string): string[] => ['dynamodb:DescribeTable', call, 'dynamodb:DescribeTable'];
const FINISH = [
  'dynamodb:DescribeTable',
  ...SETTINGS,
  ...change('dynamodb:UpdateContinuousBackups'),
  ...change('dynamodb:TagResource'),
  ...change('dynamodb:UpdateTable'),
  'daybook:renewEpochs',
];

/** What is deployed of a stack, and whether it is whole. */
const COMPARED = ['cloudformation:GetTemplate', 'cloudformation:DescribeStacks'];

const expected: readonly (readonly [
  name: string,
  argv: string[],
  calls: string[],
  options?: TestRunOptions,
])[] = [
  ['plan', ['plan'], ['sts:GetCallerIdentity', ...COMPARED, ...COMPARED, 'cdk:diff']],
  [
    'apply',
    ['apply'],
    [
      'sts:GetCallerIdentity',
      'cloudformation:DescribeStacks',
      ...COMPARED,
      ...COMPARED,
      'cdk:diff',
      'cdk:deploy',
      'cdk:deploy',
      ...TWO_STACKS('DescribeStacks'),
      'http:GET',
      'http:GET',
      'http:POST',
      'http:GET',
    ],
  ],
  [
    'plan-destroy',
    ['plan-destroy'],
    [
      'sts:GetCallerIdentity',
      'cloudformation:DescribeStacks',
      'cloudformation:GetTemplate',
      'cloudformation:DescribeStacks',
      'cloudformation:GetTemplate',
    ],
  ],
  ['outputs', ['outputs'], ['sts:GetCallerIdentity', ...TWO_STACKS('DescribeStacks')]],
  [
    'status',
    ['status'],
    [
      'sts:GetCallerIdentity',
      'cloudformation:DescribeStacks',
      'cloudformation:ListStackResources',
      'cloudformation:DescribeStacks',
      'cloudformation:ListStackResources',
      'cloudwatch:DescribeAlarms',
      'sqs:GetQueueAttributes',
      'cloudwatch:GetMetricData',
      'http:GET',
      'http:GET',
    ],
  ],
  ['logs', ['logs', '--follow'], [...FIND_TABLE, 'logs:FilterLogEvents', 'logs:FilterLogEvents']],
  [
    'dead-letters',
    ['dead-letters', 'list', '--register', 'app'],
    ['sts:GetCallerIdentity', ...TWO_STACKS('DescribeStacks'), 'daybook:dead-letters'],
  ],
  ['backup', ['backup'], [...FIND_TABLE, 'backup:StartBackupJob', 'backup:DescribeBackupJob']],
  [
    'backup without a vault',
    ['backup'],
    [...FIND_TABLE, 'dynamodb:CreateBackup', 'dynamodb:DescribeBackup'],
    { template: withoutVault },
  ],
  [
    'backup list',
    ['backup', 'list'],
    [
      ...FIND_TABLE,
      'backup:ListRecoveryPointsByBackupVault',
      'dynamodb:ListBackups',
      'dynamodb:DescribeContinuousBackups',
    ],
  ],
  [
    'backup list without a vault',
    ['backup', 'list'],
    [...FIND_TABLE, 'dynamodb:ListBackups', 'dynamodb:DescribeContinuousBackups'],
    { template: withoutVault },
  ],
  [
    'restore to a second',
    ['restore', '--to', '2026-11-20T10:00:00Z', '--table', 'restored'],
    [...FIND_TABLE, 'dynamodb:DescribeContinuousBackups', 'dynamodb:RestoreTableToPointInTime', ...FINISH],
  ],
  [
    'restore of a recovery point of AWS Backup',
    ['restore', '--backup', `arn:aws:backup:${REGION}:123456789012:recovery-point:x`, '--table', 'restored'],
    [
      ...FIND_TABLE,
      'backup:GetRecoveryPointRestoreMetadata',
      'backup:StartRestoreJob',
      'backup:DescribeRestoreJob',
      ...FINISH,
    ],
  ],
  [
    "restore of a backup of DynamoDB's own",
    [
      'restore',
      '--backup',
      `arn:aws:dynamodb:${REGION}:123456789012:table/t/backup/x`,
      '--table',
      'restored',
    ],
    [...FIND_TABLE, 'dynamodb:RestoreTableFromBackup', ...FINISH],
  ],
  ['admin-key', ['admin-key'], [...FIND_TABLE, 'daybook:createOperatorKey']],
];
for (const [name, argv, calls, options] of expected) {
  test(`${name} makes these calls and no others`, async () => {
    assert.deepEqual(names(await shown(argv, options)), calls);
  });
}

test('destroy removes the stacks in the reverse order, each by itself', async () => {
  const calls = await shown(['destroy']);
  const cdk = calls.filter(({ service }) => service === 'cdk');
  assert.deepEqual(
    cdk.map(({ input }) => (input as { args: string[] }).args.toSpliced(2, 1)),
    [APP, NETWORK].map((id) => ['destroy', '--app', id, '--exclusively', '--force', '--no-notices']),
  );
});

test('apply deploys the network before the application, and asks nothing on the way', async () => {
  const calls = await shown(['apply', '--profile', 'work']);
  const deployed = calls.filter(({ operation }) => operation === 'deploy');
  assert.deepEqual(
    deployed.map(({ input }) => (input as { args: string[] }).args.toSpliced(2, 1)),
    [NETWORK, APP].map((id) => [
      'deploy',
      '--app',
      id,
      '--exclusively',
      '--require-approval',
      'never',
      '--progress',
      'events',
      '--no-notices',
      '--profile',
      'work',
    ]),
  );
});

test('a line has the service, the operation, the region and the whole input', async () => {
  const calls = await shown(['restore', '--to', '2026-11-20T10:00:00Z', '--table', 'restored']);
  assert.deepEqual(
    calls.find(({ operation }) => operation === 'RestoreTableToPointInTime'),
    {
      service: 'dynamodb',
      operation: 'RestoreTableToPointInTime',
      region: REGION,
      input: {
        SourceTableName: '<Table>',
        TargetTableName: 'restored',
        BillingModeOverride: 'PAY_PER_REQUEST',
        RestoreDateTime: '2026-11-20T10:00:00.000Z',
      },
    },
  );
});

test('a backup goes into the vault of the deployment, by the role of its plan', async () => {
  const calls = await shown(['backup']);
  assert.deepEqual(calls.find(({ operation }) => operation === 'StartBackupJob')?.input, {
    BackupVaultName: '<Vault>',
    ResourceArn: `arn:aws:dynamodb:${REGION}:123456789012:table/<Table>`,
    IamRoleArn: 'arn:aws:iam::123456789012:role/<BackupRole>',
    StartWindowMinutes: 60,
    Lifecycle: { DeleteAfterDays: 35 },
  });
});

test('dead-letters hands its own flags on to Daybook, and the key is never an argument', async () => {
  const calls = await shown(['dead-letters', 'replay', '--register', 'app', '--rate', '50', '--yes'], {
    apiKey: 'dbk_secret',
  });
  assert.deepEqual(calls.at(-1)?.input, {
    args: [
      'dead-letters',
      'replay',
      '--register',
      'app',
      '--rate',
      '50',
      '--yes',
      '--url',
      'https://daybook.example.com',
    ],
  });
});
