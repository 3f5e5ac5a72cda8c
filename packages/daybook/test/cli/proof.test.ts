/** `daybook proof`, the short one: it finds everything, leaves nothing behind, and ends what it started. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { createTally } from '../../src/cli/proof/tally.ts';
import { eventually } from '../support/eventually.ts';
import { runCli, startCli } from './run-cli.ts';

let temporary: string;

before(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'daybook-proof-test-'));
});
after(() => rm(temporary, { recursive: true, force: true }));

test('everything that was acknowledged is found, once', async () => {
  const { exitCode, stdout, stderr } = await runCli(['proof', '--seconds', '3', '--clients', '8'], {
    env: { TMPDIR: temporary },
  });
  assert.equal(exitCode, 0, stderr);
  assert.equal(stdout.match(/kill -9 after/g)?.length, 3);
  const [, acknowledged, found] =
    /^acknowledged ([\d ]+) · found ([\d ]+) · lost 0 · twice 0$/m.exec(stdout) ?? [];
  assert.ok(acknowledged);
  assert.equal(found, acknowledged);
  assert.match(stdout, /Every payload and stamp is unchanged; the ledger balances\./);
  assert.deepEqual(await readdir(temporary), []);
});

test('with --json the result is one document', async () => {
  const { exitCode, stdout } = await runCli(['proof', '--seconds', '3', '--clients', '2', '--json']);
  assert.equal(exitCode, 0);
  const result = JSON.parse(stdout) as Record<string, unknown>;
  assert.equal(result['acknowledged'], result['found']);
  assert.deepEqual(
    [result['lost'], result['twice'], result['changed'], result['ledgerBalanced']],
    [0, 0, 0, true],
  );
});

test('interrupted it ends its server and removes its directory', async () => {
  const running = startCli(['proof', '--seconds', '60'], { env: { TMPDIR: temporary } });
  await eventually('the first words', async () => running.stdout() !== '');
  const [directory = ''] = await readdir(temporary);
  const pid = await eventually('the server', () => serverIn(join(temporary, directory)));
  running.child.kill('SIGINT');
  const { exitCode } = await running.ended;
  assert.equal(exitCode, 1);
  await eventually('the end of the server', async () => !isAlive(pid));
  assert.deepEqual(await readdir(temporary), []);
});

test('killed, it takes its server with it', async () => {
  const running = startCli(['proof', '--seconds', '60'], { env: { TMPDIR: temporary } });
  let pid: number | undefined;
  try {
    await eventually('the first words', async () => running.stdout() !== '');
    const [directory = ''] = await readdir(temporary);
    pid = await eventually('the server', () => serverIn(join(temporary, directory)));
    running.child.kill('SIGKILL');
    const { signal } = await running.ended;
    assert.equal(signal, 'SIGKILL');
    await eventually('the end of the server', async () => !isAlive(Number(pid)));
  } finally {
    running.child.kill('SIGKILL');
    if (pid !== undefined && isAlive(pid)) process.kill(pid, 'SIGKILL');
    // Nobody was left to remove it.
    for (const name of await readdir(temporary))
      await rm(join(temporary, name), { recursive: true, force: true });
  }
});

async function serverIn(directory: string): Promise<number> {
  return Number(await readFile(join(directory, 'data/daybook.pid'), 'utf8'));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const entry = (id: string, payload: object, receivedAt = 't') =>
  JSON.stringify({ id, receivedAt, payload, status: 'stored' });

test('the comparison notices what is lost, doubled, changed, or there without an answer', () => {
  const tally = createTally();
  for (const n of [1, 2, 3, 4]) tally.acknowledge(`{"n":${n}}`, { id: `id-${n}`, receivedAt: 't' });
  tally.find(entry('id-1', { n: 1 }));
  tally.find(entry('id-2', { n: 'other' }));
  tally.find(entry('id-3', { n: 3 }, 'later'));
  tally.find(entry('id-5', { n: 5 }));
  tally.find(entry('id-6', { n: 1 }));
  assert.deepEqual(tally.findings(), {
    acknowledged: 4,
    found: 1,
    lost: 1,
    twice: 1,
    changed: 2,
    unanswered: 2,
  });
});

test('one id for two writes counts as a loss', () => {
  const tally = createTally();
  tally.acknowledge('{"n":1}', { id: 'id-1', receivedAt: 't' });
  tally.acknowledge('{"n":2}', { id: 'id-1', receivedAt: 't' });
  tally.find(entry('id-1', { n: 1 }));
  assert.deepEqual(tally.findings(), {
    acknowledged: 2,
    found: 1,
    lost: 1,
    twice: 0,
    changed: 0,
    unanswered: 0,
  });
});
