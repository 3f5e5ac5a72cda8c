/** `/api/dead-letters`: who may see them, how they are listed, and that nothing is done twice or without an answer. */
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

import type { DeadLetterOutcome, DeadLetterPageView, DeadLetterView } from '../../src/contract/messages.ts';
import {
  deadLetterOutcomeSchema,
  deadLetterPageSchema,
  deadLetterSchema,
} from '../../src/contract/dead-letter-schemas.ts';
import { ObjectsError } from '../../src/objects/objects.ts';
import { rawIdOf } from '../../src/persister/dead-letter.ts';
import { BASE_MICROS, createSource, keyed, makeEntry } from '../../src/testing/made-batches.ts';
import { startDeadLetterService } from '../support/dead-letter-service.ts';
import { assertProblem } from './assert-problem.ts';

const KEY = 'key-of-twenty-characters';
const service = await startDeadLetterService();
const { store, letters, ask } = service;

async function page(query = ''): Promise<DeadLetterPageView> {
  const answer = await ask(`/api/dead-letters${query}`);
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  return deadLetterPageSchema.parse(await answer.json());
}

async function idsOf(query: string): Promise<string[]> {
  return (await page(query)).deadLetters.map(({ id }) => id);
}

async function act(id: string, action: string): Promise<DeadLetterOutcome> {
  const answer = await ask(`/api/dead-letters/${id}/${action}`, { method: 'POST' });
  const text = await answer.text();
  assert.equal(answer.status, 200, text);
  return deadLetterOutcomeSchema.parse(JSON.parse(text));
}

test('only the admin key opens them, for reading and for more', async () => {
  const entry = makeEntry();
  await service.bury(entry);
  const calls = [
    ['', 'GET'],
    ['?limit=x', 'GET'],
    [`/${entry.id}`, 'GET'],
    [`/${entry.id}/replay`, 'POST'],
    [`/${entry.id}/discard`, 'POST'],
  ] as const;
  for (const [path, method] of calls) {
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { cookie: `admin=${service.adminKey}` }]) {
      const answer = await fetch(`${service.address}/api/dead-letters${path}`, { method, headers });
      await assertProblem(answer, 'UNAUTHENTICATED', { kind: method === 'POST' ? 'write' : 'read' });
    }
  }
  assert.equal((await store.find('app', entry.id))?.status, 'dead');
  assert.ok(await letters.show(entry.id));
});

test('they are listed by stamp, cut by register, time and reason, page by page', async () => {
  const entries = Array.from({ length: 7 }, (_, index) =>
    makeEntry({ register: 'shelf', micros: BASE_MICROS + 1e9 + index }),
  );
  for (const [index, entry] of entries.entries())
    await service.bury(entry, { code: index === 3 ? 'unexpected' : 'rejected', attempts: index });
  const ids = entries.map(({ id }) => id);

  assert.deepEqual(await idsOf('?register=shelf'), ids);
  assert.deepEqual(await idsOf('?register=shelf&reason=unexpected'), [ids[3]]);
  assert.deepEqual(await idsOf('?register=shelf&from=2200-01-01'), []);
  const first = (await page('?register=shelf&limit=4')).deadLetters;
  const [fourth] = first.slice(3);
  assert.deepEqual(await idsOf(`?register=shelf&from=${fourth?.receivedAt}`), ids.slice(3));
  assert.deepEqual(await idsOf(`?register=shelf&to=${fourth?.receivedAt}`), ids.slice(0, 3));
  assert.deepEqual(fourth, {
    id: ids[3],
    register: 'shelf',
    receivedAt: fourth?.receivedAt,
    reason: { code: 'unexpected', message: 'as a test wants it' },
    attempts: 3,
    firstFailedAt: fourth?.firstFailedAt,
    lastFailedAt: fourth?.lastFailedAt,
    batch: { source: `of-${ids[3]}`, n: 1 },
  });

  const paged: string[] = [];
  let cursor: string | null = '';
  do {
    const next: DeadLetterPageView = await page(`?register=shelf&limit=3${cursor && `&cursor=${cursor}`}`);
    paged.push(...next.deadLetters.map(({ id }) => id));
    cursor = next.nextCursor;
  } while (cursor !== null);
  assert.deepEqual(paged, ids);
  assert.deepEqual(await idsOf(`?register=shelf&cursor=${ids[2]}`), ids.slice(3));
});

