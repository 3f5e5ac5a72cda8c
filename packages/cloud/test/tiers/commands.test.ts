/**
 * The commands on a deployment with servers: what they call, in which order, and what they leave behind.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import type { Template } from '../../src/aws/assembly.ts';
import type { ShownCall } from '../../src/aws/dry-run-calls.ts';
import type { TestRunOptions } from '../commands/test-host.ts';
import { runCloud } from '../commands/test-host.ts';
import { exampleOf, skipTemplateCheck } from '../support/topologies.ts';
import { threeTier } from './synthesis.ts';

skipTemplateCheck();

let template: Template;
let aurora: Template;
let configuration: Readonly<Record<string, unknown>>;
before(async () => {
  template = await applicationOf();
  aurora = await applicationOf({ database: { kind: 'aurora' } });
  configuration = await exampleOf('three-tier');
});

async function applicationOf(change?: Readonly<Record<string, unknown>>): Promise<Template> {
  const { templates } = await threeTier('prd', change);
  const name = [...templates.keys()].find((key) => key.endsWith('-app'));
  return templates.get(name ?? '') as Template;
}

async function shown(argv: readonly string[], options: TestRunOptions = {}): Promise<ShownCall[]> {
  const { code, stderr, calls, stdout, written } = await runCloud([...argv, '--dry-run'], {
    template,
    configuration,
    ...options,
  });
  assert.deepEqual([code, stderr, calls, written], [0, '', [], []]);
  return stdout.split('\n').map((line) => JSON.parse(line) as ShownCall);
}

/** Without what finds the parts. */
function changes(calls: readonly ShownCall[]): ShownCall[] {
  return calls.filter(({ service }) => !['sts', 'cloudformation'].includes(service));
}

function inputsOf(calls: readonly ShownCall[]): Record<string, unknown>[] {
  return calls.map(({ input }) => input as Record<string, unknown>);
}

const names = (calls: readonly ShownCall[]): string[] =>
  changes(calls).map(({ service, operation }) => `${service}:${operation}`);
const EACH = ['application-autoscaling:RegisterScalableTarget', 'ecs:UpdateService', 'ecs:DescribeServices'];

describe('stop', () => {
  test('ends the callers’ tiers first and the persister last, and lets nothing start them', async () => {
    const calls = changes(await shown(['stop']));
    assert.deepEqual(names(calls), [...EACH, ...EACH, ...EACH]);
    const targets = calls
      .filter(({ operation }) => operation === 'RegisterScalableTarget')
      .map(({ input }) => input);
    assert.deepEqual(
      targets.map((input) => /Tiers(Web|Api|Persister)/.exec(JSON.stringify(input))?.[1]),
      ['Web', 'Api', 'Persister'],
    );
    for (const input of targets as Record<string, unknown>[]) {
      assert.equal(input['MinCapacity'], 0);
      assert.deepEqual(input['SuspendedState'], {
        DynamicScalingInSuspended: true,
        DynamicScalingOutSuspended: true,
        ScheduledScalingSuspended: true,
      });
      assert.match(String(input['ResourceId']), /^service\/<Cluster\w+>\/<Tiers\w+>$/);
    }
    const updates = calls.filter(({ operation }) => operation === 'UpdateService');
    for (const { input } of updates) assert.equal((input as { desiredCount: number }).desiredCount, 0);
  });

  test('waits until none runs', async () => {
    const left = [2, 1, 0];
    const answers = {
      'ecs:DescribeServices': () => ({ services: [{ runningCount: left.shift() ?? 0 }] }),
    };
    const { code, stdout, calls } = await runCloud(['stop', 'api'], { template, configuration, answers });
    assert.deepEqual([code, stdout], [0, 'api in eu-west-1: stopped']);
    assert.equal(calls.filter((call) => call === 'ecs:DescribeServices').length, 3);
  });
});

describe('start', () => {
  test('begins with what is behind, as the configuration has it', async () => {
    const calls = changes(await shown(['start']));
    const targets = calls
      .filter(({ operation }) => operation === 'RegisterScalableTarget')
      .map(({ input }) => input as Record<string, unknown>);
    assert.deepEqual(
      targets.map((input) => /Tiers(Web|Api|Persister)/.exec(JSON.stringify(input))?.[1]),
      ['Persister', 'Api', 'Web'],
    );
    for (const input of targets) assert.deepEqual([input['MinCapacity'], input['MaxCapacity']], [2, 4]);
  });

  test('that ECS does not get to run ends with what ECS says', async () => {
    const answers = {
      'ecs:DescribeServices': () => ({
        services: [{ runningCount: 0, pendingCount: 1, events: [{ message: 'cannot pull the image' }] }],
      }),
    };
    const { code, stderr } = await runCloud(['start', 'web'], { template, configuration, answers });
    assert.equal(code, 1);
    assert.match(
      stderr,
      /web: expected another number of tasks, found 0 that run after 15 minutes; cannot pull the image/,
    );
  });
});

