/** The OpenAPI document against the server that serves it: no answer has a status or a media type it does not name. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import type { Answer, OpenApiDocument, Operation, Reference } from '../../src/http/openapi/specification.ts';
import { type StartedDaybook, startDaybook } from '../support/start-daybook.ts';

interface Attempt {
  readonly search?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

const READS: readonly Attempt[] = [
  {},
  { headers: { accept: 'text/html' } },
  { headers: { accept: 'image/png' } },
  { search: '?nope=1' },
];
const LISTS: readonly Attempt[] = [
  'format=ndjson',
  'format=csv',
  'format=text',
  'format=zip',
  'live=long-poll&wait=0&from=start',
  'cursor=broken',
  'limit=0',
].map((query) => ({ search: `?${query}` }));
const WRITES: readonly Attempt[] = [
  { body: '' },
  { body: '{"note":"hello"}', headers: { 'content-type': 'application/json' } },
  { body: '{', headers: { 'content-type': 'application/json' } },
  { body: '{}\n{\n', headers: { 'content-type': 'application/x-ndjson' } },
  { body: 'x', headers: { accept: 'text/plain' } },
  { body: 'x', headers: { accept: 'image/png' } },
  { body: 'x', headers: { 'content-encoding': 'br' } },
  { body: 'x', headers: { 'idempotency-key': 'short' } },
  { body: '{"informationOne":"a","informationTwo":"b"}' },
  { body: '{"name":"e2e","scopes":["app.write"]}' },
  { body: 'x', headers: { 'sec-fetch-site': 'cross-site' } },
  { body: 'x', headers: { authorization: 'Basic eDp5' } },
  { body: 'x'.repeat(300_000) },
];

describe('the OpenAPI document is true of the server', () => {
  let daybook: StartedDaybook;
  let origin: string;
  let document: OpenApiDocument;
  let authorization: string;

  before(async () => {
    daybook = await startDaybook({ env: { DAYBOOK_BASE_PATH: '/dev' } });
    origin = new URL(daybook.address).origin;
    document = (await (await fetch(`${origin}/dev/openapi.json`)).json()) as OpenApiDocument;
    authorization = `Bearer ${await daybook.adminKey()}`;
  });
  after(() => daybook?.stop());

  async function assertDocumented(operation: Operation, url: string, init: RequestInit): Promise<void> {
    const answer = await fetch(url, init);
    await answer.arrayBuffer();
    const said = `${init.method ?? 'GET'} ${url}: ${answer.status}`;
    const documented = operation.responses[answer.status];
    assert.ok(documented, said);
    if (answer.status === 204) return;
    const types = Object.keys(resolve(documented).content ?? {});
    const [type = ''] = (answer.headers.get('content-type') ?? '').split(';');
    // A browser gets the same refusal as a page.
    const isProblemPage = type === 'text/html' && types.includes('application/problem+json');
    assert.ok(isProblemPage || types.includes(type) || types.includes('*/*'), `${said} ${type}`);
  }

  function resolve(answer: Answer | Reference): Answer {
    if (!('$ref' in answer)) return answer;
    return document.components.responses[answer.$ref.split('/').at(-1) ?? ''] ?? { description: '' };
  }

  test('writes', async () => {
    for (const [path, { post }] of Object.entries(document.paths)) {
      if (post === undefined) continue;
      for (const { headers = {}, body = '' } of WRITES) {
        const url = `${origin}/dev${path}`;
        await assertDocumented(post, url, { method: 'POST', headers, body });
        await assertDocumented(post, url, { method: 'POST', headers: { authorization, ...headers }, body });
      }
    }
  });

  test('deletions', async () => {
    for (const [path, item] of Object.entries(document.paths)) {
      if (item.delete === undefined) continue;
      for (const headers of [{}, { authorization }, { authorization, 'sec-fetch-site': 'cross-site' }])
        await assertDocumented(item.delete, `${origin}/dev${path}`, { method: 'DELETE', headers });
    }
  });

  test('reads', async () => {
    for (const [path, { get }] of Object.entries(document.paths)) {
      if (get === undefined) continue;
      const attempts = get.operationId.startsWith('list_') ? [...READS, ...LISTS] : READS;
      for (const { search = '', headers = {} } of attempts) {
        const url = `${origin}/dev${await withId(path)}${search}`;
        await assertDocumented(get, url, { headers });
        await assertDocumented(get, url, { headers: { ...headers, authorization } });
      }
    }
  });

  test('every address in the commands to read a register is a good one', async () => {
    for (const { get } of Object.values(document.paths)) {
      for (const { source } of get?.operationId.startsWith('list_') === true ? get['x-codeSamples'] : []) {
        // A tail does not end by itself; the browser's journeys follow one.
        if (source.includes('live=sse')) continue;
        const [, address = ''] = /'?http:\/\/localhost:3000([^']+)/.exec(source) ?? [];
        const url = `${origin}${address.trim().replace('wait=20', 'wait=0')}`;
        const needsCredential = get?.security !== undefined;
        assert.equal(source.includes('Authorization: Bearer $'), needsCredential, source);
        const answer = await fetch(url, { headers: needsCredential ? { authorization } : {} });
        await answer.arrayBuffer();
        assert.equal(answer.status, 200, source);
      }
    }
  });

  /** Puts the id of a new entry in its place; of `audit`, which nobody posts to, the newest there is. */
  async function withId(path: string): Promise<string> {
    if (!path.includes('{id}')) return path;
    const collection = `${origin}/dev${path.slice(0, path.indexOf('/{id}'))}`;
    const body = '{"informationOne":"a","informationTwo":"b"}';
    const written = await fetch(collection, { method: 'POST', headers: { authorization }, body });
    if (written.status !== 405) return path.replace('{id}', ((await written.json()) as { id: string }).id);
    const read = await fetch(`${collection}?limit=1`, { headers: { authorization } });
    const { entries } = (await read.json()) as { entries?: { id: string }[] };
    return path.replace('{id}', entries?.[0]?.id ?? 'none');
  }
});
