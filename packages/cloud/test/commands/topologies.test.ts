/**
 * The commands on the topologies of `examples/`, as they are synthesised: what they look for in a deployment is there.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Template } from '../../src/aws/assembly.ts';
import type { Synthesis, Topology } from '../support/topologies.ts';
import { synthesize, TOPOLOGIES } from '../support/topologies.ts';
import type { ShownCall } from '../../src/aws/dry-run-calls.ts';
import { runCloud } from './test-host.ts';

const RESTORED = { store: { table: 'daybook-restored' } };
const made = new Map<string, Promise<Synthesis>>();

/** Each is synthesised once. */
function production(topology: Topology, change: Readonly<Record<string, unknown>> = {}): Promise<Synthesis> {
  const key = topology + JSON.stringify(change);
  const synthesis = made.get(key) ?? synthesize(topology, 'prd', change);
  made.set(key, synthesis);
  return synthesis;
}

async function applicationOf(...which: Parameters<typeof production>): Promise<Template> {
  const { templates } = await production(...which);
  const name = [...templates.keys()].find((key) => key.endsWith('-app'));
  return templates.get(name ?? '') as Template;
}

async function inputOf(template: Template, argv: readonly string[], operation: string): Promise<unknown> {
  const { stdout, code, stderr } = await runCloud([...argv, '--dry-run'], { template });
  assert.equal(code, 0, stderr);
  const calls = stdout.split('\n').map((line) => JSON.parse(line) as ShownCall);
  return calls.find((call) => call.operation === operation)?.input;
}

for (const topology of TOPOLOGIES) {
  test(`${topology}: table, vault, role, log groups, queues and URL are found`, async () => {
    const template = await applicationOf(topology);
    assert.ok(template.Outputs?.['Url']);
    const started = (await inputOf(template, ['backup'], 'StartBackupJob')) as Record<string, string>;
    assert.match(started['ResourceArn'] ?? '', /:table\/<Store/);
    assert.match(started['BackupVaultName'] ?? '', /^<Backup/);
    assert.match(started['IamRoleArn'] ?? '', /^arn:aws:iam::\d{12}:role\/<Backup/);

    const handlers = [
      'api',
      'health',
      'probe',
      ...(topology === 'alb-lambda' ? [] : ['persister', 'dead-letters']),
    ];
    for (const handler of handlers) {
      const read = (await inputOf(template, ['logs', '--function', handler], 'FilterLogEvents')) as Record<
        string,
        string
      >;
      assert.match(read['logGroupName'] ?? '', /^<Functions/, `${handler} has a log group of its own`);
    }
    if (topology !== 'alb-lambda') assert.ok(await inputOf(template, ['status'], 'GetQueueAttributes'));
    const { stdout } = await runCloud(['apply', '--dry-run'], { template });
    assert.match(
      stdout,
      /"operation":"GET","input":\{"url":"[^"]+\/app\/<id>"\}\}$/,
      'it ends by reading back',
    );
    const alarms = (await inputOf(template, ['status'], 'DescribeAlarms')) as { AlarmNames: string[] };
    assert.ok(alarms.AlarmNames.length > 5);
  });
}

test('what a production deployment keeps when it is destroyed is kept by its template', async () => {
  const template = await applicationOf('gateway-queue');
  const { stdout } = await runCloud(['plan-destroy'], { template });
  assert.match(stdout, /kept {2}AWS::DynamoDB::Table +Store/);
  assert.match(stdout, /kept {2}AWS::S3::Bucket +Objects/);
  assert.doesNotMatch(stdout, /goes {2}AWS::(?:DynamoDB::Table|S3::Bucket|KMS::Key|SQS::Queue) /);
});

test('a restored table takes the place of the own one, which stays; commands work on the one in use', async () => {
  const template = await applicationOf('gateway-queue', RESTORED);
  const tables = Object.values(template.Resources ?? {}).filter(
    ({ Type }) => Type === 'AWS::DynamoDB::Table',
  );
  assert.equal(tables.length, 1, 'the own table stays in the stack');
  const started = (await inputOf(template, ['backup'], 'StartBackupJob')) as Record<string, string>;
  assert.match(started['ResourceArn'] ?? '', /:table\/daybook-restored$/);
  const policies = Object.values(template.Resources ?? {}).filter(({ Type }) => Type === 'AWS::IAM::Policy');
  const allowed = JSON.stringify(
    policies.filter((policy) => JSON.stringify(policy).includes('dynamodb:PutItem')),
  );
  assert.match(allowed, /table\/daybook-restored/);
});

test('nothing is found wrong with a deployment on a restored table', async () => {
  const { findings } = await production('gateway-queue', RESTORED);
  const own = await production('gateway-queue');
  assert.deepEqual(findings, own.findings);
});
