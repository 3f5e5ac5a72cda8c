/**
 * `plan` and `apply`: what is shown is what is deployed, in order, and a failure stops what comes behind it.
 */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import type { Template } from '../../src/aws/assembly.ts';
import { AwsError } from '../../src/aws/aws-calls.ts';
import { APP, appTemplate, NETWORK, networkTemplate } from './small-assembly.ts';
import type { Answers, TestRunOptions } from './test-host.ts';
import { runCloud, temporaryDirectory } from './test-host.ts';

/** The network as it is; the application without one thing, with another, and with a third that is different. */
const before: Template = {
  Resources: {
    ...Object.fromEntries(Object.entries(appTemplate.Resources ?? {}).filter(([id]) => id !== 'Alarm')),
    Queue: { Type: 'AWS::SQS::Queue', Properties: { DelaySeconds: 1 } },
    Topic: { Type: 'AWS::SNS::Topic' },
  },
};
const CHANGED: Answers = {
  'cloudformation:GetTemplate': ({ StackName }) => ({
    TemplateBody: JSON.stringify(StackName === APP ? before : networkTemplate),
  }),
};

/** A front that answers as Daybook does. */
const wellFetch: typeof globalThis.fetch = async (_url, init) => {
  if (init?.method === 'POST')
    return new Response('{}', { status: 201, headers: { location: '/app/some-id' } });
  return new Response('{}');
};
const well: TestRunOptions = { answers: CHANGED, fetch: wellFetch };

test('plan counts what is added, changed and removed in each stack, behind the diff of the CDK', async () => {
  const { code, stdout, calls } = await runCloud(['plan'], well);
  assert.equal(code, 0);
  assert.deepEqual(
    stdout.split('\n').map((line) => line.split(/ {2,}/)),
    [
      [`${NETWORK} (eu-west-1)`, 'no changes'],
      [`${APP} (eu-west-1)`, '1 to add, 1 to change, 1 to remove'],
    ],
  );
  assert.equal(calls.at(-1), 'cdk diff');
});

test('plan --json names the resources, and leaves standard output to them', async () => {
  const { stdout, programs } = await runCloud(['plan', '--json'], well);
  const { stacks } = JSON.parse(stdout) as { stacks: unknown[] };
  assert.deepEqual(stacks[1], {
    stack: APP,
    region: 'eu-west-1',
    isNew: false,
    isUnfinished: false,
    added: ['Alarm'],
    changed: ['Queue'],
    removed: ['Topic'],
    differs: true,
  });
  assert.equal(programs[0]?.quiet, true);
});

test('a diff of the CDK that fails fails the plan', async () => {
  const { code, stderr } = await runCloud(['plan'], { ...well, runProgram: () => 3 });
  assert.equal(code, 1);
  assert.match(stderr, /^daybook cloud: diff: the CDK ended with code 3/);
});

test('apply shows the plan, asks with account and region, and deploys after a yes', async () => {
  const { code, stdout, stderr, calls } = await runCloud(['apply'], { ...well, typed: ['y'] });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Apply this to daybook-dev \(account 123456789012, eu-west-1\)\? \[y\/N\]/);
  assert.deepEqual(
    calls.filter((call) => call.startsWith('cdk')),
    ['cdk diff', 'cdk deploy', 'cdk deploy'],
  );
  assert.match(stdout, /\n {2}Url +https:\/\/daybook\.example\.com\/\n/);
  assert.deepEqual(stdout.match(/^PASS/gm)?.length, 4);
});

test('anything but a yes does nothing', async () => {
  for (const typed of ['', 'n', 'yes please']) {
    const { code, stderr, calls } = await runCloud(['apply'], { ...well, typed: [typed] });
    assert.equal(code, 1);
    assert.match(stderr, /nothing was done$/);
    assert.ok(!calls.includes('cdk deploy'));
  }
});

test('what is deployed is the assembly that was shown', async () => {
  const { programs } = await runCloud(['apply', '--yes'], well);
  const directories = new Set(programs.map(({ args }) => args[args.indexOf('--app') + 1]));
  assert.equal(directories.size, 1);
});

test('an assembly that changes between the question and the answer is not deployed', async () => {
  const { code, stderr, calls } = await runCloud(['apply', '--yes'], {
    ...well,
    runProgram({ args }) {
      const directory = args[args.indexOf('--app') + 1] ?? '';
      appendFileSync(join(directory, `${APP}.template.json`), ' ');
      return 0;
    },
  });
  assert.equal(code, 1);
  assert.match(stderr, /expected what was planned, given files that changed since$/);
  assert.ok(!calls.includes('cdk deploy'));
});

test('a stack that fails ends it: nothing behind it is begun, and nothing is tested', async () => {
  const { code, stderr, programs } = await runCloud(['apply', '--yes'], {
    ...well,
    runProgram: ({ args }) => (args[0] === 'deploy' ? 1 : 0),
  });
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`daybook cloud: deploy ${NETWORK}: the CDK ended with code 1; it says why above$`),
  );
  assert.equal(programs.filter(({ args }) => args[0] === 'deploy').length, 1);
});

