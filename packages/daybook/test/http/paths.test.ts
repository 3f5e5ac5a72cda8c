/** Paths are exact, with their methods: what is there, what is not, and what each allows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertProblem } from './assert-problem.ts';
import { connectRaw, rawRequest } from './raw-connection.ts';
import { startService } from './service.ts';

const service = await startService();
const { id } = await service.write('app', '{"a":1}', { 'content-type': 'application/json' });

/** Over a raw socket, because `fetch` tidies paths. @returns the answer to one request, on a connection of its own. */
async function ask(method: string, target: string, body?: string) {
  const connection = await connectRaw(service.port);
  await connection.send(rawRequest(`${method} ${target}`, { connection: 'close' }, body));
  const answer = await connection.answer({ toHead: method === 'HEAD' });
  connection.destroy();
  return answer;
}

test('one trailing slash is ignored, on reads and writes', async () => {
  for (const path of [
    '/app/',
    '/app/?limit=1',
    `/app/${id}/`,
    `/app/${id}/payload/`,
    '/app/stats/',
    '/healthz/',
    '/getEpoch/',
  ])
    assert.equal((await ask('GET', path)).status, 200, path);
  const written = await ask('POST', '/app/', 'x');
  assert.equal(written.status, 201);
  assert.match(written.headers.get('location') ?? '', /^\/app\/[0-9a-f-]{36}$/);
});

for (const target of [
  '/app//',
  '//app',
  '//app/',
  '/APP',
  '/App',
  '/%61pp',
  '/app%2F',
  '/app%00',
  '/app;x',
  '/app.',
  '/ap',
  '/appp',
  '/app/%2e%2e/app/x/y',
  '/nowhere',
  '/v1/app',
  '/.env',
  '/app/x/y/z',
  '/app/stats/x/y',
]) {
  test(`${target} is no path, for no method`, async () => {
    await assertProblem(await ask('GET', target), 'NOT_FOUND', { kind: 'read' });
    await assertProblem(await ask('POST', target, 'x'), 'NOT_FOUND', { kind: 'write' });
    await assertProblem(await ask('DELETE', target), 'NOT_FOUND', { kind: 'read' });
    await assertProblem(await ask('OPTIONS', target), 'NOT_FOUND', { kind: 'read' });
  });
}

test('dots in a path are tidied as every client does, and mean the same for reads and writes', async () => {
  for (const target of ['/./app', '/x/../app', '/app/.', '/../app', '/app/x/..', '/%2e/app']) {
    assert.equal((await ask('GET', target)).status, 200, target);
    assert.equal((await ask('POST', target, 'x')).status, 201, target);
  }
});

test('a target with a host in it means its path (RFC 9112 §3.2.2)', async () => {
  const origin = `http://127.0.0.1:${service.port}`;
  assert.equal((await ask('GET', `${origin}/app?limit=1`)).status, 200);
  assert.equal((await ask('POST', `${origin}/app`, 'x')).status, 201);
  assert.equal((await ask('POST', `HTTP://localhost/epoch/?x=1`, 'x')).status, 201);
  await assertProblem(await ask('GET', `${origin}/nowhere`), 'NOT_FOUND', { kind: 'read' });
});

for (const target of [
  '*',
  'app',
  '?',
  '#',
  'ftp://localhost/app',
  'http://',
  'http://%',
  '/a\\..\\app',
  'localhost:80',
]) {
  test(`the target ${target} is answered with a problem document`, async () => {
    for (const method of ['GET', 'OPTIONS', 'POST']) {
      const answer = await ask(method, target, method === 'POST' ? 'x' : undefined);
      // Where the parser of Node gives up, the method is not known: it may have been a write.
      const { outcome } = JSON.parse(answer.body) as { outcome?: string };
      const kind = method === 'POST' || outcome !== undefined ? 'write' : 'read';
      await assertProblem(answer, answer.status === 404 ? 'NOT_FOUND' : 'REQUEST_MALFORMED', { kind });
    }
  });
}

test('a bare query is read whatever characters it has', async () => {
  for (const target of ['/app?', '/app?limit=1&', '/app?limit=%31'])
    assert.equal((await ask('GET', target)).status, 200, target);
  for (const target of ['/app?%', '/app?limit', '/app?limit=1?', '/app?limit=1%', '/app?a=|"<>\\^`{}'])
    assert.equal((await ask('GET', target)).status, 400, target);
});

