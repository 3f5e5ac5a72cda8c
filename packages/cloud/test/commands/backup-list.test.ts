/**
 * `backup list`: what AWS says that there is, in the order of time, and for each the command that restores it, which `restore`
 * then takes.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import type { Template } from '../../src/aws/assembly.ts';
import { AwsError } from '../../src/aws/aws-calls.ts';
import type { ShownCall } from '../../src/aws/dry-run-calls.ts';
import { exampleOf } from '../support/topologies.ts';
import { configuration as twoRegions, REGIONS, writeRegionsAssembly } from './regions-assembly.ts';
import { ACCOUNT, REGION } from './small-assembly.ts';
import type { Answers, TestRun, TestRunOptions } from './test-host.ts';
import { runCloud } from './test-host.ts';

const at = (time: string): Date => new Date(`2026-11-${time}Z`);
const pointArn = (name: string): string => `arn:aws:backup:${REGION}:${ACCOUNT}:recovery-point:${name}`;
const ofTable = (name: string, CreationDate: Date, more: object = {}) => ({
  RecoveryPointArn: pointArn(name),
  ResourceArn: `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/entries`,
  ResourceType: 'DynamoDB',
  Status: 'COMPLETED' as const,
  CreationDate,
  ...more,
});
const snapshotArn = (kind: string, name: string): string =>
  `arn:aws:rds:${REGION}:${ACCOUNT}:${kind}:${name}`;
const backupArn = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/entries/backup/01-a`;

/** Two pages of each, in an order that is not that of time. */
const TABLE: Answers = {
  'backup:ListRecoveryPointsByBackupVault': ({ NextToken }) =>
    NextToken === undefined
      ? { RecoveryPoints: [ofTable('late', at('20T01:00:00.400'))], NextToken: 'more' }
      : {
          RecoveryPoints: [
            ofTable('early', at('01T01:00:00'), { CalculatedLifecycle: { DeleteAt: at('30T00:00:00') } }),
            ofTable('half', at('21T02:00:00'), { Status: 'PARTIAL' }),
          ],
        },
  'dynamodb:ListBackups': ({ ExclusiveStartBackupArn }) =>
    ExclusiveStartBackupArn === undefined
      ? { LastEvaluatedBackupArn: 'more' }
      : {
          BackupSummaries: [
            {
              TableName: 'entries',
              BackupArn: backupArn,
              BackupStatus: 'AVAILABLE',
              BackupCreationDateTime: at('10T12:30:00'),
            },
          ],
        },
  'dynamodb:DescribeContinuousBackups': () => ({
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: {
        PointInTimeRecoveryStatus: 'ENABLED',
        EarliestRestorableDateTime: at('07T08:00:00.200'),
        LatestRestorableDateTime: at('21T07:55:00.900'),
      },
    },
  }),
};

interface Listed {
  readonly region: string;
  readonly kind: string;
  readonly of: string;
  readonly at?: string;
  readonly from?: string;
  readonly until?: string;
  readonly status: string;
  readonly arn?: string;
  readonly restore?: string;
}

async function list(options: TestRunOptions, ...flags: string[]): Promise<Listed[]> {
  const { code, stdout, stderr } = await runCloud(['backup', 'list', '--json', ...flags], options);
  assert.deepEqual([code, stderr], [0, '']);
  return JSON.parse(stdout) as Listed[];
}

/** What the command would call that the list gives. */
async function calledBy({ restore = '' }: Listed, options: TestRunOptions): Promise<ShownCall[]> {
  const prefix = 'npm run cloud -- ';
  assert.ok(restore.startsWith(prefix));
  const argv = restore.slice(prefix.length).split(' ');
  assert.deepEqual(argv.slice(1, 3), ['-e', 'dev'], 'the tests give the environment themselves');
  const { code, stdout, stderr } = await runCloud([...argv.toSpliced(1, 2), '--dry-run'], options);
  assert.equal(code, 0, stderr);
  return stdout.split('\n').map((line) => JSON.parse(line) as ShownCall);
}

