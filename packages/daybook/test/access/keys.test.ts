/** API keys on a SQLite store: made, verified, revoked, folded again after a restart; and what never verifies. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { toRecord } from '../../src/access/keys/key-event.ts';
import { makeKey } from '../../src/access/keys/key-text.ts';
import { createClock } from '../../src/clock.ts';
import type { StoredEntry } from '../../src/entry.ts';
import { microsToFirstId } from '../../src/id.ts';
import { createSqliteStore } from '../../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/store/store.ts';
import { createSource, makeEntry } from '../../src/testing/made-batches.ts';
import { createManualTime } from '../../src/testing/manual-time.ts';
import { eventually } from '../support/eventually.ts';
import { forgeKey, randomSecret, secretOf } from './forged-key.ts';
import type { KeysServer, KeysServerOptions } from './keys-server.ts';
import { ADMIN, startKeysServer } from './keys-server.ts';

const directories: string[] = [];
const open = new Set<{ close(): Promise<unknown> }>();
after(async () => {
  for (const one of [...open].toReversed()) await one.close();
  for (const directory of directories) await rm(directory, { recursive: true, force: true });
});

async function makeDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'daybook-keys-'));
  directories.push(directory);
  return directory;
}

async function openStore(directory: string): Promise<Store> {
  const store = await createSqliteStore({ directory });
  open.add(store);
  return store;
}

/** A server whose keys are loaded. */
async function start(store: Store, options: KeysServerOptions = {}): Promise<KeysServer> {
  const server = startKeysServer(store, options);
  open.add(server);
  await server.keys.started;
  return server;
}

async function entriesOf(store: Store, register: string): Promise<readonly StoredEntry[]> {
  return (await store.list({ register, order: 'asc', limit: 1_000, maxBytes: 1e6 })).entries;
}

function payloadOf(event: object): Buffer {
  return Buffer.from(JSON.stringify(event));
}

async function bodiesOf(store: Store, register: string): Promise<Record<string, unknown>[]> {
  const entries = await entriesOf(store, register);
  return entries.map(
    ({ payload }) => JSON.parse(Buffer.from(payload ?? []).toString()) as Record<string, unknown>,
  );
}

const shared = await openStore(await makeDirectory());
const server = await start(shared);
const { keys } = server;

test('a key that was made says who presents it and what for', async () => {
  const { key, text } = await keys.create({ name: 'ci', scopes: ['app.write', 'metrics'] }, ADMIN);
  assert.deepEqual(keys.verify(text), {
    subject: 'key:ci',
    roles: new Set(['app.write', 'metrics']),
    kind: 'key',
  });
  assert.equal(key.status, 'active');
  assert.equal(key.createdBy, 'admin');
  assert.ok(text.includes(key.keyId));
});

test('two keys of a name are one owner and two credentials', async () => {
  const [first, second] = [
    await keys.create({ name: 'rotated', scopes: ['app.write'] }, ADMIN),
    await keys.create({ name: 'rotated', scopes: ['app.read'] }, ADMIN),
  ];
  await keys.revoke(first.key.keyId, ADMIN);
  assert.equal(keys.verify(first.text), undefined);
  assert.equal(keys.verify(second.text)?.subject, 'key:rotated');
  assert.deepEqual(keys.verify(second.text)?.roles, new Set(['app.read']));
});

test('a revocation holds at once, says who did it, and is on record once however often it is asked for', async () => {
  const { key, text } = await keys.create({ name: 'gone', scopes: ['admin'] }, ADMIN);
  const before = (await entriesOf(shared, 'keys')).length;
  const results = [];
  for (let times = 0; times < 3; times += 1)
    results.push(await keys.revoke(key.keyId, { subject: 'key:ops', requestId: 'r' }));
  assert.equal(keys.verify(text), undefined);
  assert.deepEqual(
    results.map((one) => [one?.status, one?.revocation?.by]),
    Array.from({ length: 3 }, () => ['revoked', 'key:ops']),
  );
  assert.equal((await entriesOf(shared, 'keys')).length, before + 1);
  assert.equal(keys.list().find(({ keyId }) => keyId === key.keyId)?.status, 'revoked');
});

test('what nobody made is unknown when it is revoked', async () => {
  for (const id of ['0123456789abcdef', '', '../keys', '0123456789ABCDEF', 'x'.repeat(1_000)])
    assert.equal(await keys.revoke(id, ADMIN), undefined);
});

