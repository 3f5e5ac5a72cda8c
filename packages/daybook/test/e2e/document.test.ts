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
  { body: 'x'.repeat(300_000) },
];

describe('the OpenAPI document is true of the server', () => {
  let daybook: StartedDaybook;
  let origin: string;
  let document: OpenApiDocument;

  before(async () => {
    daybook = await startDaybook({ env: { DAYBOOK_BASE_PATH: '/dev' } });
    origin = new URL(daybook.address).origin;
    document = (await (await fetch(`${origin}/dev/openapi.json`)).json()) as OpenApiDocument;
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
        await assertDocumented(post, `${origin}/dev${path}`, { method: 'POST', headers, body });
      }
    }
  });

  test('reads', async () => {
    const authorization = `Bearer ${await daybook.adminKey()}`;
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
        const answer = await fetch(url);
        await answer.arrayBuffer();
        assert.equal(answer.status, 200, source);
      }
    }
  });

  /** Puts the id of a new entry in its place. */
  async function withId(path: string): Promise<string> {
    if (!path.includes('{id}')) return path;
    const answer = await fetch(`${origin}/dev${path.slice(0, path.indexOf('/{id}'))}`, {
      method: 'POST',
      body: 'x',
    });
    return path.replace('{id}', ((await answer.json()) as { id: string }).id);
  }
});
