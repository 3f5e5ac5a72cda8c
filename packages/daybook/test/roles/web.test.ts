/**
 * A process whose only role is `web`: pages in front of an API elsewhere. It keeps nothing, and says how the API is,
 * whatever that does: answers, is away, says nothing, or stops in the middle.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { parseConfig } from '../../src/config/load.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { createWeb } from '../../src/web.ts';
import { assertProblem } from '../http/assert-problem.ts';
import { startService } from '../http/service.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook, tryStartDaybook } from '../support/start-daybook.ts';

const folder = await mkdtemp(join(tmpdir(), 'daybook-web-'));
after(() => rm(folder, { recursive: true, force: true }));
const dataDir = join(folder, 'data');
const cwd = await mkdtemp(join(folder, 'cwd-'));

const HTML = { headers: { accept: 'text/html' } };
const STAMP = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z/;

async function startWeb(apiUrl: string): Promise<StartedDaybook> {
  const web = await startDaybook({ dataDir, cwd, env: { DAYBOOK_ROLES: 'web', DAYBOOK_API_URL: apiUrl } });
  after(() => web.stop());
  return web;
}

/** The same without a process of its own. */
async function startInProcess(apiUrl: string): Promise<{ address: string; logged: readonly string[] }> {
  const logged: string[] = [];
  const log = createLog('info', { write: (line) => void logged.push(line) });
  const alone = createWeb(parseConfig({ roles: ['web'], apiUrl, port: 0 }), log);
  after(() => alone.close());
  const { port } = await alone.listen();
  return { address: `http://127.0.0.1:${port}`, logged };
}

/** An API that does as it is told. */
async function startApi(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  after(() => {
    server.closeAllConnections();
    server.close();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const api = await startService({ basePath: '/dev' });
const web = await startWeb(`${api.address}/`);

test('the welcome page shows the time of the database and the newest entries, and is kept by nobody', async () => {
  await api.write('app', '{"note":"seen from afar"}', { 'content-type': 'application/json' });
  const seen = new Set<string>();
  for (let turn = 0; turn < 2; turn++) {
    const answer = await fetch(`${web.address}/`, HTML);
    const page = await answer.text();
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    const [, time = ''] = /<time datetime="([^"]+)"/.exec(page.slice(page.indexOf('register-time'))) ?? [];
    assert.match(time, STAMP);
    seen.add(time);
    assert.match(page, /The register’s time is .* in local\./s);
    assert.match(page, /seen from afar/);
    assert.match(page, /<form id="post" class="post" method="post" action="\/app"/);
  }
  assert.equal(seen.size, 2, 'each page has a time of its own');
});

test('for a terminal it is ten lines', async () => {
  const answer = await fetch(`${web.address}/`);
  assert.match(
    await answer.text(),
    /^Daybook \S+: .*The register's time is \S+Z in local\.\n\n {2}curl -X POST /,
  );
  assert.equal(answer.headers.get('cache-control'), 'no-store');
});

test('health, documentation and what pages load need no API, and nothing else is here', async () => {
  assert.deepEqual(await (await fetch(`${web.address}/healthz`)).json(), { status: 'ok' });
  for (const path of ['/readyz', '/health'])
    assert.deepEqual(await (await fetch(web.address + path)).json(), { status: 'ready' });
  assert.match(await (await fetch(`${web.address}/docs`)).text(), /<h1/);
  assert.equal((await fetch(`${web.address}/robots.txt`)).status, 200);
  for (const path of ['/app', '/api/status', '/api/drain', '/metrics', '/openapi.json', '/nothing'])
    await assertProblem(await fetch(web.address + path), 'NOT_FOUND', { kind: 'read' });
  const posted = await fetch(`${web.address}/app`, { method: 'POST', body: 'x' });
  await assertProblem(posted, 'NOT_FOUND', { kind: 'write' });
});

test('what pages load is kept for a while, and asked about by its tag', async () => {
  for (const name of ['daybook.css', 'welcome.js', 'favicon.svg']) {
    const first = await fetch(`${web.address}/assets/${name}`);
    assert.equal(first.headers.get('cache-control'), 'public, max-age=300');
    const etag = first.headers.get('etag') ?? '';
    assert.match(etag, /^"[\w-]{22}"$/);
    for (const known of [etag, `"other", W/${etag}`, '*']) {
      const again = await fetch(`${web.address}/assets/${name}`, { headers: { 'if-none-match': known } });
      assert.deepEqual([again.status, again.headers.get('etag'), await again.text()], [304, etag, '']);
    }
    const changed = await fetch(`${web.address}/assets/${name}`, { headers: { 'if-none-match': '"other"' } });
    assert.equal(changed.status, 200);
  }
});

test('it writes nothing: neither a data directory nor anything where it runs', async () => {
  assert.equal(existsSync(dataDir), false);
  assert.deepEqual(await readdir(cwd), []);
});

for (const [what, answer] of [
  ['is away', undefined],
  ['says nothing', () => {}],
  ['stops in the middle', (_, response) => response.writeHead(200).write('{"status":')],
  ['fails', (_, response) => response.writeHead(500).end('{}')],
  ['is something else', (_, response) => response.end('{"hello":"world"}')],
] as const satisfies readonly (readonly [string, RequestListener | undefined])[]) {
  test(`with an API that ${what} the page is there and says so`, async () => {
    const url = answer === undefined ? 'http://127.0.0.1:1' : await startApi(answer);
    const alone = await startInProcess(url);
    const page = await fetch(`${alone.address}/`, HTML);
    assert.deepEqual([page.status, page.headers.get('cache-control')], [502, 'no-store']);
    const html = await page.text();
    assert.match(html, /<p class="register-time failure" role="alert">\s*The API gave no answer/);
    assert.match(html, /<\/html>/);
    const text = await fetch(`${alone.address}/`);
    assert.deepEqual([text.status, /The API gave no answer/.test(await text.text())], [502, true]);
    assert.equal((await fetch(`${alone.address}/readyz`)).status, 200);
    assert.equal(alone.logged.filter((line) => line.includes('"api-away"')).length, 1, 'it is told once');
  });
}

test('an API without its database is told apart', async () => {
  const status = { status: 'degraded', version: '0', region: 'here', time: 'now', databaseTime: null };
  const alone = await startInProcess(await startApi((_, response) => response.end(JSON.stringify(status))));
  const page = await fetch(`${alone.address}/`, HTML);
  assert.equal(page.status, 200);
  assert.match(await page.text(), /role="alert">\s*The database does not answer now\./);
});

test('without the URL of the API it does not start', async () => {
  const started = await tryStartDaybook({ dataDir, cwd, env: { DAYBOOK_ROLES: 'web' } });
  assert.ok(!started.started);
  assert.equal(started.exitCode, 2);
  assert.match(started.stderr, /^daybook: apiUrl \(DAYBOOK_API_URL\): expected the URL of the API, .*\n$/);
});

test('it ends gracefully', async () => {
  assert.deepEqual(await web.stop(), { exitCode: 0, signal: null });
});
