/**
 * The CDK's command line as it is installed, on an assembly that the CDK's library wrote.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

import { App, aws_sns as sns, Stack } from 'aws-cdk-lib';

import { digestOf, readAssembly } from '../../src/aws/assembly.ts';
import { runProgram } from '../../src/aws/programs.ts';
import { ACCOUNT, REGION } from './small-assembly.ts';
import { temporaryDirectory } from './test-host.ts';

function writeAssembly(): string {
  const outdir = join(temporaryDirectory(), 'out');
  const app = new App({ outdir, analyticsReporting: false });
  const env = { account: ACCOUNT, region: REGION };
  const stackOf = (id: string): Stack => {
    const stack = new Stack(app, id, { env, stackName: `stack-${id}` });
    return new sns.Topic(stack, 'Topic').stack;
  };
  stackOf('later').addStackDependency(stackOf('sooner'));
  app.synth();
  return outdir;
}

const directory = writeAssembly();

test('an assembly is read in the order of deployment, with the version of the bootstrap that it needs', () => {
  const { stacks, bootstrapVersion } = readAssembly(directory);
  assert.deepEqual(
    stacks.map(({ id, name, region }) => ({ id, name, region })),
    [
      { id: 'sooner', name: 'stack-sooner', region: REGION },
      { id: 'later', name: 'stack-later', region: REGION },
    ],
  );
  assert.ok(bootstrapVersion >= 6);
  assert.equal(digestOf(directory), digestOf(directory));
  assert.notEqual(digestOf(directory), digestOf(writeAssembly().replace(/out$/, '')));
});

test('the CDK that is installed reads what its library writes, and its exit code is given', async () => {
  const call = { program: 'cdk', quiet: true } as const;
  assert.equal(await runProgram({ ...call, args: ['list', '--app', directory, '--no-notices'] }), 0);
  const env = { AWS_EC2_METADATA_DISABLED: 'true', AWS_PROFILE: 'nobody-has-this-profile' };
  const args = ['diff', '--app', directory, 'sooner', '--exclusively', '--no-notices'];
  assert.equal(await runProgram({ ...call, args, env }), 1);
});
