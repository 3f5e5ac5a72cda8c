/** Which format an answer has: Accept with its q-values, `?format=`, and what is there for whom. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { assertProblem } from './assert-problem.ts';
import { startService } from './service.ts';

const service = await startService();
let id = '';

before(async () => {
  ({ id } = await service.write('app', '{"a":1}', { 'content-type': 'application/json' }));
});

const TYPES = {
  json: 'application/json; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  text: 'text/plain; charset=utf-8',
  html: 'text/html; charset=utf-8',
  sse: 'text/event-stream; charset=utf-8',
} as const;
type Format = keyof typeof TYPES;

/** The answer's format, read from its head alone, because a stream of events has no end. */
async function formatOf(path: string, accept?: string): Promise<Format | undefined> {
  const gone = new AbortController();
  const headers = accept === undefined ? {} : { accept };
  const answer = await service.fetch(path, { headers, signal: gone.signal });
  assert.equal(answer.status, 200, `${path} ${accept}`);
  assert.equal(answer.headers.get('vary'), 'Accept, Authorization, Origin');
  gone.abort();
  const type = answer.headers.get('content-type');
  return (Object.keys(TYPES) as Format[]).find((format) => TYPES[format] === type);
}

const CHROMIUM = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

const ACCEPTED: readonly (readonly [string | undefined, Format])[] = [
  [undefined, 'json'],
  ['*/*', 'json'],
  ['', 'json'],
  ['application/json', 'json'],
  ['application/*', 'json'],
  ['APPLICATION/JSON', 'json'],
  [CHROMIUM, 'html'],
  ['application/xhtml+xml', 'html'],
  ['application/x-ndjson', 'ndjson'],
  ['application/ndjson', 'ndjson'],
  ['text/csv', 'csv'],
  ['text/plain', 'text'],
  ['text/*', 'csv'],
  ['text/event-stream', 'sse'],
  ['text/csv;q=0.5, application/json;q=0.4', 'csv'],
  ['text/csv;q=0.5, application/json;q=0.6', 'json'],
  ['text/csv, application/json;q=0.9', 'csv'],
  ['text/csv;q=0.9, */*;q=0.1', 'csv'],
  ['application/json;q=0, */*', 'ndjson'],
  ['application/*;q=0, text/*', 'csv'],
  ['image/png, */*;q=0.01', 'json'],
  ['text/csv;header=present;q=1.0', 'csv'],
  [' text/csv ; q = 1', 'csv'],
  ['text/csv;q=nonsense, text/plain;q=0.1', 'text'],
  ['text/csv;q=7, text/plain;q=0.1', 'text'],
];

for (const [accept, format] of ACCEPTED) {
  test(`Accept: ${accept ?? 'absent'} gives ${format}`, async () => {
    // `fetch` would send an Accept of its own.
    const answer = await service.fetchInProcess('/app', accept === undefined ? {} : { headers: { accept } });
    assert.equal(answer.headers.get('content-type'), TYPES[format]);
    await answer.body?.cancel();
  });
}

test('format= wins over Accept', async () => {
  for (const format of Object.keys(TYPES) as Format[])
    assert.equal(await formatOf(`/app?format=${format}`, 'image/png'), format);
  assert.equal(await formatOf('/app?format=json', CHROMIUM), 'json');
  assert.equal(await formatOf('/app?live=sse', 'application/json'), 'sse');
  assert.equal(await formatOf('/app?live=no&format=text'), 'text');
});

test('an entry is JSON, a page or a line of text', async () => {
  assert.equal(await formatOf(`/app/${id}`, '*/*'), 'json');
  assert.equal(await formatOf(`/app/${id}`, CHROMIUM), 'html');
  assert.equal(await formatOf(`/app/${id}`, 'text/plain'), 'text');
  assert.equal(await formatOf(`/app/${id}?format=html`), 'html');
  const line = await (await service.fetch(`/app/${id}?format=text`)).text();
  const { receivedAt } = await service.read('app', id);
  assert.equal(line, `${receivedAt}\t${id}\t{"a":1}\n`);
});

test('the root is ten lines of help for curl and a page for browsers', async () => {
  assert.equal(await formatOf('/', '*/*'), 'text');
  assert.equal(await formatOf('/', CHROMIUM), 'html');
  const help = await (await service.fetch('/', { headers: { accept: '*/*' } })).text();
  assert.ok(help.split('\n').length <= 11, 'each of at most ten lines ends with a newline');
  assert.ok(help.includes(`curl -d '{"what":"deploy"}' ${service.address}/app`), help);
});

test('what cannot be given is refused, naming what can', async () => {
  for (const path of ['/app', `/app/${id}`, '/', '/app?live=long-poll&wait=0']) {
    for (const accept of ['image/png', '*/*;q=0', 'nonsense', 'text/html;q=0, image/*']) {
      const answer = await service.fetch(path, { headers: { accept } });
      const { detail } = await assertProblem(answer, 'NOT_ACCEPTABLE', { kind: 'read' });
      assert.match(detail, /text\/plain|application\/json/);
    }
  }
});

test('a browser gets its problems as a page, anything else as a document', async () => {
  for (const path of ['/nowhere', '/app/unknown', '/app?limit=0', '/api/ledger']) {
    const page = await service.fetch(path, { headers: { accept: CHROMIUM } });
    assert.ok(page.status >= 400);
    assert.equal(page.headers.get('content-type'), TYPES.html);
    assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
    assert.match(await page.text(), /<!doctype html>/i);
    const document = await service.fetch(path, { headers: { accept: '*/*' } });
    assert.equal(document.headers.get('content-type'), 'application/problem+json; charset=utf-8');
    await document.text();
  }
});

test('pages run no script of their own making and show payloads as text', async () => {
  const evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
  for (const type of ['text/plain', 'text/html', evil.replaceAll(/[<>"]/g, '')]) {
    const written = await service.write('app', evil, { 'content-type': type, 'x-request-id': 'r' });
    for (const path of ['/app', `/app/${written.id}`, '/', `/app?from=1970-01-01&to=2250-01-01&limit=3`]) {
      const page = await service.fetch(path, { headers: { accept: CHROMIUM } });
      const html = await page.text();
      assert.ok(!html.includes('<script>alert') && !html.includes('<img src=x'), path);
      assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)/, `${path} has no inline script`);
      const tags = html.match(/<[a-z][^>]*>/gi) ?? [];
      assert.deepEqual(
        tags.filter((tag) => /\son[a-z]+=/i.test(tag)),
        [],
      );
      assert.match(page.headers.get('content-security-policy') ?? '', /script-src 'self'/);
    }
  }
});

test('what a caller put into a path or a parameter is text on the problem page', async () => {
  for (const path of [
    '/<script>alert(1)</script>',
    '/app?limit=<script>alert(1)</script>',
    '/app/"><script>alert(1)</script>',
  ]) {
    const html = await (await service.fetch(path, { headers: { accept: CHROMIUM } })).text();
    assert.ok(!html.includes('<script>alert'), path);
  }
});
