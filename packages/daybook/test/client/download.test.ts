import assert from 'node:assert/strict';
import { test } from 'node:test';

import { createClient } from '../../src/client/index.ts';
import type { Step } from './scripted-fetch.ts';
import { scriptedFetch } from './scripted-fetch.ts';

function piece(text: string, after?: string): Response {
  const link =
    after === undefined ? {} : { link: `</dev/app?format=csv&order=asc&after=${after}>; rel="next"` };
  return new Response(text, { headers: link });
}

async function textOf(format: 'csv' | 'ndjson', ...steps: Step[]) {
  const { fetch, requests } = scriptedFetch(...steps);
  const client = createClient({ baseUrl: 'http://daybook.example/dev', fetch });
  const stream = await client.download('app', { format, order: 'asc' });
  return { text: await new Response(stream).text(), targets: requests.map(({ target }) => target) };
}

test('a download goes on where a front could carry no more, as one table with one header', async () => {
  const { text, targets } = await textOf(
    'csv',
    piece('id\r\na\r\n', 'a'),
    piece('id\r\nb\r\n', 'b'),
    piece('id\r\n'),
  );
  assert.equal(text, 'id\r\na\r\nb\r\n');
  assert.deepEqual(targets, [
    '/dev/app?format=csv&order=asc',
    '/dev/app?format=csv&order=asc&after=a',
    '/dev/app?format=csv&order=asc&after=b',
  ]);
});

test('lines that are no table are joined as they are', async () => {
  const { text } = await textOf('ndjson', piece('{"id":"a"}\n', 'a'), piece('{"id":"b"}\n'));
  assert.equal(text, '{"id":"a"}\n{"id":"b"}\n');
});

test('a piece that is refused for good breaks the download, and no part of it looks whole', async () => {
  const refusal = new Response('{}', { status: 404 });
  await assert.rejects(textOf('ndjson', piece('{"id":"a"}\n', 'a'), refusal));
});
