/** The client against a real server: every method, and a tail that is followed while the server is killed. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { ClientError, createClient } from '../../src/client/index.ts';
import type { Client, TailItem } from '../../src/client/index.ts';
import { startDaybook } from '../support/start-daybook.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { onRecord } from './on-record.ts';

let server: StartedDaybook;
let client: Client;

before(async () => {
  server = await startDaybook();
  client = createClient({ baseUrl: server.address, apiKey: await server.adminKey() });
});
after(() => server?.stop());

test('what is posted is read back: as an entry, as bytes, in the list', async () => {
  const receipt = await client.post('app', { what: 'deploy' });
  const entry = onRecord(await client.entry('app', receipt.id));
  assert.deepEqual(entry.payload, { what: 'deploy' });
  assert.equal(entry.receivedAt, receipt.receivedAt);
  assert.deepEqual((await client.list('app', { limit: 1 })).entries, [entry]);
  const { bytes, contentType } = await client.payload('app', receipt.id);
  assert.equal(new TextDecoder().decode(bytes), '{"what":"deploy"}');
  assert.equal(contentType, 'application/json');
});

test('an entry without a payload has empty bytes', async () => {
  const { id } = await client.post('app');
  assert.equal((await client.payload('app', id)).bytes.length, 0);
});

test('pages and entries go through everything, in the order asked for', async () => {
  const lines = Array.from({ length: 250 }, (_, n) => ({ n }));
  for await (const { status } of client.postBatch('epoch', lines)) assert.equal(status, 201);
  const forward = await Array.fromAsync(client.entries('epoch', { order: 'asc', limit: 40 }));
  assert.deepEqual(
    forward.map(({ payload }) => payload),
    lines,
  );
  const backward = await Array.fromAsync(client.entries('epoch', { limit: 99 }));
  assert.deepEqual(
    backward.map(({ id }) => id),
    forward.map(({ id }) => id).toReversed(),
  );
  const pages = await Array.fromAsync(client.pages('epoch', { limit: 100 }));
  assert.deepEqual(
    pages.map(({ entries }) => entries.length),
    [100, 100, 50],
  );
  assert.equal((await client.stats('epoch', { bucket: 'day' })).total, 250);
});

test('status, registers and ledger are there for the operator', async () => {
  assert.equal((await client.status()).status, 'ok');
  assert.deepEqual(
    (await client.registers()).registers.map(({ name }) => name),
    ['app', 'data', 'epoch', 'audit'],
  );
  assert.equal((await client.ledger()).balanced, true);
  const anonymous = createClient({ baseUrl: server.address });
  await assert.rejects(anonymous.registers(), { code: 'UNAUTHENTICATED', status: 401 });
});

test('an API key that is made by one client is the credential of another', async () => {
  const { key, keyId } = await client.keys.create({ name: 'reports', scopes: ['audit.read', 'data.write'] });
  const withKey = createClient({ baseUrl: server.address, apiKey: key });
  const { entries } = await withKey.list('audit');
  assert.deepEqual(
    entries.map(({ payload }) => (payload as { action: string; target: string }).target),
    [keyId],
  );
  await assert.rejects(withKey.post('data', {}), {
    name: 'ClientError',
    code: 'FORBIDDEN',
    status: 403,
    message: 'expected a credential of the kind jwt, given one of the kind key',
    outcome: 'not-written',
  });
  assert.deepEqual(
    (await client.keys.list()).keys.map(({ name, status }) => [name, status]),
    [['reports', 'active']],
  );
  assert.equal((await client.keys.revoke(keyId)).status, 'revoked');
  await assert.rejects(withKey.list('audit'), { code: 'UNAUTHENTICATED', status: 401 });
});

test('a payload that does not match the schema of its register is told by its fields', async () => {
  const expected = [
    { pointer: '/informationTwo', expected: 'must be there' },
    { pointer: '/informationOne', expected: 'must NOT have fewer than 1 characters' },
  ];
  await assert.rejects(client.post('data', { informationOne: '' }), (error: ClientError) => {
    assert.deepEqual([error.code, error.status, error.problem?.errors], ['PAYLOAD_INVALID', 422, expected]);
    return true;
  });
  const [line] = await Array.fromAsync(client.postBatch('data', [{ informationTwo: 'b' }]));
  assert.deepEqual([line?.status, line?.code], [422, 'PAYLOAD_INVALID']);
  assert.match(line?.detail ?? '', /\/informationOne must be there/);
});

test('a batch says for every line what became of it', async () => {
  const results = await Array.fromAsync(client.postBatch('app', ['{"ok":1}', '{broken', '', '"text"']));
  assert.deepEqual(
    results.map(({ index, status, code }) => [index, status, code]),
    [
      [0, 201, undefined],
      [1, 400, 'BODY_NOT_JSON'],
      [3, 201, undefined],
    ],
  );
});

test('a key that was used for something else is refused', async () => {
  const options = { idempotencyKey: 'a-key-of-this-test' };
  const first = await client.post('app', { n: 1 }, options);
  assert.deepEqual(await client.post('app', { n: 1 }, options), { ...first, duplicate: true });
  await assert.rejects(client.post('app', { n: 2 }, options), {
    code: 'KEY_REUSED',
    status: 422,
    outcome: 'not-written',
  });
});

test('what does not exist is told by code', async () => {
  await assert.rejects(client.entry('app', '019a0000-0000-7000-8000-000000000000'), {
    code: 'ENTRY_UNKNOWN',
  });
  await assert.rejects(client.list('nope'), { code: 'NOT_FOUND', retryable: false });
  await assert.rejects(client.list('app', { limit: 0 }), { code: 'PARAMETER_INVALID' });
  await assert.rejects(
    client.list('app', { cursor: 'nonsense' }),
    (error) => error instanceof ClientError && error.code === 'CURSOR_INVALID',
  );
});

for (const live of ['sse', 'long-poll'] as const) {
  test(`by ${live} a tail follows over kills of the server: nothing skipped, nothing repeated`, async () => {
    let current = await startDaybook();
    const { address, dataDir } = current;
    const own = createClient({ baseUrl: address, retry: { attempts: 20 } });
    const written: string[] = [];
    const stop = new AbortController();
    const items: TailItem[] = [];
    let enough = Promise.withResolvers<void>();
    let wanted = 0;
    const follow = (async () => {
      for await (const item of own.tail('app', { from: 'start', live, signal: stop.signal })) {
        items.push(item);
        if (items.length >= wanted) enough.resolve();
      }
    })();
    try {
      for (let round = 1; round <= 3; round += 1) {
        enough = Promise.withResolvers();
        wanted = round * 40;
        const posts = Array.from({ length: 40 }, () => own.post('app', { round }));
        written.push(...(await Promise.all(posts)).map(({ id }) => id));
        await enough.promise;
        await current.kill();
        current = await startDaybook({ dataDir, env: { DAYBOOK_PORT: new URL(address).port } });
      }
      const [middle] = items.slice(59);
      stop.abort();
      await follow;
      assert.deepEqual(items.map(({ entry }) => entry.id).toSorted(), written.toSorted());
      // Another tail from a cursor in the middle gives the rest, in the same order.
      const rest: string[] = [];
      for await (const { entry } of own.tail('app', { cursor: middle?.cursor, live: 'sse' })) {
        rest.push(entry.id);
        if (entry.id === items.at(-1)?.entry.id) break;
      }
      const expected = items.slice(60).map(({ entry }) => entry.id);
      assert.deepEqual(rest, expected);
    } finally {
      stop.abort();
      await current.kill();
    }
  });
}
