/**
 * The smoke test at the end of `apply`, against a real server of Daybook.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { startDaybook } from '../../../daybook/test/support/start-daybook.ts';
import type { Template } from '../../src/aws/assembly.ts';
import { appTemplate } from './small-assembly.ts';
import { runCloud } from './test-host.ts';

const server = await startDaybook();
after(() => server.stop());

/** Nothing differs, so `apply` comes to the test at once. */
const at = (url: string): { template: Template; fetch: typeof fetch } => ({
  template: { ...appTemplate, Outputs: { Url: { Value: url } } },
  fetch: globalThis.fetch,
});

async function entriesOf(register: string): Promise<{ payload: unknown }[]> {
  const answer = await fetch(`${server.address}/${register}`);
  return ((await answer.json()) as { entries: { payload: unknown }[] }).entries;
}

test('posts to an open register, reads back, and passes', async () => {
  const { code, stdout, stderr } = await runCloud(['apply', '--yes'], at(server.address));
  assert.equal(code, 0, stdout + stderr);
  assert.deepEqual(stdout.match(/^(?:PASS|FAIL) {2}\S+ \S+/gm), [
    'PASS  GET /healthz',
    'PASS  GET /readyz',
    'PASS  POST /app',
    'PASS  GET /app/{id}',
  ]);
  assert.deepEqual(
    (await entriesOf('app')).map(({ payload }) => payload),
    [{ smokeTest: true }],
  );
});

test('a server that is not there fails every check, and the command', async () => {
  const { code, stdout } = await runCloud(['apply', '--yes'], at('http://127.0.0.1:1'));
  assert.equal(code, 1);
  assert.equal(stdout.match(/^FAIL/gm)?.length, 4);
});

test('one that comes a moment later passes', async () => {
  let requests = 0;
  const late: typeof fetch = async (url, init) => {
    requests += 1;
    return requests < 4 ? new Response('not yet', { status: 503 }) : globalThis.fetch(url, init);
  };
  const { code, stdout } = await runCloud(['apply', '--yes'], { ...at(server.address), fetch: late });
  assert.equal(code, 0, stdout);
});

test('a register that needs a credential is posted to with one, and refuses a wrong one', async () => {
  const flags = ['apply', '--yes', '--smoke-register'];
  const without = await runCloud([...flags, 'closed'], at(server.address));
  assert.match(without.stderr, /--smoke-register: expected --api-key as well, because closed is not open/);
  const unknown = await runCloud([...flags, 'nope'], at(server.address));
  assert.match(unknown.stderr, /--smoke-register: expected one of .*app.*; given nope/);
  const key = await server.adminKey();
  const wrong = await runCloud([...flags, 'data', '--api-key', `${key}x`], at(server.address));
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout, /FAIL {2}POST \/data .*given 401/);
});

test('an entry that is only queued is waited for, with the path as the front wrote it', async () => {
  const read: string[] = [];
  const queued: typeof fetch = async (url, init) => {
    const { pathname } = new URL(url instanceof Request ? url.url : url);
    if (init?.method === 'POST')
      return new Response('{}', { status: 202, headers: { location: '/dev/app/x' } });
    if (!pathname.startsWith('/dev/app/')) return new Response('{}');
    read.push(pathname);
    return new Response('{}', { status: read.length < 4 ? 202 : 200 });
  };
  const result = await runCloud(['apply', '--yes'], { ...at('https://example.com/dev/'), fetch: queued });
  assert.equal(result.code, 0, result.stdout);
  assert.deepEqual(read, Array(4).fill('/dev/app/x'));
});

test('--no-smoke-test posts nothing', async () => {
  const entries = (await entriesOf('app')).length;
  const { code, stdout } = await runCloud(['apply', '--yes', '--no-smoke-test'], at(server.address));
  assert.equal(code, 0);
  assert.doesNotMatch(stdout, /PASS|FAIL/);
  assert.equal((await entriesOf('app')).length, entries);
});

test('a deployment without open registers is tested for its health, and it is said', async () => {
  const { code, stdout, stderr } = await runCloud(['apply', '--yes'], {
    ...at(server.address),
    configuration: { registers: { app: { access: 'key' }, epoch: { access: 'key' } } },
  });
  assert.equal(code, 0);
  assert.equal(stdout.match(/^PASS/gm)?.length, 2);
  assert.match(stderr, /nothing was posted: no register is open/);
});