test('the aliases of epoch write and read it, with the milliseconds', async () => {
  const written = await ask('POST', '/EpochRegisterTime');
  const receipt = JSON.parse(written.body) as {
    id: string;
    register: string;
    receivedAt: string;
    epochMs: number;
  };
  assert.equal(receipt.register, 'epoch');
  assert.equal(receipt.epochMs, Date.parse(receipt.receivedAt));
  assert.equal(written.headers.get('location'), `/epoch/${receipt.id}`);

  const page = JSON.parse((await ask('GET', '/getEpoch')).body) as {
    entries: { id: string; epochMs: number }[];
  };
  assert.deepEqual([page.entries[0]?.id, page.entries[0]?.epochMs], [receipt.id, receipt.epochMs]);
  assert.equal((await service.read('epoch', receipt.id)).epochMs, receipt.epochMs);
  assert.ok(!('epochMs' in (await service.read('app', id))));
});

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  '/app': ['POST', 'GET', 'HEAD', 'OPTIONS'],
  '/epoch': ['POST', 'GET', 'HEAD', 'OPTIONS'],
  '/EpochRegisterTime': ['POST', 'OPTIONS'],
  '/getEpoch': ['GET', 'HEAD', 'OPTIONS'],
  [`/app/${id}`]: ['GET', 'HEAD', 'OPTIONS'],
  [`/app/${id}/payload`]: ['GET', 'HEAD', 'OPTIONS'],
  '/app/stats': ['GET', 'HEAD', 'OPTIONS'],
  '/': ['GET', 'HEAD', 'OPTIONS'],
  '/healthz': ['GET', 'HEAD', 'OPTIONS'],
  '/readyz': ['GET', 'HEAD', 'OPTIONS'],
  '/health': ['GET', 'HEAD', 'OPTIONS'],
  '/metrics': ['GET', 'HEAD', 'OPTIONS'],
  '/openapi.json': ['GET', 'HEAD', 'OPTIONS'],
  '/docs': ['GET', 'HEAD', 'OPTIONS'],
  '/robots.txt': ['GET', 'HEAD', 'OPTIONS'],
  '/favicon.ico': ['GET', 'HEAD', 'OPTIONS'],
  '/assets/daybook.css': ['GET', 'HEAD', 'OPTIONS'],
  '/api/status': ['GET', 'HEAD', 'OPTIONS'],
  '/api/registers': ['GET', 'HEAD', 'OPTIONS'],
  '/api/ledger': ['GET', 'HEAD', 'OPTIONS'],
};

for (const [path, allowed] of Object.entries(ALLOWED)) {
  test(`${path.replace(id, '{id}')} allows ${allowed.join(', ')} and nothing else`, async () => {
    const options = await ask('OPTIONS', path);
    assert.equal(options.status, 204);
    const listed = (options.headers.get('allow') ?? '').split(', ');
    assert.deepEqual(new Set(listed), new Set(allowed));
    assert.equal(options.headers.has('accept-post'), allowed.includes('POST'));
    for (const method of ['POST', 'GET', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'QUERY'].filter(
      (one) => !allowed.includes(one),
    )) {
      const answer = await ask(method, path, method === 'POST' ? 'x' : undefined);
      assert.equal(answer.headers.get('allow'), options.headers.get('allow'), method);
      await assertProblem(answer, 'METHOD_NOT_ALLOWED', { kind: method === 'POST' ? 'write' : 'read' });
    }
  });
}

test('Accept-Post names what a register takes', async () => {
  const options = await ask('OPTIONS', '/app');
  for (const type of ['*/*', 'application/json', 'application/x-ndjson'])
    assert.ok(options.headers.get('accept-post')?.split(', ').includes(type), type);
});

test('what is not on record in the registry of methods is refused as no HTTP', async () => {
  await assertProblem(await ask('BREW', '/app'), 'REQUEST_MALFORMED', { kind: 'write' });
});

test('an asset that is none is not found, wherever it points', async () => {
  for (const path of [
    '/assets/nothing.css',
    '/assets/..%2fpackage.json',
    '/assets/%2e%2e%2fpackage.json',
    '/assets/__proto__',
    '/assets/',
  ])
    await assertProblem(await ask('GET', path), 'NOT_FOUND', { kind: 'read' });
});
