import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';

import { PlainReader } from './plain-request.ts';

const read = (text: string) => new PlainReader().read(Buffer.from(text, 'latin1'));
const HEAD = 'POST /app HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\n';

test('a request in one piece is read, and what comes behind it is left', () => {
  const text = `${HEAD}X-Two-Words:  a b \r\nContent-Length: 4\r\n\r\nbodyPOST /next`;
  const request = read(text);
  assert.ok(request !== undefined);
  assert.equal(request.path, '/app');
  assert.deepEqual(request.headers, {
    host: 'localhost',
    'content-type': 'text/plain',
    'x-two-words': 'a b',
    'content-length': '4',
  });
  assert.equal(text.slice(request.bodyStart, request.end), 'body');
  assert.equal(text.slice(request.end), 'POST /next');
});

test('the same head again is the same request, another length or another head is another', () => {
  const reader = new PlainReader();
  const of = (length: number, body: string, path = '/app') =>
    reader.read(Buffer.from(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n${body}`));
  const first = of(4, 'body');
  assert.equal(of(4, 'more and more'), first);
  assert.equal(of(4, 'one'), undefined, 'a body that is not all there');
  assert.equal(of(4, 'body', '/epo')?.path, '/epo');
  assert.equal(of(3, 'body')?.end, (first?.end ?? 0) - 1);
});

const LEFT_TO_NODE: readonly (readonly [string, string])[] = [
  ['another method', 'PUT /app HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
  ['another version', 'POST /app HTTP/1.0\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
  ['a query', 'POST /app?a=b HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
  ['an absolute target', 'POST http://a/app HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
  ['dots in the path', 'POST /x/../app HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
  ['a trailing slash', 'POST /app/ HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
  ['no host', 'POST /app HTTP/1.1\r\nContent-Length: 0\r\n\r\n'],
  ['two hosts', `${HEAD}Host: b\r\nContent-Length: 0\r\n\r\n`],
  ['no length', `${HEAD}\r\n`],
  ['two lengths', `${HEAD}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`],
  ['a list of lengths', `${HEAD}Content-Length: 1, 1\r\n\r\nx`],
  ['a length with a sign', `${HEAD}Content-Length: +1\r\n\r\nx`],
  ['chunks', `${HEAD}Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n0\r\n\r\n`],
  ['an expectation', `${HEAD}Expect: 100-continue\r\nContent-Length: 1\r\n\r\nx`],
  ['an upgrade', `${HEAD}Connection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 1\r\n\r\nx`],
  ['a connection that is to end', `${HEAD}Connection: close\r\nContent-Length: 1\r\n\r\nx`],
  ['a head that is not whole', `${HEAD}Content-Length: 1\r\n`],
  ['a body that is not whole', `${HEAD}Content-Length: 2\r\n\r\nx`],
  ['a long head', `${HEAD}X-Long: ${'x'.repeat(4_096)}\r\nContent-Length: 1\r\n\r\nx`],
  ['a space before the colon', `${HEAD}X : 1\r\nContent-Length: 1\r\n\r\nx`],
  ['a folded field', `${HEAD}X: 1\r\n 2\r\nContent-Length: 1\r\n\r\nx`],
  ['a line feed alone', `${HEAD}X: 1\nY: 2\r\nContent-Length: 1\r\n\r\nx`],
  ['a carriage return alone', `${HEAD}X: 1\rY: 2\r\nContent-Length: 1\r\n\r\nx`],
  ['a NUL', `${HEAD}X: \0\r\nContent-Length: 1\r\n\r\nx`],
  ['a value beyond ASCII', `${HEAD}X: \xe4\r\nContent-Length: 1\r\n\r\nx`],
  ['a line without a colon', `${HEAD}X\r\nContent-Length: 1\r\n\r\nx`],
  ['a field named like a member of every object', `${HEAD}constructor: 1\r\nContent-Length: 1\r\n\r\nx`],
];
for (const [what, text] of LEFT_TO_NODE) {
  test(`${what} is left to Node`, () => assert.equal(read(text), undefined));
}

/** What Node's own parser makes of the bytes; undefined when it takes no request from them. */
async function readByNode(bytes: Buffer): Promise<object | undefined> {
  const { promise, resolve } = Promise.withResolvers<object | undefined>();
  const server = createServer((request) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () =>
      resolve({ path: request.url, headers: { ...request.headers }, body: Buffer.concat(chunks).toString() }),
    );
  });
  server.on('clientError', () => resolve(undefined));
  const socket = new Duplex({ read: () => undefined, write: (_, __, done) => done() });
  server.emit('connection', socket);
  socket.push(bytes);
  socket.push(null);
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

const NAMES =
  `Host host Content-Length content-length Transfer-Encoding Connection Accept Content-Type X-Request-Id
  Idempotency-Key __proto__ X_Y Cookie`.split(/\s+/);
const VALUES = ['', 'a b', '3, 3', '\0', 'ä'].concat(
  'localhost 3 03 0 -1 chunked keep-alive Keep-Alive close a,b text/plain " x:y'.split(' '),
);

test('whatever is recognised, Node reads the same', async () => {
  const space = fc.constantFrom('', ' ', '\t', '  ', '\r', '\n', '\v', '\xa0');
  const name = fc.constantFrom(...NAMES);
  const value = fc.constantFrom(...VALUES);
  const field = fc
    .tuple(
      name,
      space,
      fc.constantFrom(':', ': ', ' :', ''),
      value,
      space,
      fc.constantFrom('\r\n', '\r\n', '\n'),
    )
    .map((parts) => parts.join(''));
  const usual = fc.constantFrom('Host: a\r\n', 'Content-Length: 3\r\n');
  const heads = fc.tuple(
    fc.constantFrom('POST /app HTTP/1.1\r\n', 'POST /a-b/c_d~e HTTP/1.1\r\n', 'POST  /app HTTP/1.1\r\n'),
    fc.shuffledSubarray(['Host: a\r\n', 'Content-Length: 3\r\n'], { minLength: 1 }),
    fc.array(fc.oneof({ weight: 3, arbitrary: field }, usual), { maxLength: 3 }),
  );
  let recognised = 0;
  await fc.assert(
    fc.asyncProperty(heads, async ([line, first, others]) => {
      const bytes = Buffer.from(`${line}${[...first, ...others].join('')}\r\nabcdef`, 'latin1');
      const ours = new PlainReader().read(bytes);
      if (ours === undefined) return;
      recognised += 1;
      const body = bytes.subarray(ours.bodyStart, ours.end).toString();
      assert.deepEqual(await readByNode(bytes.subarray(0, ours.end)), {
        path: ours.path,
        headers: { ...ours.headers },
        body,
      });
    }),
    { numRuns: 3_000 },
  );
  assert.ok(recognised > 50, `only ${recognised} were recognised`);
});
