/**
 * `apply --keep-deployed` and `rollback`: what was deployed before is kept before anything is changed, and is what one goes
 * back to.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';

import { App, aws_sns as sns, CfnOutput, Stack } from 'aws-cdk-lib';

import type { Template } from '../../src/aws/assembly.ts';
import { readAssembly } from '../../src/aws/assembly.ts';
import { AwsError } from '../../src/aws/aws-calls.ts';
import { keepDeployed } from '../../src/aws/deployed-assembly.ts';
import { runProgram } from '../../src/aws/programs.ts';
import { ACCOUNT, APP, appTemplate, NETWORK, networkTemplate, REGION } from './small-assembly.ts';
import type { Answers, TestRunOptions } from './test-host.ts';
import { runCloud, temporaryDirectory } from './test-host.ts';

const before: Record<string, Template> = {
  [NETWORK]: { Resources: { ...networkTemplate.Resources, Gateway: { Type: 'AWS::EC2::InternetGateway' } } },
  [APP]: { ...appTemplate, Resources: { ...appTemplate.Resources, Topic: { Type: 'AWS::SNS::Topic' } } },
};
const DEPLOYED: Answers = {
  'cloudformation:GetTemplate': ({ StackName = '' }) => ({ TemplateBody: JSON.stringify(before[StackName]) }),
};
const answering: typeof fetch = async (_url, init) =>
  init?.method === 'POST'
    ? new Response('{}', { status: 201, headers: { location: '/app/some-id' } })
    : new Response('{}');
const WELL: TestRunOptions = { answers: DEPLOYED, fetch: answering };

async function kept(options: TestRunOptions = WELL): Promise<string> {
  const directory = join(temporaryDirectory(), 'before');
  const { code, stderr } = await runCloud(['apply', '--yes', '--keep-deployed', directory], options);
  assert.equal(code, 0, stderr);
  return directory;
}

test('what is deployed is kept before anything is changed, and only then something is', async () => {
  const directory = join(temporaryDirectory(), 'before');
  const { code, stderr } = await runCloud(['apply', '--yes', '--keep-deployed', directory], {
    ...WELL,
    runProgram({ args }) {
      assert.equal(existsSync(join(directory, 'manifest.json')), args[0] === 'deploy');
      return 0;
    },
  });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /back to it with: npm run cloud -- rollback -e dev --to /);
  for (const { name, template } of readAssembly(directory).stacks) assert.deepEqual(template, before[name]);
});

test('rollback deploys what was kept, in the reverse order, and tests it', async () => {
  const directory = await kept();
  const now: Answers = {};
  const { code, stdout, stderr, programs } = await runCloud(['rollback', '--yes', '--to', directory], {
    answers: now,
    fetch: answering,
  });
  assert.equal(code, 0, stderr);
  const deployed = programs.filter(({ args }) => args[0] === 'deploy').map(({ args }) => args.slice(1, 4));
  assert.deepEqual(
    deployed,
    [APP, NETWORK].map((id) => ['--app', directory, id]),
  );
  assert.equal(stdout.match(/^PASS/gm)?.length, 4);
});

test('a stack that is as it was before is left alone', async () => {
  const directory = await kept();
  const { code, stderr, programs } = await runCloud(['rollback', '--yes', '--to', directory], WELL);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /no changes: it is as it was before/);
  assert.ok(!programs.some(({ args }) => args[0] === 'deploy'));
});

test('after a first deployment there is nothing to go back to, and it is said', async () => {
  const directory = await kept({
    fetch: answering,
    answers: {
      'cloudformation:GetTemplate': () => {
        throw new AwsError('ValidationError', 'Stack with id x does not exist');
      },
    },
  });
  assert.ok(!existsSync(directory));
  const { code, stderr, calls } = await runCloud(['rollback', '--yes', '--to', directory], WELL);
  assert.equal(code, 1);
  assert.match(stderr, /nothing to go back to/);
  assert.deepEqual(calls, []);
});

test('of a first deployment that failed nothing is kept: it is what does not work', async () => {
  const directory = await kept({
    ...WELL,
    answers: {
      ...DEPLOYED,
      'cloudformation:DescribeStacks': ({ StackName }) => ({
        Stacks: [
          {
            StackName,
            StackStatus: StackName === APP ? 'CREATE_FAILED' : 'UPDATE_COMPLETE',
            CreationTime: new Date(0),
            Outputs: [
              { OutputKey: 'BootstrapVersion', OutputValue: '99' },
              { OutputKey: 'Url', OutputValue: 'https://daybook.example.com' },
            ],
          },
        ],
      }),
    },
  });
  assert.deepEqual(
    readAssembly(directory).stacks.map(({ name }) => name),
    [NETWORK],
  );
});

test('asks first, and does nothing after anything but a yes', async () => {
  const directory = await kept();
  const flags = ['rollback', '--to', directory];
  const without = await runCloud(flags, { fetch: answering });
  assert.match(without.stderr, /--yes: expected, because there is no terminal to ask on/);
  const no = await runCloud(flags, { fetch: answering, typed: ['n'] });
  assert.equal(no.code, 1);
  assert.ok(!no.calls.includes('cdk deploy'));
  const yes = await runCloud(flags, { fetch: answering, typed: ['y'] });
  assert.equal(yes.code, 0, yes.stderr);
  assert.ok(yes.calls.includes('cdk deploy'));
});

test('what was changed since, and what is of another deployment, is refused', async () => {
  const directory = await kept();
  const other = await runCloud(['rollback', '--yes', '--to', directory], {
    configuration: { name: 'other' },
  });
  assert.match(other.stderr, /--to: expected a plan of other-dev, given one of daybook-dev/);
  appendFileSync(join(directory, `${APP}.template.json`), ' ');
  const changed = await runCloud(['rollback', '--yes', '--to', directory]);
  assert.match(changed.stderr, /--to: expected .* as it was planned, given files that changed since/);
  assert.deepEqual(changed.calls, []);
});

test('apply --rollback goes back by itself when a stack or the smoke test fails, and fails all the same', async () => {
  for (const failing of [
    { runProgram: failingOnce(APP) },
    { fetch: () => Promise.reject(new Error('nobody')) },
  ]) {
    const directory = join(temporaryDirectory(), 'before');
    const { code, stderr, programs } = await runCloud(
      ['apply', '--yes', '--rollback', '--keep-deployed', directory],
      {
        ...WELL,
        answers: {
          'cloudformation:GetTemplate': ({ StackName = '' }) => {
            const answer = existsSync(directory)
              ? { ...before, [APP]: appTemplate }[StackName]
              : before[StackName];
            return { TemplateBody: JSON.stringify(answer) };
          },
        },
        ...failing,
      },
    );
    assert.equal(code, 1);
    assert.match(stderr, /the deployment failed: going back to /);
    const last = programs.findLast(({ args }) => args[0] === 'deploy')?.args;
    assert.deepEqual(last?.slice(1, 4), ['--app', directory, APP]);
  }
});

test('apply --rollback does nothing where nothing was begun, and needs to know where to', async () => {
  const directory = join(temporaryDirectory(), 'before');
  const flags = ['apply', '--rollback', '--keep-deployed', directory];
  const no = await runCloud(flags, { ...WELL, typed: ['n'] });
  assert.equal(no.code, 1);
  assert.ok(!no.calls.includes('cdk deploy'));
  const without = await runCloud(['apply', '--yes', '--rollback'], WELL);
  assert.match(without.stderr, /--rollback: expected --keep-deployed as well/);
});

/** The deployment of a stack, the first time. */
function failingOnce(id: string): NonNullable<TestRunOptions['runProgram']> {
  let failed = false;
  return ({ args }) => {
    if (args[0] !== 'deploy' || args[3] !== id || failed) return 0;
    failed = true;
    return 1;
  };
}