test('a wrong secret, a secret of another key, an unknown key and a text that was cut never verify', async () => {
  const { key, text } = await keys.create({ name: 'a', scopes: ['admin'] }, ADMIN);
  const other = await keys.create({ name: 'b', scopes: ['admin'] }, ADMIN);
  const secret = text.slice(-49, -6);
  assert.ok(
    keys.verify(forgeKey(key.keyId, secret)),
    'the forgery is right in all but what is changed below',
  );
  assert.equal(keys.verify(forgeKey(other.key.keyId, secret)), undefined);
  assert.equal(keys.verify(forgeKey('0123456789abcdef', secret)), undefined);
  assert.equal(keys.verify(forgeKey(key.keyId, '0'.repeat(43))), undefined);
  for (let length = 0; length < text.length; length += 1)
    assert.equal(keys.verify(text.slice(0, length)), undefined);
  for (const near of [`${text}0`, ` ${text}`, `${text}\n`, text.toLowerCase()])
    assert.equal(keys.verify(near), undefined);
});

test('10 000 random secrets with a right checksum never verify, for known keys and unknown ones', async () => {
  const { key } = await keys.create({ name: 'target', scopes: ['admin'] }, ADMIN);
  for (let tries = 0; tries < 10_000; tries += 1) {
    const keyId = tries % 2 === 0 ? key.keyId : makeKey().keyId;
    assert.equal(keys.verify(forgeKey(keyId, randomSecret())), undefined);
  }
});

test('a key ends when it is due, by the clock of the process', async () => {
  const time = createManualTime(Date.UTC(2026, 10, 21));
  const { keys: dated } = await start(await openStore(await makeDirectory()), { clock: createClock(time) });
  const expiresAt = (time.wallMs() + 60_000) * 1_000;
  const { text } = await dated.create({ name: 'short', scopes: ['app.read'], expiresAt }, ADMIN);
  time.advance(59_999);
  assert.ok(dated.verify(text));
  time.advance(1);
  assert.equal(dated.verify(text), undefined);
  assert.equal(dated.list()[0]?.status, 'expired');
});

test('a restart folds the same keys', async () => {
  const directory = await makeDirectory();
  const store = await openStore(directory);
  const before = await start(store);
  const made = [];
  for (let index = 0; index < 5; index += 1) {
    const request = {
      name: `key-${index}`,
      scopes: ['app.write'],
      expiresAt: Date.UTC(2027, 0, 1) * 1_000 + index,
    };
    made.push(await before.keys.create(request, ADMIN));
  }
  const [first, second] = made;
  await before.keys.revoke(first?.key.keyId ?? '', ADMIN);
  assert.ok(before.keys.verify(second?.text ?? ''));
  await before.close();
  const listed = before.keys.list();
  await store.close();

  const again = await start(await openStore(directory));
  // A use is on record in whole milliseconds.
  const inMs = (list: typeof listed) =>
    list.map(({ usedAt = 0, ...rest }) => ({ ...rest, usedAt: Math.floor(usedAt / 1_000) }));
  assert.deepEqual(inMs(again.keys.list()), inMs(listed));
  assert.equal(again.keys.verify(first?.text ?? ''), undefined);
  for (const { text } of made.slice(1)) assert.ok(again.keys.verify(text));
});

test('after a crash between the entry and the answer there is a key that nobody has; repeating is harmless', async () => {
  const directory = await makeDirectory();
  const store = await openStore(directory);
  const crashing = await start(store);
  // What `create` puts on record; the process ends before anybody hears of it.
  const { keyId, hash, text } = makeKey();
  const expiresAt = Date.UTC(2027, 0, 1) * 1_000;
  const event = {
    event: 'created' as const,
    keyId,
    hash,
    name: 'ci',
    scopes: ['app.write'],
    expiresAt,
    createdBy: 'admin',
  };
  await crashing.records.append([toRecord(event, 'r')]);
  await crashing.close();
  await store.close();

  const { keys: after } = await start(await openStore(directory));
  const repeated = await after.create({ name: 'ci', scopes: ['app.write'] }, ADMIN);
  assert.deepEqual(
    after.list().map(({ keyId: id, status }) => [id, status]),
    [
      [repeated.key.keyId, 'active'],
      [keyId, 'active'],
    ],
  );
  await after.revoke(keyId, ADMIN);
  assert.equal(after.verify(text), undefined);
  assert.ok(after.verify(repeated.text));
});

