/**
 * docs/aws.md names every command and every call that the commands make.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { runCloud } from './test-host.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const document = read('../../../../docs/aws.md');

test('lists the commands that there are, and no others', async () => {
  const { stdout } = await runCloud(['--help']);
  const [, commands = ''] = stdout.split('\nCommands:\n');
  const names = [...commands.matchAll(/^ {2}([a-z-]+) /gm)]
    .map(([, name]) => name)
    .filter((name) => name !== 'help');
  const [, section = ''] = document.split('\n## The commands\n');
  const rows = [...(section.split('\n## ')[0] ?? '').matchAll(/^\| `([a-z-]+)` \|/gm)].map(
    ([, name]) => name,
  );
  assert.ok(names.length > 10);
  assert.deepEqual(rows, names);
});

test('lists every call that an operator must be allowed', () => {
  const calls = [...read('../../src/aws/aws-calls.ts').matchAll(/^ {2}'(\w+:\w+)': Call</gm)].map(
    ([, name]) => name,
  );
  const [, section = ''] = document.split('\n## What the operator must be allowed\n');
  assert.ok(calls.length > 20);
  assert.deepEqual(
    calls.filter((name) => !section.includes(`\`${name}\``)),
    [],
  );
});