test('the CDK that is installed reads what is kept, and its template goes up under its own hash', async () => {
  const outdir = join(temporaryDirectory(), 'out');
  const app = new App({ outdir, analyticsReporting: false });
  const stack = new Stack(app, 'Application', {
    stackName: 'application',
    env: { account: ACCOUNT, region: REGION },
  });
  const { topicArn } = new sns.Topic(stack, 'Topic');
  assert.ok(new CfnOutput(stack, 'Url', { value: topicArn }));
  app.synth();

  const directory = join(temporaryDirectory(), 'before');
  const deployed: Template = { Resources: { Old: { Type: 'AWS::SNS::Topic' } } };
  const names = await keepDeployed(
    { send: async () => ({ TemplateBody: JSON.stringify(deployed) }) as never },
    readAssembly(outdir),
    directory,
  );
  assert.deepEqual(names, ['application']);
  assert.deepEqual(readAssembly(directory).stacks[0]?.template, deployed);
  const list = { program: 'cdk', quiet: true, args: ['list', '--app', directory, '--no-notices'] } as const;
  assert.equal(await runProgram(list), 0);

  const text = readFileSync(join(directory, 'Application.template.json'));
  const hash = createHash('sha256').update(text).digest('hex');
  const read = (name: string): unknown => JSON.parse(readFileSync(join(directory, name), 'utf8'));
  const { files } = read('Application.assets.json') as {
    readonly files: Readonly<
      Record<string, { readonly destinations: Record<string, { objectKey: string }> }>
    >;
  };
  assert.deepEqual(Object.keys(files), [hash]);
  const [destination] = Object.values(files[hash]?.destinations ?? {});
  assert.equal(destination?.objectKey, `${hash}.json`);
  const { artifacts } = read('manifest.json') as {
    readonly artifacts: Readonly<Record<string, { readonly properties?: Readonly<Record<string, string>> }>>;
  };
  const url = artifacts['Application']?.properties?.['stackTemplateAssetObjectUrl'] ?? '';
  assert.equal(basename(url), `${hash}.json`);
});
