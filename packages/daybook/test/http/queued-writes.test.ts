/** Writes through a queue: what is answered, what becomes of the entry, and what the operator sees. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { eventually } from '../support/eventually.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';

let daybook: StartedDaybook;

before(async () => {
  const started = await startDaybook({ env: { DAYBOOK_QUEUE: 'sqlite:', DAYBOOK_RATE_LIMIT: 'off' } });
  daybook = started;
});
after(() => daybook.stop());

async function post(body: string, headers: Record<string, string> = {}): Promise<Response> {
  const type = { 'content-type': 'application/json' };
  return fetch(`${daybook.address}/app`, { method: 'POST', body, headers: { ...type, ...headers } });
}

function linesOf(text: string): { readonly status: number; readonly id?: string }[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { status: number; id?: string });
}

async function ask(path: string): Promise<{ status: number; body: Record<string, unknown> }> {
  const headers = { authorization: `Bearer ${await daybook.adminKey()}` };
  const response = await fetch(`${daybook.address}${path}`, { headers });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

test('a write is answered 202 once the queue has it, and is stored soon after with the same id and stamp', async () => {
  const response = await post('{"n":1}');
  const receipt = (await response.json()) as Record<string, string>;
  assert.equal(response.status, 202);
  assert.deepEqual(
    { status: receipt['status'], durability: receipt['durability'], duplicate: receipt['duplicate'] },
    { status: 'queued', durability: 'fsync', duplicate: false },
  );
  assert.equal(response.headers.get('location'), `/app/${receipt['id']}`);
  const first = await ask(`/app/${receipt['id']}`);
  assert.ok([200, 202].includes(first.status), String(first.status));
  if (first.status === 202) assert.equal(first.body['status'], 'pending');
  const stored = await eventually('the entry is stored', async () => {
    const asked = await ask(`/app/${receipt['id']}`);
    assert.equal(asked.status, 200);
    return asked.body;
  });
  assert.equal(stored['receivedAt'], receipt['receivedAt']);
  assert.deepEqual(stored['payload'], { n: 1 });
});

test('Prefer: wait holds the answer until the entry is stored, and says so', async () => {
  const response = await post('{"n":2}', { prefer: 'respond-async, wait=20' });
  const receipt = (await response.json()) as Record<string, string>;
  assert.equal(response.status, 201);
  assert.equal(receipt['status'], 'stored');
  assert.equal(response.headers.get('preference-applied'), 'wait=20');
  assert.equal((await ask(`/app/${receipt['id']}`)).status, 200);
});

test('a keyed write asks the store first, so that a repeat is recognised at once', async () => {
  const key = { 'idempotency-key': 'queued-write-0001' };
  const first = await post('{"n":3}', key);
  const { id } = (await first.json()) as { id: string };
  assert.equal(first.status, 201);
  const repeat = await post('{"n":3}', key);
  assert.deepEqual([repeat.status, ((await repeat.json()) as { id: string }).id], [201, id]);
  assert.equal(repeat.headers.get('idempotency-replayed'), 'true');
  const other = await post('{"n":4}', key);
  assert.equal(other.status, 422);
});

test('each line of a batch is queued, in order', async () => {
  const response = await fetch(`${daybook.address}/epoch`, {
    method: 'POST',
    body: '{"line":1}\nnot json\n{"line":3}\n',
    headers: { 'content-type': 'application/x-ndjson' },
  });
  assert.equal(response.headers.get('preference-applied'), null);
  const lines = linesOf(await response.text());
  assert.deepEqual(
    lines.map(({ status }) => status),
    [202, 400, 202],
  );
  await eventually('both lines are stored', async () => {
    const { body } = await ask('/epoch');
    return (body['entries'] as unknown[]).length === 2;
  });
});

test('Prefer: wait holds the results of a batch until every line is stored, and each line says so', async () => {
  const response = await fetch(`${daybook.address}/epoch`, {
    method: 'POST',
    body: '{"line":1}\nnot json\n{"line":3}\n',
    headers: { 'content-type': 'application/x-ndjson', prefer: 'wait=20' },
  });
  assert.equal(response.headers.get('preference-applied'), 'wait=20');
  const lines = linesOf(await response.text());
  assert.deepEqual(
    lines.map(({ status }) => status),
    [201, 400, 201],
  );
  for (const { id } of lines.filter(({ status }) => status === 201))
    assert.equal((await ask(`/epoch/${id}`)).status, 200, 'what is said to be stored can be read');
});

test('the queue tells what waits, and the ledger balances when it has drained', async () => {
  const { body } = await eventually('the queue is empty', async () => {
    const asked = await ask('/api/queue');
    assert.equal((asked.body['queue'] as { messages: number }).messages, 0);
    return asked;
  });
  const { queue, persister } = body as { queue: Record<string, unknown>; persister: Record<string, unknown> };
  assert.deepEqual(
    [queue['driver'], queue['durability'], queue['entries'], queue['oldestSentAt']],
    ['sqlite', 'fsync', 0, null],
  );
  assert.deepEqual([persister['state'], persister['breaker']], ['running', 'closed']);
  const { body: ledger } = await ask('/api/ledger');
  assert.equal(ledger['balanced'], true);
  assert.deepEqual(ledger['totals'], {
    accepted: 7,
    stored: 7,
    duplicate: 0,
    dead: 0,
    discarded: 0,
    expired: 0,
    retrying: 0,
  });
  assert.deepEqual([ledger['queued'], ledger['lost']], [0, []]);
});

test('settledThrough follows what has left the queue', async () => {
  const { receivedAt } = (await (await post('{"n":5}')).json()) as { receivedAt: string };
  await eventually('all is settled through the entry', async () => {
    const { body } = await ask('/app');
    return String(body['settledThrough']) >= receivedAt;
  });
  const { body } = await ask('/api/status');
  const components = body['components'] as Record<string, { state: string }>;
  const states = Object.entries(components).map(([name, { state }]) => `${name} ${state}`);
  assert.deepEqual(
    new Set(states),
    new Set([
      'clock ok',
      'keys ok',
      'objects ok',
      'persister ok',
      'queue ok',
      'region ok',
      'server ok',
      'store ok',
    ]),
  );
});
