/** Every way to an answer gives its headers in one order: of their names, then the length and what Node adds. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';

import { connectRaw } from './raw-connection.ts';
import { startService } from './service.ts';

const service = await startService({ rateLimit: 'on' });
/** In this order, behind all others. */
const LAST = ['content-length', 'transfer-encoding', 'Date', 'Connection', 'Keep-Alive'];

/** As they came over the wire. */
function namesOf(init: {
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}): Promise<string[]> {
  const { method, path, headers = {}, body } = init;
  return new Promise((resolve, reject) => {
    const options = { port: service.port, host: '127.0.0.1', method, path, headers };
    request(options, (answer) => {
      answer.resume().on('end', () => resolve(answer.rawHeaders.filter((_, at) => at % 2 === 0)));
    })
      .on('error', reject)
      .end(body);
  });
}

function assertInOrder(names: readonly string[]): void {
  const named = names.filter((name) => !LAST.includes(name));
  assert.deepEqual(
    names,
    [...named.toSorted(), ...LAST.filter((name) => names.includes(name))],
    'by name, then the length and what Node adds',
  );
}

const JSON_BODY = { method: 'POST', path: '/app', headers: { 'content-length': '2' }, body: '{}' };
const CASES = {
  'a plain write': JSON_BODY,
  "a write through Node's server": {
    method: 'POST',
    path: '/app',
    headers: { 'transfer-encoding': 'chunked' },
    body: '{}',
  },
  'a plain write that is refused': {
    ...JSON_BODY,
    headers: { ...JSON_BODY.headers, 'idempotency-key': 'short' },
  },
  'a batch': {
    ...JSON_BODY,
    headers: { ...JSON_BODY.headers, 'content-type': 'application/x-ndjson' },
  },
  'a receipt as a page': { ...JSON_BODY, headers: { ...JSON_BODY.headers, accept: 'text/html' } },
  'a list': { method: 'GET', path: '/app' },
  'a refusal of the app': { method: 'GET', path: '/app?limit=nonsense' },
  'a refusal before the app': { method: 'GET', path: '/', headers: { host: 'elsewhere.example' } },
};

for (const [name, outgoing] of Object.entries(CASES)) {
  test(`${name} has its headers in the common order`, async () => {
    const names = await namesOf(outgoing);
    assertInOrder(names);
    for (const always of ['daybook-version', 'x-content-type-options', 'x-request-id'])
      assert.equal(names.filter((one) => one === always).length, 1, `${always} in ${names.join(', ')}`);
  });
}

test('a plain write and one through Node have the same headers, to the letter', async () => {
  const plain = await namesOf(CASES['a plain write']);
  assert.deepEqual(plain, await namesOf(CASES["a write through Node's server"]));
});

test('an answer to what does not parse has its headers in the common order', async () => {
  const connection = await connectRaw(service.port);
  try {
    await connection.send('NONSENSE\r\n\r\n');
    const head = (await connection.rest()).split('\r\n\r\n')[0] ?? '';
    const names = head
      .split('\r\n')
      .slice(1)
      .map((field) => field.slice(0, field.indexOf(':')));
    assert.equal(names[0], 'connection');
    assertInOrder(names);
  } finally {
    connection.destroy();
  }
});
