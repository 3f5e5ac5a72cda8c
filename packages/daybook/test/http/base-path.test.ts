/** Behind a base path every address that Daybook gives has it, and nothing is answered outside of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertProblem } from './assert-problem.ts';
import { startService } from './service.ts';

const service = await startService({ basePath: '/dev' });
const origin = `http://127.0.0.1:${service.port}`;
const HTML = { headers: { accept: 'text/html' } };

const receipt = await service.write('app', '{"a":1}', { 'content-type': 'application/json' });
await service.write('app', 'x');

test('Location has the base path, and leads to the entry', async () => {
  for (const path of ['/dev/app', '/dev/app/', '/dev/EpochRegisterTime']) {
    const answer = await fetch(origin + path, { method: 'POST', body: 'x' });
    const location = answer.headers.get('location') ?? '';
    assert.match(location, /^\/dev\/(?:app|epoch)\/[0-9a-f-]{36}$/);
    const { id } = (await answer.json()) as { id: string };
    const entry = await fetch(origin + location);
    assert.equal(((await entry.json()) as { id: string }).id, id);
  }
});

test('Link has the base path, and leads to the next page', async () => {
  const answer = await service.fetch('/app?limit=1');
  await answer.text();
  const href = /^<(\/dev\/app\?[^>]+)>; rel="next"$/.exec(answer.headers.get('link') ?? '')?.[1];
  assert.ok(href !== undefined, String(answer.headers.get('link')));
  const next = await fetch(origin + href);
  assert.equal(next.status, 200);
  assert.equal(((await next.json()) as { entries: unknown[] }).entries.length, 1);
});

test('nothing is outside of the base path', async () => {
  for (const path of [
    '/app',
    '/',
    '/healthz',
    '/device',
    '/devapp',
    '/DEV/app',
    '/dev/dev/app',
    `/app/${receipt.id}`,
  ])
    await assertProblem(await fetch(origin + path), 'NOT_FOUND', { kind: 'read' });
  await assertProblem(await fetch(`${origin}/app`, { method: 'POST', body: 'x' }), 'NOT_FOUND', {
    kind: 'write',
  });
});

test('the base path alone is the welcome page, with and without a slash', async () => {
  for (const path of ['/dev', '/dev/']) {
    const answer = await fetch(origin + path, HTML);
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /<!doctype html>/i);
  }
});

test('every reference on every page is within the base path and answers', async () => {
  const pages = [
    '/dev',
    '/dev/app',
    '/dev/app?limit=1',
    `/dev/app/${receipt.id}`,
    '/dev/docs',
    '/dev/nowhere',
  ];
  const references = new Set<string>();
  for (const page of pages) {
    const html = await (await fetch(origin + page, HTML)).text();
    for (const [, href = ''] of html.matchAll(/\s(?:href|src|action)="([^"]*)"/g))
      if (!href.startsWith('#')) references.add(href.replaceAll('&amp;', '&'));
  }
  assert.ok(references.size > 10);
  for (const href of references) {
    assert.match(href, /^\/dev(?:\/|$)/);
    const answer = await fetch(origin + href, { headers: { authorization: `Bearer ${service.adminKey}` } });
    assert.ok(answer.status < 400, `${href} ${answer.status}`);
    await answer.body?.cancel();
  }
});

test('the OpenAPI document names the base path', async () => {
  const document = (await (await service.fetch('/openapi.json')).json()) as {
    servers?: { url: string }[];
    paths: object;
  };
  assert.deepEqual(
    document.servers?.map(({ url }) => url),
    ['/dev'],
  );
  assert.ok('/app' in document.paths);
});

test('the help for curl has addresses that work', async () => {
  const help = await (await service.fetch('', { headers: { accept: 'text/plain' } })).text();
  for (const [, url = ''] of help.matchAll(/(http:\/\/[^\s']+)/g)) {
    assert.ok(url.startsWith(`${origin}/dev/`), url);
    const answer = await fetch(url);
    assert.equal(answer.status, 200, url);
    await answer.body?.cancel();
  }
});
