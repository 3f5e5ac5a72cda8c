/**
 * Commands that reach the database by a task of its own: what they call, when a key is shown and when it is not, and what
 * the task does, which here is the command itself on a real PostgreSQL.
 */
import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { runCli } from '../../../daybook/test/cli/run-cli.ts';
import { eventually } from '../../../daybook/test/support/eventually.ts';
import { startPostgres } from '../../../daybook/test/support/postgres.ts';
import { startDaybook } from '../../../daybook/test/support/start-daybook.ts';
import type { Template } from '../../src/aws/assembly.ts';
import type { Input } from '../../src/aws/aws-calls.ts';
import type { ShownCall } from '../../src/aws/dry-run-calls.ts';
import type { Answers, TestRun, TestRunOptions } from '../commands/test-host.ts';
import { runCloud } from '../commands/test-host.ts';
import { exampleOf, skipTemplateCheck } from '../support/topologies.ts';
import { containerOf, taskOf, threeTier } from './synthesis.ts';

skipTemplateCheck();

let template: Template;
let configuration: Readonly<Record<string, unknown>>;
before(async () => {
  const { templates } = await threeTier('prd');
  template = templates.get([...templates.keys()].find((key) => key.endsWith('-app')) ?? '') as Template;
  configuration = await exampleOf('three-tier');
});

const run = (argv: readonly string[], options: TestRunOptions = {}): Promise<TestRun> =>
  runCloud(argv, { template, configuration, ...options });

async function shown(argv: readonly string[]): Promise<ShownCall[]> {
  const { stdout, stderr, code, calls } = await run([...argv, '--dry-run']);
  assert.deepEqual([code, stderr, calls], [0, '', []]);
  const all = stdout.split('\n').map((line) => JSON.parse(line) as ShownCall);
  return all.filter(({ service }) => !['sts', 'cloudformation'].includes(service));
}

type RunTask = Input<'ecs:RunTask'>;

function commandOf(input: unknown): readonly string[] {
  const [override] = (input as RunTask).overrides?.containerOverrides ?? [];
  return override?.command ?? [];
}

function commandGiven({ inputs }: TestRun): readonly string[] {
  return commandOf(inputs.find(({ name }) => name === 'ecs:RunTask')?.input);
}

const ended = (exitCode: number | undefined, more: object = {}) => ({
  tasks: [
    {
      lastStatus: 'STOPPED',
      containers: [{ name: 'daybook', ...(exitCode !== undefined && { exitCode }) }],
      ...more,
    },
  ],
});

describe('admin-key', () => {
  test('makes these calls: the service as it is, a task of it, how that ended', async () => {
    const calls = await shown(['admin-key', '--name', 'ana']);
    assert.deepEqual(
      calls.map(({ service, operation }) => `${service}:${operation}`),
      ['ecs:DescribeServices', 'ecs:RunTask', 'ecs:DescribeTasks'],
    );
    const { overrides, ...input } = (calls[1] as ShownCall).input as RunTask;
    const service = /<TiersApiService\w+>/.exec(input.taskDefinition ?? '')?.[0];
    assert.deepEqual(input, {
      cluster: /^<Cluster\w+>$/.exec(input.cluster ?? '')?.[0],
      taskDefinition: `<task definition of ${service}>`,
      networkConfiguration: {
        awsvpcConfiguration: { subnets: ['<its subnets>'], securityGroups: ['<its group>'] },
      },
      launchType: 'FARGATE',
      count: 1,
      startedBy: 'daybook-cloud',
      propagateTags: 'TASK_DEFINITION',
      enableECSManagedTags: true,
    });
    const [container] = overrides?.containerOverrides ?? [];
    assert.equal(container?.name, containerOf(taskOf(await threeTier('prd'), 'api'))['Name']);
    const [verb, what, record = ''] = commandOf(calls[1]?.input);
    assert.deepEqual([verb, what], ['keys', 'import']);
    const { keyId: _, hash: __, by, ...rest } = JSON.parse(record) as Record<string, string>;
    assert.deepEqual(rest, { name: 'ana', scopes: ['admin'], expiresAt: '2027-02-19T08:00:00.000000Z' });
    assert.match(by ?? '', /^operator:./);
    assert.doesNotMatch(JSON.stringify(calls), /dbk_/, 'a key is nowhere');
  });

  test('shows the key when the task has ended with 0, and nothing of it before or elsewhere', async () => {
    const states = ['PROVISIONING', 'PENDING', 'RUNNING'];
    let slept = 0;
    const result = await run(['admin-key'], {
      answers: {
        'ecs:DescribeTasks': () => {
          const lastStatus = states.shift();
          return lastStatus === undefined ? ended(0) : { tasks: [{ lastStatus }] };
        },
      },
      onSleep: () => void (slept += 1),
    });
    assert.deepEqual([result.code, slept], [0, 3], result.stderr);
    const [, keyId, secret = ''] = /^dbk_([0-9a-f]{16})_(\w{43})\w{6}$/.exec(result.stdout) ?? [];
    const [, , record = ''] = commandGiven(result);
    const sent = JSON.parse(record) as Record<string, string>;
    assert.deepEqual([sent['keyId'], sent['hash']], [keyId, hash('sha256', secret, 'base64url')]);
    assert.ok(!JSON.stringify(result.inputs).includes(secret) && !result.stderr.includes(secret));
    assert.match(result.stderr, /It is not shown again/);
  });

  const failures: readonly (readonly [what: string, answers: Answers, message: RegExp])[] = [
    [
      'a command that failed',
      { 'ecs:DescribeTasks': () => ended(1, { stoppedReason: 'Essential container in task exited' }) },
      /expected exit code 0, found 1; Essential container in task exited; what it wrote: npm run cloud -- logs --function api -e dev/,
    ],
    [
      'an image that is not there',
      {
        'ecs:DescribeTasks': () => ended(undefined, { stoppedReason: 'CannotPullContainerError: not found' }),
      },
      /expected exit code 0, found none; CannotPullContainerError: not found/,
    ],
    [
      'a task that is not placed',
      { 'ecs:RunTask': () => ({ failures: [{ reason: 'Capacity is unavailable at this time' }] }) },
      /api in eu-west-1: expected a task to be started, found none; Capacity is unavailable/,
    ],
    [
      'a task that does not end',
      { 'ecs:DescribeTasks': () => ({ tasks: [{ lastStatus: 'PENDING' }] }) },
      /expected an end within 15 minutes, found it PENDING/,
    ],
    [
      'a service without a task definition',
      { 'ecs:DescribeServices': () => ({ services: [] }) },
      /expected a service with a task definition, found none/,
    ],
  ];
  for (const [what, answers, message] of failures)
    test(`of ${what} shows no key and says why`, async () => {
      const { code, stdout, stderr } = await run(['admin-key'], { answers });
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, message);
      assert.match(stderr, /^daybook cloud: [^\n]+$/);
      assert.doesNotMatch(stderr, /dbk_/);
    });

  test('of a name that is none starts no task', async () => {
    const { code, stderr, calls } = await run(['admin-key', '--name', 'a b']);
    assert.deepEqual([code, calls], [1, []]);
    assert.match(stderr, /name: expected 1 to 64 letters/);
  });
});