const inputOf = (calls: readonly ShownCall[], operation: string): Readonly<Record<string, unknown>> =>
  calls.find((call) => call.operation === operation)?.input as Readonly<Record<string, unknown>>;

describe('of a table', () => {
  test('backups of every page and both keepers are in the order of time, recovery to any second last', async () => {
    const found = await list({ answers: TABLE });
    assert.deepEqual(
      found.map(({ kind, at: time }) => `${time} ${kind}`),
      [
        '2026-11-01T01:00:00Z recovery-point',
        '2026-11-10T12:30:00Z backup',
        '2026-11-20T01:00:00Z recovery-point',
        '2026-11-21T02:00:00Z recovery-point',
        '2026-11-21T07:55:00Z point-in-time',
      ],
    );
    const [early, , , half, window] = found;
    assert.equal(early?.until, '2026-11-30T00:00:00Z');
    assert.equal(window?.from, '2026-11-07T08:00:01Z', 'a second that can be restored to');
    assert.deepEqual([half?.status, half?.restore], ['partial', undefined]);
  });

  test('each is restored by the command beside it', async () => {
    const [early, own, , , window] = await list({ answers: TABLE });
    assert.ok(early && own && window);
    assert.equal(
      early.restore,
      `npm run cloud -- restore -e dev --backup ${pointArn('early')} --table daybook-dev-20261101-0100`,
    );
    const fromVault = inputOf(await calledBy(early, {}), 'StartRestoreJob');
    assert.equal(fromVault['RecoveryPointArn'], pointArn('early'));
    const fromOwn = inputOf(await calledBy(own, {}), 'RestoreTableFromBackup');
    assert.deepEqual(
      [fromOwn['BackupArn'], fromOwn['TargetTableName']],
      [backupArn, 'daybook-dev-20261110-1230'],
    );
    const toSecond = inputOf(await calledBy(window, {}), 'RestoreTableToPointInTime');
    assert.equal(toSecond['UseLatestRestorableTime'], true);
  });

  test('a person sees a row for each, with its command below', async () => {
    const { stdout } = await runCloud(['backup', 'list'], { answers: TABLE });
    const lines = stdout.split('\n');
    assert.equal(lines.length, 10);
    assert.match(
      lines[0] ?? '',
      /^2026-11-01T01:00:00Z +recovery point of AWS Backup +entries +completed +until 2026-11-30/,
    );
    assert.match(lines[1] ?? '', /^ {4}npm run cloud -- restore -e dev --backup arn:/);
    assert.match(lines[7] ?? '', /^ {4}restore does not take it: arn:.*half$/);
    assert.match(
      lines[8] ?? '',
      /^2026-11-21T07:55:00Z +any second from 2026-11-07T08:00:01Z +<Table> +available$/,
    );
  });

  test('that is gone leaves its backups, and no window', async () => {
    const answers: Answers = {
      ...TABLE,
      'dynamodb:DescribeContinuousBackups': () => {
        throw new AwsError('TableNotFoundException', 'Table not found: entries');
      },
    };
    const kinds = (await list({ answers })).map(({ kind }) => kind);
    assert.deepEqual(kinds, ['recovery-point', 'backup', 'recovery-point', 'recovery-point']);
  });

  test('none at all is said, and is an empty list', async () => {
    const { code, stdout, stderr } = await runCloud(['backup', 'list']);
    assert.deepEqual([code, stdout], [0, '']);
    assert.equal(stderr, `no backups in ${REGION}, and no recovery to a point in time`);
    assert.deepEqual(await list({}), []);
  });

  test('the flags that led to the list lead to the restore', async () => {
    const flags = ['-c', "it's mine/daybook.cloud.ts", '--profile', 'work'];
    const [first] = await list({ answers: TABLE }, ...flags);
    assert.match(
      first?.restore ?? '',
      / restore -c 'it'\\''s mine\/daybook\.cloud\.ts' -e dev --profile work --backup /,
    );
  });
});