test('without changes nothing is deployed, and it is tested all the same', async () => {
  const { code, stdout, stderr, calls } = await runCloud(['apply', '--yes'], { fetch: wellFetch });
  assert.equal(code, 0);
  assert.match(stderr, /no changes: nothing to deploy/);
  assert.ok(!calls.includes('cdk deploy'));
  assert.match(stdout, /PASS {2}POST \/app/);
});

/** The application was begun with this very template, and came so far; everything else is there. */
function begunTo(status: string): Answers {
  return {
    'cloudformation:DescribeStacks': ({ StackName }) => ({
      Stacks: [
        {
          StackName,
          StackStatus: StackName === APP ? (status as 'CREATE_FAILED') : 'UPDATE_COMPLETE',
          CreationTime: new Date(0),
          Outputs: [{ OutputKey: 'BootstrapVersion', OutputValue: '99' }],
        },
      ],
    }),
  };
}

for (const status of ['CREATE_FAILED', 'UPDATE_FAILED', 'ROLLBACK_COMPLETE'])
  test(`a first deployment that stopped at ${status} goes on, although no template differs`, async () => {
    const answers = begunTo(status);
    const { stdout, stderr, programs } = await runCloud(['apply', '--yes', '--no-smoke-test'], { answers });
    assert.match(stdout, new RegExp(`${APP} \\(eu-west-1, unfinished\\) +what is not there yet`), stderr);
    const deployed = programs.filter(({ args }) => args[0] === 'deploy');
    assert.deepEqual(
      deployed.map(({ args }) => [args.includes(APP), args.includes('--no-rollback')]),
      [
        [false, false],
        [true, true],
      ],
    );
  });

test('what a new stack has made stays when it fails; a stack that is in use goes back', async () => {
  const { programs } = await runCloud(['apply', '--yes', '--no-smoke-test'], {
    answers: {
      'cloudformation:GetTemplate': ({ StackName }) => {
        if (StackName === APP) throw new AwsError('ValidationError', `${StackName} does not exist`);
        return { TemplateBody: '{}' };
      },
    },
  });
  const deployed = programs.filter(({ args }) => args[0] === 'deploy');
  assert.deepEqual(
    deployed.map(({ args }) => args.includes('--no-rollback')),
    [false, true],
  );
});

test('--bootstrap gets the regions ready that are not', async () => {
  const { programs } = await runCloud(['apply', '--yes', '--bootstrap'], {
    ...well,
    answers: { ...CHANGED, 'cloudformation:DescribeStacks': notDeployed },
  });
  assert.deepEqual(programs[0]?.args, ['bootstrap', 'aws://123456789012/eu-west-1', '--no-notices']);
});

test('what was synthesised once is planned and deployed as it is', async () => {
  const out = join(temporaryDirectory(), 'assembly');
  const synthesised = await runCloud(['synth', '--out', out], well);
  assert.equal(synthesised.code, 0, synthesised.stderr);
  for (const command of [['plan'], ['apply', '--yes']]) {
    const { code, stderr, programs } = await runCloud([...command, '--planned', out], well);
    assert.equal(code, 0, stderr);
    for (const { args } of programs) assert.equal(args[args.indexOf('--app') + 1], out);
  }
  const both = await runCloud(['plan', '--planned', out, '--out', `${out}-2`], well);
  assert.match(both.stderr, /--out: expected none beside --planned/);
});

test('a plan that was kept is deployed as it was kept, and only for what it was made', async () => {
  const out = join(temporaryDirectory(), 'plan');
  const planned = await runCloud(['plan', '--out', out], well);
  assert.equal(planned.code, 0, planned.stderr);
  assert.ok(existsSync(join(out, 'manifest.json')));
  const again = await runCloud(['plan', '--out', out], well);
  assert.match(again.stderr, /--out: expected an empty directory/);

  const applied = await runCloud(['apply', '--yes', '--planned', out], well);
  assert.equal(applied.code, 0, applied.stderr);
  for (const { args } of applied.programs) assert.equal(args[args.indexOf('--app') + 1], out);

  const other = await runCloud(['apply', '--yes', '--planned', out], {
    ...well,
    configuration: { name: 'other' },
  });
  assert.match(other.stderr, /--planned: expected a plan of other-dev, given one of daybook-dev/);

  appendFileSync(join(out, `${APP}.template.json`), ' ');
  const changed = await runCloud(['apply', '--yes', '--planned', out], well);
  assert.equal(changed.code, 1);
  assert.match(changed.stderr, /--planned: expected .* as it was planned, given files that changed since/);
  assert.deepEqual(changed.calls, []);
});

function notDeployed(): never {
  throw new AwsError('ValidationError', 'Stack with id CDKToolkit does not exist');
}