for (const [query, code] of [
  ['limit=0', 'PARAMETER_INVALID'],
  ['limit=1001', 'PARAMETER_INVALID'],
  ['from=yesterday', 'PARAMETER_INVALID'],
  ['from=2026-02-02&to=2026-02-01', 'PARAMETER_INVALID'],
  ['register=No', 'PARAMETER_INVALID'],
  ['reason=a%20b', 'PARAMETER_INVALID'],
  ['reason=', 'PARAMETER_INVALID'],
  ['cursor=x', 'CURSOR_INVALID'],
  ['cursor=../admin.key', 'CURSOR_INVALID'],
  ['colour=red', 'PARAMETER_UNKNOWN'],
] as const) {
  test(`a list with ${query} is refused`, async () => {
    await assertProblem(await ask(`/api/dead-letters?${query}`), code, { kind: 'read' });
  });
}

test('one is shown whole, with every byte', async () => {
  const payload = Buffer.from('{"big": 12345678901234567890}');
  const entry = makeEntry({ payload, contentType: 'application/json', headers: { 'x-event': 'ü' } });
  await service.bury(entry);
  const answer = await ask(`/api/dead-letters/${entry.id}`);
  assert.equal(answer.status, 200);
  const letter: DeadLetterView = deadLetterSchema.parse(await answer.json());
  assert.equal(letter.payloadText, payload.toString());
  assert.deepEqual(letter.entry?.['payload'], payload.toString('base64'));
  assert.deepEqual(letter.entry?.['headers'], { 'x-event': 'ü' });
});

test('replay puts it on record with its id, and says so once', async () => {
  const entry = makeEntry({ payload: Buffer.from('mended'), contentType: 'text/plain' });
  await service.bury(entry);
  assert.deepEqual(await act(entry.id, 'replay?dryRun=true'), {
    id: entry.id,
    outcome: 'possible',
    dryRun: true,
  });
  assert.equal((await store.find('app', entry.id))?.status, 'dead');
  assert.deepEqual(await act(entry.id, 'replay'), { id: entry.id, outcome: 'stored', dryRun: false });
  assert.equal((await store.find('app', entry.id))?.status, 'stored');
  const again = await ask(`/api/dead-letters/${entry.id}/replay`, { method: 'POST' });
  await assertProblem(again, 'DEAD_LETTER_UNKNOWN', { kind: 'write' });
  const said = service.logged.filter(
    (line) => line.includes('"dead-letter-replayed"') && line.includes(entry.id),
  );
  assert.equal(said.length, 1);
  assert.ok(!service.logged.join('').includes('mended'), 'payloads are never logged');
});

test('discard gives it up for good', async () => {
  const entry = makeEntry();
  await service.bury(entry);
  assert.deepEqual(await act(entry.id, 'discard?dryRun=true'), {
    id: entry.id,
    outcome: 'possible',
    dryRun: true,
  });
  assert.deepEqual(await act(entry.id, 'discard?dryRun=false'), {
    id: entry.id,
    outcome: 'discarded',
    dryRun: false,
  });
  assert.equal((await store.find('app', entry.id))?.status, 'discarded');
  await assertProblem(await ask(`/api/dead-letters/${entry.id}`), 'DEAD_LETTER_UNKNOWN', { kind: 'read' });
});

test('what cannot be stored is kept, and the answer says why', async () => {
  const entry = keyed(KEY, 2);
  await store.append(createSource('first')([keyed(KEY, 1)]));
  await service.bury(entry, { code: 'idempotency-conflict' });
  const refused = await ask(`/api/dead-letters/${entry.id}/replay`, { method: 'POST' });
  const { detail } = await assertProblem(refused, 'DEAD_LETTER_KEPT', { kind: 'write' });
  assert.match(detail, /held with another payload/);
  assert.ok(await letters.show(entry.id));

  const raw = Buffer.from('no envelope');
  await letters.writeRaw(raw, {
    code: 'envelope-broken',
    message: 'x',
    attempts: 1,
    firstFailedAt: BASE_MICROS,
    lastFailedAt: BASE_MICROS,
    source: '',
    n: 0,
  });
  const undecoded = await ask(`/api/dead-letters/${rawIdOf(raw)}/replay`, { method: 'POST' });
  assert.match(
    (await assertProblem(undecoded, 'DEAD_LETTER_KEPT', { kind: 'write' })).detail,
    /does not decode/,
  );
  const shown = deadLetterSchema.parse(await (await ask(`/api/dead-letters/${rawIdOf(raw)}`)).json());
  assert.deepEqual([shown.bytes, shown.register], [raw.toString('base64'), undefined]);
  assert.equal((await act(rawIdOf(raw), 'discard')).outcome, 'discarded');
});

