/** HEAD is GET without a body, on every path, and leaves nothing running. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { connectRaw, rawRequest } from './raw-connection.ts';
import { startService } from './service.ts';

const service = await startService();
let id = '';
let empty = '';

before(async () => {
  for (let n = 0; n < 500; n += 1)
    ({ id } = await service.write('app', `${n} `.repeat(1000), { 'content-type': 'text/html' }));
  ({ id: empty } = await service.write('epoch'));
});

/** Headers that are of the answer and not of what is asked for. */
const OWN = new Set([
  'date',
  'connection',
  'keep-alive',
  'x-request-id',
  'content-length',
  'transfer-encoding',
  'etag',
]);

function compared({ status, headers }: Response): [number, string][] {
  const kept = [...headers].filter(([name]) => !OWN.has(name)).map(([name, value]) => [name, value]);
  return [[status, JSON.stringify(kept)]];
}

const PATHS = () => [
  '/',
  '/healthz',
  '/readyz',
  '/api/status',
  '/api/ledger',
  '/metrics',
  '/docs',
  '/openapi.json',
  '/favicon.ico',
  '/nowhere',
  '/app',
  '/app?limit=3',
  '/app?limit=0',
  '/app?cursor=x',
  '/app?format=html',
  '/app?format=ndjson',
  '/app?format=csv',
  '/app?format=text',
  '/app?format=csv&after=x',
  '/app?live=long-poll&from=start&wait=0',
  '/app?live=long-poll&cursor=x',
  '/app?live=sse',
  '/app?live=sse&from=start',
  '/app?live=sse&cursor=x',
  `/app/${id}`,
  `/app/${id}?format=html`,
  `/app/${id}/payload`,
  `/epoch/${empty}/payload`,
  '/app/unknown',
  '/app/stats',
  '/app/stats?bucket=x',
];

test('HEAD has the status and the headers of GET, for programs and for browsers', async () => {
  for (const path of PATHS()) {
    for (const accept of ['*/*', 'text/html,*/*;q=0.8']) {
      for (const send of [service.fetch, service.fetchInProcess]) {
        const gone = new AbortController();
        const get = await send(path, { headers: { accept }, signal: gone.signal });
        const head = await send(path, { method: 'HEAD', headers: { accept } });
        assert.deepEqual(compared(head), compared(get), `${path} ${accept}`);
        assert.equal(await head.text(), '');
        gone.abort();
        await get.body?.cancel().catch(() => undefined);
      }
    }
  }
});

test('a HEAD is answered on a connection that goes on', async () => {
  const connection = await connectRaw(service.port);
  for (const path of [
    '/app?format=ndjson',
    '/app?live=sse',
    '/app?live=long-poll',
    `/app/${id}/payload`,
    '/nowhere',
    '/app',
  ]) {
    await connection.send(rawRequest(`HEAD ${path}`));
    await connection.answer({ toHead: true });
  }
  await connection.send(rawRequest('GET /healthz'));
  assert.equal((await connection.answer()).status, 200);
  connection.destroy();
});

test('a HEAD of a tail answers at once and follows nothing', async () => {
  await Promise.all(
    Array.from({ length: 50 }, async (_, n) => {
      const path = n % 2 === 0 ? '/app?live=sse' : '/app?live=long-poll&wait=30';
      assert.equal((await service.fetch(path, { method: 'HEAD' })).status, 200);
    }),
  );
  assert.equal(await service.metric('daybook_followers'), 0);
});
