/** What a body means by its type, and how it is shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { assertProblem } from './assert-problem.ts';
import { connectRaw, rawRequest } from './raw-connection.ts';
import { startService } from './service.ts';

const service = await startService();

interface Shown {
  readonly contentType?: string;
  readonly payload?: unknown;
  readonly payloadEncoding?: string;
}

/** `type` null: no Content-Type at all, which `fetch` sends only for bytes. */
async function written(type: string | null, body: string | Uint8Array): Promise<Shown> {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  const { id } = await service.write(
    'app',
    Uint8Array.from(bytes),
    type === null ? {} : { 'content-type': type },
  );
  const payload = await service.fetch(`/app/${id}/payload`);
  assert.equal(payload.status, 200);
  assert.deepEqual(
    Buffer.from(await payload.arrayBuffer()),
    Buffer.from(bytes),
    'the bytes came back as they were',
  );
  const entry = await service.read('app', id);
  return {
    ...(entry.contentType !== undefined && { contentType: entry.contentType }),
    payload: entry.payload,
    ...(entry.payloadEncoding && { payloadEncoding: entry.payloadEncoding }),
  };
}

for (const type of [
  'application/json',
  'text/json',
  'application/vnd.example+json; charset=utf-8',
  'Application/JSON',
]) {
  test(`a body of type ${type} is JSON`, async () => {
    assert.deepEqual(await written(type, '{"a":[1,2]}'), { contentType: type, payload: { a: [1, 2] } });
  });
}

test('any JSON value is a payload, not only objects', async () => {
  for (const value of [null, true, 0, 'text', [], {}]) {
    const shown = await written('application/json', JSON.stringify(value));
    assert.deepEqual(shown.payload, value);
  }
});

test('a body that is declared JSON and is not is refused and not written', async () => {
  const before = (await service.list('/app?limit=1000')).entries.length;
  const bad = [
    '{"a":',
    '{"a":1}x',
    ' ',
    '{a:1}',
    'NaN',
    '\u{feff}{}',
    "{'a':1}",
    '[1,]',
    '{"a":1}{"b":2}',
    '01',
  ];
  for (const body of [...bad.map((text) => Buffer.from(text)), Buffer.from([0x22, 0xff, 0xfe, 0x22])]) {
    const headers = { 'content-type': 'application/json' };
    const answer = await service.fetch('/app', { method: 'POST', headers, body });
    const { detail } = await assertProblem(answer, 'BODY_NOT_JSON', { kind: 'write' });
    assert.ok(body.length < 3 || !detail.includes(body.toString()), `the body is not repeated: ${detail}`);
  }
  assert.equal((await service.list('/app?limit=1000')).entries.length, before);
});

test('a form body that parses as an object or array is JSON, as curl -d sends it', async () => {
  const form = 'application/x-www-form-urlencoded';
  const json = 'application/json';
  assert.deepEqual(await written(form, '{"a":1}'), { contentType: json, payload: { a: 1 } });
  assert.deepEqual(await written(form, ' \r\n\t[1]'), { contentType: json, payload: [1] });
});

test('any other form body is text of its own type', async () => {
  const form = 'application/x-www-form-urlencoded';
  for (const body of ['a=1&b=2', '1', '"quoted"', 'true', '{"a":', '[not json'])
    assert.deepEqual(await written(form, body), { contentType: form, payload: body });
});

test('a body without a type is JSON if it parses as an object or array, else text', async () => {
  assert.deepEqual(await written(null, '{"a":1}'), { contentType: 'application/json', payload: { a: 1 } });
  const text = 'text/plain; charset=utf-8';
  assert.deepEqual(await written(null, 'hello'), { contentType: text, payload: 'hello' });
  assert.deepEqual(await written(null, '12'), { contentType: text, payload: '12' });
});

test('an empty type is none', async () => {
  const connection = await connectRaw(service.port);
  await connection.send(rawRequest('POST /app', { 'content-type': '' }, '{"a":1}'));
  const { id } = JSON.parse((await connection.answer()).body) as { id: string };
  assert.equal((await service.read('app', id)).contentType, 'application/json');
  connection.destroy();
});

test('a body without a type that is not UTF-8 is bytes', async () => {
  assert.deepEqual(await written(null, Buffer.from([0x7b, 0xff])), {
    contentType: 'application/octet-stream',
    payload: Buffer.from([0x7b, 0xff]).toString('base64'),
    payloadEncoding: 'base64',
  });
});

for (const type of [
  'text/plain',
  'text/markdown; charset=utf-8',
  'text/html',
  'application/xml',
  'image/svg+xml',
]) {
  test(`a body of type ${type} is text when it is valid UTF-8, else bytes`, async () => {
    assert.deepEqual(await written(type, 'é <b>\n"x"'), { contentType: type, payload: 'é <b>\n"x"' });
    const invalid = Buffer.from([0x41, 0xc3, 0x28]);
    const shown = await written(type, invalid);
    assert.deepEqual(shown, {
      contentType: type,
      payload: invalid.toString('base64'),
      payloadEncoding: 'base64',
    });
  });
}

test('text that looks like JSON stays text', async () => {
  assert.deepEqual(await written('text/plain', '{"a":1}'), { contentType: 'text/plain', payload: '{"a":1}' });
});

for (const type of ['application/octet-stream', 'image/png', 'application/cbor', 'nonsense']) {
  test(`a body of type ${type} is bytes`, async () => {
    const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const shown = await written(type, every);
    assert.deepEqual(shown, {
      contentType: type,
      payload: every.toString('base64'),
      payloadEncoding: 'base64',
    });
  });
}

test('an empty body is the moment alone, whatever its type', async () => {
  for (const headers of [{}, { 'content-type': 'application/json' }, { 'content-type': 'text/plain' }]) {
    const { id } = await service.write('app', undefined, headers);
    const entry = await service.read('app', id);
    assert.ok(!('payload' in entry) && !('contentType' in entry) && !('payloadEncoding' in entry));
    const payload = await service.fetch(`/app/${id}/payload`);
    assert.equal(payload.status, 204);
    assert.equal(await payload.text(), '');
  }
});

test('a CloudEvent is refused rather than stored without its meaning', async () => {
  const event = '{"specversion":"1.0","id":"1","source":"/s","type":"t"}';
  for (const headers of [
    { 'content-type': 'application/cloudevents+json' },
    { 'content-type': 'application/cloudevents-batch+json; charset=utf-8' },
    {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': '1',
      'ce-source': '/s',
      'ce-type': 't',
    },
  ]) {
    const answer = await service.fetch('/app', { method: 'POST', headers, body: event });
    await assertProblem(answer, 'MEDIA_TYPE_UNSUPPORTED', { kind: 'write' });
  }
});