test('one that was changed is listed as damaged, and nothing is done with it', async () => {
  const entry = makeEntry({ register: 'damaged', payload: Buffer.from('x') });
  await service.bury(entry);
  const file = join(service.directory, 'objects/dead-letters', `${entry.id}.json`);
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('"subject": ""', '"subject": "somebody"'));
  const [listed] = (await page(`?from=${(JSON.parse(text) as { receivedAt: string }).receivedAt}`))
    .deadLetters;
  assert.match(listed?.damaged ?? '', /SHA-256/);
  await assertProblem(await ask(`/api/dead-letters/${entry.id}`), 'DEAD_LETTER_DAMAGED', { kind: 'read' });
  for (const action of ['replay', 'discard']) {
    const answer = await ask(`/api/dead-letters/${entry.id}/${action}`, { method: 'POST' });
    await assertProblem(answer, 'DEAD_LETTER_DAMAGED', { kind: 'write' });
  }
  await writeFile(file, text);
  assert.equal((await act(entry.id, 'replay')).outcome, 'stored');
});

function away(): Promise<never> {
  return Promise.reject(new ObjectsError('unavailable', 'gone fishing'));
}

test('while the object storage is away the answer says so, and the same call works afterwards', async () => {
  const entry = makeEntry();
  await service.bury(entry);
  const well = service.objects;
  service.objects = { ...well, read: away, list: away, remove: away };
  try {
    await assertProblem(await ask('/api/dead-letters'), 'OBJECTS_UNAVAILABLE', { kind: 'read' });
    await assertProblem(await ask(`/api/dead-letters/${entry.id}`), 'OBJECTS_UNAVAILABLE', { kind: 'read' });
    service.objects = { ...well, remove: away };
    const answer = await ask(`/api/dead-letters/${entry.id}/replay`, { method: 'POST' });
    await assertProblem(answer, 'OBJECTS_UNAVAILABLE', { kind: 'write', outcome: 'unknown' });
  } finally {
    service.objects = well;
  }
  assert.equal((await act(entry.id, 'replay')).outcome, 'stored');
  assert.equal(await letters.show(entry.id), undefined);
});

test('what is no id of a dead letter is unknown, whatever it looks like', async () => {
  for (const id of [
    'x',
    makeEntry().id,
    `raw-${'0'.repeat(64)}`,
    '..%2f..%2fadmin.key',
    '%00',
    'a'.repeat(300),
  ]) {
    await assertProblem(await ask(`/api/dead-letters/${id}`), 'DEAD_LETTER_UNKNOWN', { kind: 'read' });
    const answer = await ask(`/api/dead-letters/${id}/discard`, { method: 'POST' });
    await assertProblem(answer, 'DEAD_LETTER_UNKNOWN', { kind: 'write' });
  }
});

test('an action takes dryRun and nothing else, and a body changes nothing', async () => {
  const entry = makeEntry();
  await service.bury(entry);
  for (const [query, code] of [
    ['dryRun=yes', 'PARAMETER_INVALID'],
    ['dryRun=true&dryRun=false', 'PARAMETER_INVALID'],
    ['force=true', 'PARAMETER_UNKNOWN'],
  ] as const) {
    const answer = await ask(`/api/dead-letters/${entry.id}/discard?${query}`, { method: 'POST' });
    await assertProblem(answer, code, { kind: 'write' });
  }
  const answer = await ask(`/api/dead-letters/${entry.id}/replay?dryRun=true`, {
    method: 'POST',
    body: 'ignored',
  });
  assert.equal(answer.status, 200);
  await answer.text();
});

test('the methods of each path are told', async () => {
  for (const [path, methods] of [
    ['', 'GET, HEAD, OPTIONS'],
    ['/an-id', 'GET, HEAD, OPTIONS'],
    ['/an-id/replay', 'POST, OPTIONS'],
    ['/an-id/discard', 'POST, OPTIONS'],
  ] as const) {
    const answer = await fetch(`${service.address}/api/dead-letters${path}`, { method: 'OPTIONS' });
    assert.deepEqual([answer.status, answer.headers.get('allow')], [204, methods]);
    const wrong = await ask(`/api/dead-letters${path}`, { method: 'DELETE' });
    await assertProblem(wrong, 'METHOD_NOT_ALLOWED', { kind: 'read' });
  }
});

test('where there is no object storage nothing is here, and the answer says why', async () => {
  const without = await startDeadLetterService({ hasObjects: false });
  for (const path of ['', '/an-id']) {
    const { detail } = await assertProblem(await without.ask(`/api/dead-letters${path}`), 'NOT_FOUND', {
      kind: 'read',
    });
    assert.match(detail, /object storage/);
  }
  const answer = await without.ask('/api/dead-letters/an-id/replay', { method: 'POST' });
  await assertProblem(answer, 'NOT_FOUND', { kind: 'write' });
});