describe('of several regions', () => {
  const options: TestRunOptions = { writeAssembly: writeRegionsAssembly, configuration: twoRegions };
  const asked: string[] = [];
  const answers: Answers = {
    'dynamodb:ListBackups': (_, region) => {
      asked.push(region);
      const BackupArn = `arn:aws:dynamodb:${region}:${ACCOUNT}:table/t/backup/1`;
      const day = region === REGIONS[0] ? '02' : '01';
      const BackupCreationDateTime = at(`${day}T00:00:00`);
      return { BackupSummaries: [{ BackupArn, BackupStatus: 'AVAILABLE', BackupCreationDateTime }] };
    },
  };

  test('all are asked, and each backup is restored where it is', async () => {
    const found = await list({ ...options, answers });
    assert.deepEqual(
      found.map(({ region }) => region),
      REGIONS.toReversed(),
    );
    for (const one of found) {
      assert.match(one.restore ?? '', new RegExp(` --region ${one.region} --backup `));
      const restored = (await calledBy(one, options)).find(
        ({ operation }) => operation === 'RestoreTableFromBackup',
      );
      assert.equal(restored?.region, one.region);
    }
  });

  test('one that is away can be left out', async () => {
    asked.length = 0;
    const found = await list({ ...options, answers }, '--region', REGIONS[1]);
    assert.deepEqual([found.length, asked], [1, [REGIONS[1]]]);
  });
});

