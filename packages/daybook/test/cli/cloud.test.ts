/**
 * `daybook cloud` hands everything to the package that deploys, and says so where there is none.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';

import { addCloud } from '../../src/cli/commands/cloud.ts';
import { createTerminal } from '../../src/cli/terminal.ts';
import { runCli } from './run-cli.ts';

test('its help, its failures and its exit codes are those of the package', async () => {
  const help = await runCli(['cloud', 'apply', '--help']);
  assert.equal(help.exitCode, 0, help.stderr);
  assert.match(help.stdout, /\$ npm run cloud -- apply -e dev\n/);

  const wrong = await runCli(['cloud', 'destroy', '-c', 'nowhere.json', '--json']);
  assert.deepEqual([wrong.exitCode, wrong.stdout], [2, '']);
  const { error } = JSON.parse(wrong.stderr) as { error: { message: string } };
  assert.match(error.message, /^-e, --environment: expected one of poc, dev, prd; given none$/);

  const { stdout } = await runCli(['--help']);
  assert.match(stdout, /\n {2}cloud \[arguments\.\.\.\] +Deploy to AWS/);
});

test('without the package it is told in one line what to do', async () => {
  const program = new Command('daybook').exitOverride();
  addCloud(program, { terminal: createTerminal(), exitCode: 0 }, () => {
    throw new Error('Cannot find package');
  });
  await assert.rejects(program.parseAsync(['cloud', 'plan', '-e', 'dev'], { from: 'user' }), {
    name: 'CommandError',
    message: /^cloud: expected the package daybook-cloud beside this one, found none; run it in a checkout/,
  });
});