test('what strangers wrote under the name of the register, while they could, is no key', async () => {
  const directory = await makeDirectory();
  const store = await openStore(directory);
  const { keyId, hash, text } = makeKey();
  const created = { event: 'created', keyId, name: 'x', hash: hash.toString('base64url'), scopes: ['admin'] };
  const body = JSON.stringify({ ...created, expiresAt: '2027-01-01T00:00:00.000000Z', createdBy: 'admin' });
  const fields = { register: 'keys', contentType: 'application/json' };
  await store.append(
    createSource('stranger')([
      makeEntry({ ...fields, payload: Buffer.from(body) }),
      makeEntry({ ...fields, payload: Buffer.from('no json'), subject: 'daybook' }),
      makeEntry({ ...fields, subject: 'daybook' }),
      makeEntry({ ...fields, payload: Buffer.from('{"event":"invented-later"}'), subject: 'daybook' }),
      makeEntry({
        ...fields,
        payload: Buffer.from(body.replace(/"hash":"[^"]*"/, '"hash":"AAAA"')),
        subject: 'daybook',
      }),
    ]),
  );
  const { keys: read, logged } = await start(store);
  assert.deepEqual(read.list(), []);
  assert.equal(read.verify(text), undefined);
  const said = logged.filter((line) => line.includes('"key-events-unknown"'));
  assert.equal(said.length, 1);
  assert.match(said[0] ?? '', /"entries":5/);
});

test('there are no more keys than a server keeps in mind; the refusal says what to do', async () => {
  const { keys: few } = await start(await openStore(await makeDirectory()), { maxKeys: 3 });
  const make = () => few.create({ name: 'x', scopes: ['admin'] }, ADMIN);
  for (let index = 0; index < 3; index += 1) await make();
  await assert.rejects(make, { name: 'KeyError', reason: 'limit', message: /fewer than 3 keys.*revoke/ });
  assert.equal(few.list().length, 3);
});

test('more keys than a page of the store are all read', async () => {
  const store = await openStore(await makeDirectory());
  const subject = 'daybook';
  const append = createSource('many');
  const events = Array.from({ length: 2_500 }, (_, index) => {
    const keyId = index.toString(16).padStart(16, '0');
    const hash = Buffer.alloc(32).toString('base64url');
    const expiresAt = '2090-01-01T00:00:00.000000Z';
    return { event: 'created', keyId, name: 'x', hash, scopes: ['admin'], expiresAt, createdBy: 'admin' };
  });
  await store.append(
    append(
      events.map((event) =>
        makeEntry({ register: 'keys', subject, payload: Buffer.from(JSON.stringify(event)) }),
      ),
    ),
  );
  const { keys: many } = await start(store);
  assert.equal(many.list().length, 2_500);
});

test('a use is on record at most once an hour, whatever the number of requests', async () => {
  const time = createManualTime(Date.UTC(2026, 10, 21));
  const store = await openStore(await makeDirectory());
  const { keys: used } = await start(store, { clock: createClock(time), recordUsesEveryMs: 5 });
  const usesOf = async () => (await bodiesOf(store, 'keys')).filter(({ event }) => event === 'used');
  const [one, two] = [
    await used.create({ name: 'one', scopes: ['admin'] }, ADMIN),
    await used.create({ name: 'two', scopes: ['admin'] }, ADMIN),
  ];
  assert.equal(used.list()[0]?.usedAt, undefined);
  for (let requests = 0; requests < 500; requests += 1) used.verify(one.text);
  await eventually('the use is on record', async () => (await usesOf()).length === 1, { everyMs: 5 });
  const first = time.wallMs();
  for (let minutes = 0; minutes < 59; minutes += 1) {
    time.advance(60_000);
    used.verify(one.text);
  }
  assert.ok(used.verify(two.text));
  await eventually('the use of the other is on record', async () => (await usesOf()).length === 2, {
    everyMs: 5,
  });
  time.advance(60_000);
  used.verify(one.text);
  const events = await eventually(
    'the hour is over',
    async () => {
      const found = await usesOf();
      return found.length === 3 && found;
    },
    { everyMs: 5 },
  );
  assert.deepEqual(events, [
    { event: 'used', uses: [{ keyId: one.key.keyId, usedAt: stampOf(first) }] },
    { event: 'used', uses: [{ keyId: two.key.keyId, usedAt: stampOf(first + 59 * 60_000) }] },
    { event: 'used', uses: [{ keyId: one.key.keyId, usedAt: stampOf(first + 60 * 60_000) }] },
  ]);
  assert.equal(used.list().find(({ name }) => name === 'one')?.usedAt, (first + 60 * 60_000) * 1_000);
});

function stampOf(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}

test('a wrong secret, an expired key and a revoked one are no uses', async () => {
  const { key, text } = await keys.create({ name: 'unused', scopes: ['admin'] }, ADMIN);
  keys.verify(forgeKey(key.keyId, randomSecret()));
  await keys.revoke(key.keyId, ADMIN);
  keys.verify(text);
  assert.equal(keys.list().find(({ keyId }) => keyId === key.keyId)?.usedAt, undefined);
});

test('each action is in the audit, before what it did and without a secret', async () => {
  const store = await openStore(await makeDirectory());
  const audited = await start(store);
  const by = { subject: 'key:ops', requestId: 'request-7' };
  const { key } = await audited.keys.create({ name: 'ci', scopes: ['app.write'] }, by);
  await audited.keys.revoke(key.keyId, by);
  const facts = await entriesOf(store, 'audit');
  const common = { by: 'key:ops', target: key.keyId, outcome: 'done', requestId: 'request-7' };
  const expiresAt = new Date(key.expiresAt / 1_000).toISOString().replace('Z', '000Z');
  assert.deepEqual(await bodiesOf(store, 'audit'), [
    { action: 'keys create', ...common, detail: { name: 'ci', scopes: ['app.write'], expiresAt } },
    { action: 'keys revoke', ...common, detail: { name: 'ci' } },
  ]);
  const events = await entriesOf(store, 'keys');
  for (const [index, fact] of facts.entries()) {
    assert.equal(fact.subject, 'key:ops');
    assert.ok(fact.position.number < (events[index]?.position.number ?? 0));
  }
});

test('a secret is neither in a file of the store nor in the log, whatever is done with the key', async () => {
  const directory = await makeDirectory();
  const store = await openStore(directory);
  const careful = await start(store, { recordUsesEveryMs: 5 });
  const texts: string[] = [];
  for (let index = 0; index < 20; index += 1) {
    const { key, text } = await careful.keys.create({ name: `key-${index}`, scopes: ['admin'] }, ADMIN);
    texts.push(text);
    careful.keys.verify(text);
    careful.keys.verify(`${text}x`);
    if (index % 2 === 0) await careful.keys.revoke(key.keyId, ADMIN);
  }
  await careful.close();
  await store.close();
  let bytes = 0;
  for (const file of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const content = (await readFile(join(file.parentPath, file.name))).toString('latin1');
    bytes += content.length;
    for (const text of texts) assert.ok(!content.includes(secretOf(text).slice(0, 20)), file.name);
    if (file.name === 'daybook.db') assert.ok(content.includes('key-19'), 'what is kept is found there');
  }
  assert.ok(bytes > 10_000);
  const log = careful.logged.join('');
  for (const text of texts) assert.ok(!log.includes(secretOf(text).slice(0, 20)));
});

test('a key that was made under an earlier stamp than its revocation is revoked all the same', async () => {
  const store = await openStore(await makeDirectory());
  const { keyId, hash, text } = makeKey();
  const created = {
    event: 'created',
    keyId,
    name: 'x',
    hash: hash.toString('base64url'),
    scopes: ['admin'],
    createdBy: 'a',
  };
  const fields = { register: 'keys', subject: 'daybook' };
  const now = Date.now() * 1_000;
  const earlier = { ...fields, id: microsToFirstId(now - 5_000_000) };
  const later = { ...fields, id: microsToFirstId(now) };
  const append = createSource('skewed');
  await store.append(
    append([makeEntry({ ...earlier, payload: payloadOf({ event: 'revoked', keyId, revokedBy: 'a' }) })]),
  );
  await store.append(
    append([
      makeEntry({ ...later, payload: payloadOf({ ...created, expiresAt: '2090-01-01T00:00:00.000000Z' }) }),
    ]),
  );
  const { keys: skewed } = await start(store);
  assert.equal(skewed.list()[0]?.status, 'revoked');
  assert.equal(skewed.verify(text), undefined);
});