describe('of a database', () => {
  const vault = { Type: 'AWS::Backup::BackupVault' };
  const instance: Template = { Resources: { Db: { Type: 'AWS::RDS::DBInstance' }, Vault: vault } };
  const cluster: Template = { Resources: { Db: { Type: 'AWS::RDS::DBCluster' } } };
  let configuration: Readonly<Record<string, unknown>>;
  before(async () => {
    configuration = await exampleOf('three-tier');
  });

  const kept = snapshotArn('snapshot', 'awsbackup:job-1');
  const RDS: Answers = {
    'backup:ListRecoveryPointsByBackupVault': () => ({
      RecoveryPoints: [
        {
          RecoveryPointArn: kept,
          ResourceArn: snapshotArn('db', 'entries'),
          ResourceType: 'RDS',
          Status: 'COMPLETED',
          CreationDate: at('03T00:20:00'),
        },
        {
          RecoveryPointArn: pointArn('objects'),
          ResourceArn: 'arn:aws:s3:::objects',
          ResourceType: 'S3',
          Status: 'COMPLETED',
          CreationDate: at('03T00:30:00'),
        },
      ],
    }),
    'rds:DescribeDBSnapshots': ({ Marker }) =>
      Marker === undefined
        ? { DBSnapshots: [{ DBSnapshotArn: kept, Status: 'available' }], Marker: 'more' }
        : {
            DBSnapshots: [
              {
                DBInstanceIdentifier: 'entries',
                DBSnapshotArn: snapshotArn('snapshot', 'rds:entries-1'),
                SnapshotCreateTime: at('02T04:00:00'),
                Status: 'available',
              },
              {
                DBInstanceIdentifier: 'entries',
                DBSnapshotArn: snapshotArn('snapshot', 'mine'),
                Status: 'creating',
              },
            ],
          },
    'rds:DescribeDBInstanceAutomatedBackups': () => ({
      DBInstanceAutomatedBackups: [
        { RestoreWindow: { EarliestTime: at('01T04:00:00'), LatestTime: at('21T07:55:00') } },
      ],
    }),
  };

  test('there are those of the vault, snapshots that are made every day or by somebody, and recovery to any second', async () => {
    const options = { template: instance, configuration };
    const found = await list({ ...options, answers: RDS });
    assert.deepEqual(
      found.map(({ kind, arn }) => [kind, arn?.split(':').slice(5).join(':')]),
      [
        ['snapshot', 'snapshot:rds:entries-1'],
        ['recovery-point', 'snapshot:awsbackup:job-1'],
        ['recovery-point', 'recovery-point:objects'],
        ['point-in-time', undefined],
        ['snapshot', 'snapshot:mine'],
      ],
    );
    const [automatic, point, objects, window, making] = found;
    assert.ok(automatic && point && objects && window && making);
    assert.deepEqual([objects.restore, making.restore, making.at], [undefined, undefined, undefined]);
    for (const one of [automatic, point]) {
      const made = inputOf(await calledBy(one, options), 'RestoreDBInstanceFromDBSnapshot');
      assert.equal(made['DBSnapshotIdentifier'], one.arn);
    }
    const made = inputOf(await calledBy(window, options), 'RestoreDBInstanceToPointInTime');
    assert.match(String(made['TargetDBInstanceIdentifier']), /-dev-20261121-0755$/);
  });

  test('in use after a restore, those of the one before it are there as well', async () => {
    const restored = {
      identifier: 'restored',
      host: 'restored.abc.eu-west-1.rds.amazonaws.com',
      secretArn: `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:rds!db-1-AbCdEf`,
    };
    const { inputs } = await runCloud(['backup', 'list'], {
      template: instance,
      configuration: { ...configuration, database: { kind: 'rds', restored } },
    });
    const given = (name: string) => inputs.find((call) => call.name === name)?.input;
    assert.deepEqual(given('rds:DescribeDBSnapshots'), {
      Filters: [{ Name: 'db-instance-id', Values: ['restored', '<Db>'] }],
    });
    assert.deepEqual(given('rds:DescribeDBInstanceAutomatedBackups'), {
      Filters: [
        { Name: 'db-instance-id', Values: ['restored'] },
        { Name: 'status', Values: ['active'] },
      ],
    });
  });

  test('a cluster has snapshots and a window of its own kind', async () => {
    const options = { template: cluster, configuration: { ...configuration, database: { kind: 'aurora' } } };
    const answers: Answers = {
      'rds:DescribeDBClusterSnapshots': () => ({
        DBClusterSnapshots: [
          {
            DBClusterIdentifier: 'entries',
            DBClusterSnapshotArn: snapshotArn('cluster-snapshot', 'rds:entries-1'),
            SnapshotCreateTime: at('02T04:00:00'),
            Status: 'available',
          },
        ],
      }),
      'rds:DescribeDBClusters': () => ({
        DBClusters: [{ EarliestRestorableTime: at('01T04:00:00'), LatestRestorableTime: at('21T07:55:00') }],
      }),
    };
    const [snapshot, window, ...more] = await list({ ...options, answers });
    assert.ok(snapshot && window);
    assert.deepEqual([window.from, window.at, more], ['2026-11-01T04:00:00Z', '2026-11-21T07:55:00Z', []]);
    const made = inputOf(await calledBy(snapshot, options), 'RestoreDBClusterFromSnapshot');
    assert.equal(made['SnapshotIdentifier'], snapshot.arn);
  });

  test('that is gone leaves its snapshots, and no window', async () => {
    const answers: Answers = {
      'rds:DescribeDBClusters': () => {
        throw new AwsError('DBClusterNotFoundFault', 'DBCluster entries not found');
      },
    };
    const options = { template: cluster, configuration: { ...configuration, database: { kind: 'aurora' } } };
    assert.deepEqual(await list({ ...options, answers }), []);
  });
});

test('a word that is not list begins no backup', async () => {
  const run: TestRun = await runCloud(['backup', 'lst']);
  assert.deepEqual([run.code, run.calls], [2, []]);
  assert.match(run.stderr, /^daybook cloud: backup: expected list, or nothing to make one; given lst$/);
});