describe('renew-epoch', () => {
  test('runs the command in a task of its own', async () => {
    const calls = await shown(['renew-epoch']);
    assert.deepEqual(commandOf(calls[1]?.input), ['renew-epoch', '--yes']);
  });

  test('asks first, and does nothing without a yes', async () => {
    const unasked = await run(['renew-epoch']);
    assert.deepEqual([unasked.code, unasked.calls], [2, []]);
    assert.match(unasked.stderr, /--yes: expected, because there is no terminal to ask on/);
    const refused = await run(['renew-epoch'], { typed: ['n'] });
    assert.equal(refused.code, 1);
    assert.ok(!refused.calls.includes('ecs:RunTask'));
    const done = await run(['renew-epoch'], { typed: ['y'] });
    assert.deepEqual([done.code, done.stdout], [0, 'the database in eu-west-1: a new epoch']);
  });

  test('of a table is refused, because its restore has done it', async () => {
    const { code, stderr } = await runCloud(['renew-epoch', '--yes']);
    assert.equal(code, 2);
    assert.match(stderr, /expected a database, given a table: "restore" gives it a new epoch itself/);
  });
});

test('what the tasks run does it, on a database that only they reach', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'daybook-task-'));
  after(() => rm(folder, { recursive: true, force: true }));
  const server = await startPostgres();
  after(() => server.dispose());
  const database = await server.createDatabase();
  const env = { DAYBOOK_STORE: server.url(database), DAYBOOK_QUEUE: 'none' };
  const daybook = await startDaybook({ dataDir: join(folder, 'data'), env });
  after(() => daybook.stop());
  let exitCode: number | undefined;
  const answers: Answers = {
    async 'ecs:RunTask'(input) {
      const { exitCode: code } = await runCli(commandOf(input), { env, cwd: folder });
      exitCode = code ?? undefined;
      return { tasks: [{ taskArn: 'arn:task' }] };
    },
    'ecs:DescribeTasks': () => ended(exitCode),
  };
  const { stdout: key, stderr } = await run(['admin-key'], { answers });
  await eventually(`the server takes the key: ${stderr}`, async () => {
    const headers = { authorization: `Bearer ${key}` };
    return (await fetch(`${daybook.address}/api/keys`, { headers })).status === 200;
  });
  const epoch = async (): Promise<unknown> =>
    (await server.query(`SELECT value FROM daybook.property WHERE name = 'epoch'`, database))[0];
  const first = await epoch();
  assert.equal((await run(['renew-epoch', '--yes'], { answers })).code, 0);
  assert.notDeepEqual(await epoch(), first);
});
