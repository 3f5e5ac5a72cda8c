/** JSON payloads are spliced into every answer as they came: not one character of a token changes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { startService } from './service.ts';

const service = await startService();

const JSON_TYPE = { 'content-type': 'application/json' };

/** Compact, so that they must come back character by character. */
const TRICKY: Readonly<Record<string, string>> = {
  'integers beyond 2^53': '{"big":123456789012345678901234567890,"n":-0,"e":1E400,"f":1.10}',
  'the order of keys': '{"z":1,"a":2,"10":3,"2":4}',
  'duplicate keys': '{"a":1,"a":2,"a":{"b":1,"b":2}}',
  'keys of the prototype':
    '{"__proto__":{"admin":true},"constructor":{"prototype":{}},"toString":1,"hasOwnProperty":2}',
  'members named like ours':
    '{"id":"x","receivedAt":"y","status":"dead","subject":"root","payload":{"payload":1}}',
  'escapes as they were written': String.raw`{"s":"\u00e9\/\ud83d\udcd3\u2028 \b\f\n\r\t\"\\ A\u0041"}`,
  'a NUL in a string': String.raw`{"s":"\u0000","\u0000":1}`,
  'a lone surrogate': String.raw`{"s":"\ud800"}`,
  'separators of lines that are none of JSON': '{"s":"\u2028\u2029\u0085\u000b"}'.replace('\u000b', ''),
  markup: '{"s":"</script><!--<![CDATA[&amp;"}',
  'a string': '"just a string"',
  'a number': '1e2',
};

for (const [what, json] of Object.entries(TRICKY)) {
  test(`JSON answers keep ${what}`, async () => {
    const { id } = await service.write('app', json, JSON_TYPE);
    const spliced = `"payload":${json},"status":"stored"}`;

    const entry = await (await service.fetch(`/app/${id}`)).text();
    assert.ok(entry.includes(spliced), entry);
    const page = await (await service.fetch('/app?limit=1')).text();
    assert.ok(page.includes(spliced), page);
    const ndjson = await (await service.fetch('/app?limit=1&format=ndjson')).text();
    assert.ok(ndjson.endsWith(`${spliced}\n`), ndjson);
    const poll = await (await service.fetch('/app?live=long-poll&from=start&wait=0')).text();
    assert.ok(poll.includes(spliced), poll);
    assert.equal(await (await service.fetch(`/app/${id}/payload`)).text(), json);
  });
}

test('pretty-printed JSON keeps its bytes and is one line in every list', async () => {
  const pretty = '{\r\n\t"a": 1,\n\n  "b": "two\\nlines",\r  "c": []\n}\n';
  const { id } = await service.write('app', pretty, JSON_TYPE);
  assert.equal(await (await service.fetch(`/app/${id}/payload`)).text(), pretty);

  for (const format of ['ndjson', 'text']) {
    const text = await (await service.fetch(`/app?limit=1&format=${format}`)).text();
    assert.equal(text.match(/[\r\n]/g)?.join(''), '\n', `one line of ${format}: ${JSON.stringify(text)}`);
    assert.ok(text.includes(id));
  }
  const line = await (await service.fetch('/app?limit=1&format=ndjson')).text();
  assert.deepEqual((JSON.parse(line) as { payload: unknown }).payload, JSON.parse(pretty));
});

test('a batch keeps the bytes of each line', async () => {
  const lines = [
    '{"big":12345678901234567890}',
    ' {"a" : 1 ,"a":2} ',
    String.raw`{"s":"\u0000"}`,
    '"\u2028"',
  ];
  const response = await service.fetch('/app', {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: lines.join('\n'),
  });
  const results = (await response.text()).trimEnd().split('\n');
  assert.equal(results.length, lines.length);
  for (const [index, result] of results.entries()) {
    const { id } = JSON.parse(result) as { id: string };
    assert.equal(await (await service.fetch(`/app/${id}/payload`)).text(), lines[index]);
  }
});

test('text with line breaks, quotes, NUL and separators is one JSON string', async () => {
  const text = 'a\r\nb\n\n"c"\\ \u0000 \u2028 \u001b[31m data: x';
  const { id } = await service.write('app', text, { 'content-type': 'text/plain' });
  assert.equal((await service.read('app', id)).payload, text);
  const line = await (await service.fetch('/app?limit=1&format=ndjson')).text();
  assert.equal(line.match(/[\r\n]/g)?.join(''), '\n');
  assert.equal((JSON.parse(line) as { payload: unknown }).payload, text);
});

test('JSON nested a hundred thousand levels deep is kept, and read in every format', async () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const { id } = await service.write('app', deep, JSON_TYPE);
  assert.equal(await (await service.fetch(`/app/${id}/payload`)).text(), deep);
  for (const path of [
    `/app/${id}`,
    '/app?limit=1',
    '/app?limit=1&format=csv',
    '/app?limit=1&format=text',
    `/app/${id}?format=html`,
  ]) {
    const response = await service.fetch(path);
    assert.equal(response.status, 200, path);
    await response.arrayBuffer();
  }
});

test('a truncated deep document is refused', async () => {
  const response = await service.fetch('/app', {
    method: 'POST',
    headers: JSON_TYPE,
    body: '['.repeat(100_000),
  });
  assert.equal(response.status, 400);
  await response.text();
});
