/** A tail that was begun with a good credential ends with it: nothing that comes later is shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { CreatedKeyView } from '../../src/contract/key-messages.ts';
import { readEvents } from '../http/event-reader.ts';
import { startService } from '../http/service.ts';
import { startIssued } from './issued.ts';

const { issuers, as } = await startIssued();
const example = { ...Object.values(issuers)[0]!, clockToleranceSeconds: 0 };
const service = await startService({
  issuers: { example },
  registers: { inbox: { access: { write: 'open', read: ['key', 'jwt'] } } },
});
const admin = { authorization: `Bearer ${service.adminKey}` };
const tail = `${service.address}/inbox?live=sse`;
const poll = '/inbox?live=long-poll&wait=30';

async function makeKey(): Promise<{ keyId: string; headers: Record<string, string> }> {
  const body = JSON.stringify({ name: 'reader', scopes: ['inbox.read'] });
  const answer = await service.fetch('/api/keys', { method: 'POST', headers: admin, body });
  assert.equal(answer.status, 201, await answer.clone().text());
  const { keyId, key } = (await answer.json()) as CreatedKeyView;
  return { keyId, headers: { authorization: `Bearer ${key}` } };
}

async function revoke(keyId: string): Promise<void> {
  const answer = await service.fetch(`/api/keys/${keyId}`, { method: 'DELETE', headers: admin });
  assert.equal(answer.status, 200);
}

test('a stream of a key that was revoked ends, and gives nothing that was written since', async () => {
  const { keyId, headers } = await makeKey();
  const reader = await readEvents(tail, headers);
  await service.write('inbox', 'before');
  assert.equal((await reader.next())?.entry.payload, 'before');
  await revoke(keyId);
  await service.write('inbox', 'after');
  assert.equal(await reader.next(), undefined);
  assert.ok(!reader.received.includes('after'));
});

test('a long poll of a key that was revoked meanwhile is refused', async () => {
  const { keyId, headers } = await makeKey();
  const waiting = service.fetch(poll, { headers });
  // Behind it on another connection: the poll has been let in by then.
  assert.equal((await service.fetch('/inbox?limit=1', { headers })).status, 200);
  await revoke(keyId);
  await service.write('inbox', 'after');
  assert.equal((await waiting).status, 401);
});

test('a stream of a token ends with the token', async () => {
  const exp = Math.floor(Date.now() / 1000) + 2;
  const reader = await readEvents(tail, await as('alice', ['inbox.read'], { exp }));
  assert.equal(reader.status, 200);
  await service.write('inbox', 'before');
  assert.equal((await reader.next())?.entry.payload, 'before');
  while (Date.now() / 1000 <= exp) await new Promise((resolve) => setTimeout(resolve, 50));
  await service.write('inbox', 'after');
  assert.equal(await reader.next(), undefined);
  assert.ok(!reader.received.includes('after'));
});

test('a stream of a credential that stays good goes on', async () => {
  const reader = await readEvents(tail, (await makeKey()).headers);
  for (const text of ['one', 'two', 'three']) {
    await service.write('inbox', text);
    assert.equal((await reader.next())?.entry.payload, text);
  }
  reader.close();
});
