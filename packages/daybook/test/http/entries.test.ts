/** `GET /{register}/{id}`: ids that are there and ids that are not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { entrySchema } from '../../src/contract/schemas.ts';
import { assertProblem } from './assert-problem.ts';
import { startService } from './service.ts';

const service = await startService({ registers: { empty: { access: 'open' } } });
const { id, receivedAt } = await service.write('app', '{"a":1}', { 'content-type': 'application/json' });

test('an entry has every member of the contract, and may be kept for ever', async () => {
  const answer = await service.fetch(`/app/${id}`);
  assert.equal(answer.headers.get('cache-control'), 'private, max-age=31536000, immutable');
  const entry = entrySchema.strict().parse(await answer.json());
  assert.deepEqual(entry, {
    id,
    register: 'app',
    receivedAt,
    subject: '',
    requestId: entry.requestId,
    clientIp: '127.0.0.0',
    protocol: 'http',
    region: 'local',
    contentType: 'application/json',
    payload: { a: 1 },
    status: 'stored',
  });
});

test('a type that has no place in a header is given back as bytes of no type', async () => {
  for (const type of ['text/plain; name="\u00e9"', 'text/plain;\tx=y', '\u00ff']) {
    const written = await service.write('app', 'x', { 'content-type': type });
    const payload = await service.fetch(`/app/${written.id}/payload`);
    assert.equal(payload.headers.get('content-type'), 'application/octet-stream', JSON.stringify(type));
    assert.equal(await payload.text(), 'x');
  }
});

test('entries of one register are no entries of another', async () => {
  await assertProblem(await service.fetch(`/empty/${id}`), 'ENTRY_UNKNOWN', { kind: 'read' });
  await assertProblem(await service.fetch(`/empty/${id}/payload`), 'ENTRY_UNKNOWN', { kind: 'read' });
});

test('an id is read in any case and answered in lower case', async () => {
  const upper = id.toUpperCase();
  for (const path of ['', '/payload']) {
    const [asked, known] = await Promise.all([
      service.fetch(`/app/${upper}${path}`),
      service.fetch(`/app/${id}${path}`),
    ]);
    assert.equal(asked.status, 200);
    assert.equal(asked.headers.get('content-disposition'), known.headers.get('content-disposition'));
    assert.equal(await asked.text(), await known.text());
  }
});

test('an entry that does not exist is unknown, whatever is asked for', async () => {
  const nearly = id.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
  for (const unknown of [
    nearly,
    nearly.toUpperCase(),
    'x',
    '1',
    '%00',
    '..%2f..',
    "'--",
    'x'.repeat(500),
    '00000000-0000-0000-0000-000000000000',
  ])
    for (const path of [`/app/${unknown}`, `/app/${unknown}/payload`])
      await assertProblem(await service.fetch(path), 'ENTRY_UNKNOWN', { kind: 'read' });
});

test('a payload is downloaded as an attachment that no browser runs, whatever type it claims', async () => {
  for (const type of [
    'text/html',
    'text/html; charset=utf-8',
    'image/svg+xml',
    'application/xhtml+xml',
    'text/javascript',
  ]) {
    const script = await service.write('app', '<script>alert(1)</script>', { 'content-type': type });
    for (const payload of [
      await service.fetch(`/app/${script.id}/payload`),
      await service.fetchInProcess(`/app/${script.id}/payload`),
    ]) {
      assert.equal(payload.headers.get('content-security-policy'), 'sandbox', type);
      assert.equal(payload.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(payload.headers.get('content-disposition'), `attachment; filename="${script.id}"`);
      assert.equal(payload.headers.get('content-type'), type);
    }
  }
});