describe('scale', () => {
  test('is written down before anything is called, and says what it would write', async () => {
    const calls = changes(await shown(['scale', 'api', '6']));
    assert.deepEqual(names(calls), ['file:write', ...EACH]);
    assert.deepEqual(inputsOf(calls)[0]?.['api'], { min: 6, max: 6 });
    assert.equal(inputsOf(calls)[2]?.['desiredCount'], 6);
  });

  test('keeps the upper bound where the number is below it', async () => {
    const answers = { 'ecs:DescribeServices': () => ({ services: [{ runningCount: 3 }] }) };
    const { code, written, stdout } = await runCloud(['scale', 'web', '3'], {
      template,
      configuration,
      answers,
    });
    assert.deepEqual([code, stdout], [0, 'web in eu-west-1: 3 run, up to 4']);
    assert.deepEqual(written, [
      { file: 'daybook.cloud.ts', environment: 'dev', tier: 'web', bounds: { min: 3, max: 4 } },
    ]);
  });

  for (const [argv, message] of [
    [['scale', 'api', '0'], /expected 1 to 100 tasks; given 0; to have none: npm run cloud -- stop api/],
    [['scale', 'database', '3'], /expected one of web, api, persister; given database/],
    [['stop', 'all'], /expected one of web, api, persister; given all/],
  ] as const)
    test(`${argv.join(' ')} is refused`, async () => {
      const { code, stderr, written } = await runCloud(argv, { template, configuration });
      assert.deepEqual([code, written], [2, []]);
      assert.match(stderr, message);
    });

  test('of functions there is none', async () => {
    const { code, stderr } = await runCloud(['stop']);
    assert.equal(code, 2);
    assert.match(stderr, /expected a deployment with services/);
  });
});

describe('restore', () => {
  const RDS = [
    'rds:DescribeDBInstances',
    'logs:CreateLogGroup',
    'logs:PutRetentionPolicy',
    'rds:RestoreDBInstanceToPointInTime',
    'rds:DescribeDBInstances',
    'rds:ModifyDBInstance',
    'rds:DescribeDBInstances',
  ];

  test('makes a database beside the one in use, whose password RDS manages again', async () => {
    const calls = await shown(['restore', '--to', '2026-11-20T10:00:00Z', '--database', 'restored']);
    assert.deepEqual(names(calls), RDS);
    const made = calls.find(({ operation }) => operation === 'RestoreDBInstanceToPointInTime')
      ?.input as Record<string, unknown>;
    assert.equal(made['TargetDBInstanceIdentifier'], 'restored');
    assert.equal(made['RestoreTime'], '2026-11-20T10:00:00.000Z');
    assert.equal(made['PubliclyAccessible'], false);
    const modified = calls.find(({ operation }) => operation === 'ModifyDBInstance')?.input as Record<
      string,
      unknown
    >;
    assert.equal(modified['ManageMasterUserPassword'], true);
  });

  test('takes a backup of the vault, which is a snapshot', async () => {
    const snapshot = 'arn:aws:rds:eu-west-1:123456789012:snapshot:awsbackup:job-1';
    const calls = await shown(['restore', '--backup', snapshot, '--database', 'restored']);
    const made = calls.find(({ operation }) => operation === 'RestoreDBInstanceFromDBSnapshot')
      ?.input as Record<string, unknown>;
    assert.equal(made['DBSnapshotIdentifier'], snapshot);
  });

  test('of a cluster makes its two instances as well', async () => {
    const calls = await shown(['restore', '--to', 'latest', '--database', 'restored'], {
      template: aurora,
      configuration: { ...configuration, database: { kind: 'aurora' } },
    });
    assert.deepEqual(
      names(calls).filter((name) => !name.includes('Describe')),
      [
        'logs:CreateLogGroup',
        'logs:PutRetentionPolicy',
        'rds:RestoreDBClusterToPointInTime',
        'rds:CreateDBInstance',
        'rds:CreateDBInstance',
        'rds:ModifyDBCluster',
      ],
    );
  });

  test('tells how to switch', async () => {
    const ready = {
      DBInstanceStatus: 'available',
      Endpoint: { Address: 'restored.abc.eu-west-1.rds.amazonaws.com' },
      MasterUserSecret: {
        SecretArn: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-1-AbCdEf',
        SecretStatus: 'active',
      },
    };
    let asked = 0;
    const answers = {
      // The first is the source; the second must not exist yet.
      'rds:DescribeDBInstances': () => ({ DBInstances: (asked += 1) === 2 ? [] : [ready] }),
    };
    const { code, stdout, stderr } = await runCloud(['restore', '--to', 'latest', '--database', 'restored'], {
      template,
      configuration,
      answers,
    });
    assert.equal(code, 0, stderr);
    assert.match(
      stdout,
      /"host":"restored\.abc\.eu-west-1\.rds\.amazonaws\.com","secretArn":"arn:aws:secretsmanager:/,
    );
    assert.match(stderr, /set database\.restored to this for dev/);
    assert.match(stderr, /give it a new epoch.*npm run cloud -- renew-epoch -e dev/);
  });
});

test('backup goes into the vault, by the role of its plan', async () => {
  const calls = await shown(['backup']);
  const started = calls.find(({ operation }) => operation === 'StartBackupJob')?.input as Record<
    string,
    string
  >;
  assert.match(started['ResourceArn'] ?? '', /^arn:aws:rds:eu-west-1:123456789012:db:<DatabaseInstance/);
  assert.match(started['BackupVaultName'] ?? '', /^<Backup/);
});

test('logs reads those of the tiers', async () => {
  const calls = await shown(['logs', '--function', 'persister']);
  const read = calls.find(({ operation }) => operation === 'FilterLogEvents')?.input as Record<
    string,
    string
  >;
  assert.match(read['logGroupName'] ?? '', /^<Placepersister/);
});

test('dead-letters goes through the API, at the address that callers have, and needs no way into the network', async () => {
  const calls = await shown(['dead-letters', 'replay', '--register', 'app', '--yes'], {
    apiKey: 'dbk_secret',
  });
  assert.deepEqual(names(calls), ['daybook:dead-letters']);
  const { args = [] } = (calls.at(-1)?.input ?? {}) as { readonly args?: readonly string[] };
  assert.deepEqual(args.slice(0, -1), ['dead-letters', 'replay', '--register', 'app', '--yes', '--url']);
  assert.match(args.at(-1) ?? '', /^(?:https:\/\/daybook\.example\.com|<Url>)$/);
});
