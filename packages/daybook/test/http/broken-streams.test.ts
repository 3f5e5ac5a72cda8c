/** A body that breaks in the middle: the client sees that it is not whole, the log says why, and nothing else is printed. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';

import { whenBroken } from '../../src/http/broken-stream.ts';
import { eventually } from '../support/eventually.ts';
import type { StartedDaybook } from '../support/start-daybook.ts';
import { startDaybook } from '../support/start-daybook.ts';
import { connectRaw, rawRequest } from './raw-connection.ts';

/** More than the kernel takes of a client that does not read. */
const BATCHES = 2;
const LINES = 9_000;
const LINE = `${JSON.stringify('x'.repeat(1_500))}\n`;

let server: StartedDaybook;
before(async () => {
  server = await startDaybook();
  for (let batch = 0; batch < BATCHES; batch += 1) {
    const headers = { 'content-type': 'application/x-ndjson' };
    const response = await fetch(`${server.address}/app`, {
      method: 'POST',
      headers,
      body: LINE.repeat(LINES),
    });
    assert.equal(response.status, 200);
    await response.text();
  }
});
after(() => server?.stop());

/** Every line of standard output is a line of the log. */
const logged = () =>
  server
    .stdout()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('an export whose store fails is cut off, with a line in the log and nothing on the console', async () => {
  const connection = await connectRaw(Number(new URL(server.address).port));
  const db = new DatabaseSync(join(server.dataDir, 'daybook.db'));
  try {
    connection.stall();
    const headers = { 'x-request-id': 'cut-in-the-middle' };
    await connection.send(rawRequest('GET /app?format=ndjson&order=asc', headers));
    await eventually('the export has begun', async () => {
      const metrics = await (await fetch(`${server.address}/metrics`)).text();
      return metrics.includes('daybook_reads_total{register="app",status="200"} 1\n');
    });
    db.exec('ALTER TABLE entry RENAME TO elsewhere');
    connection.goOn();
    const received = await connection.rest();
    assert.match(received, /^HTTP\/1\.1 200 OK\r\n/);
    assert.ok(!received.endsWith('0\r\n\r\n'), 'a client must not take it for the whole');
    assert.equal(received.includes('no such table'), false);
    await eventually('the log says why', async () =>
      logged().some(
        ({ event, requestId }) => event === 'internal-error' && requestId === 'cut-in-the-middle',
      ),
    );
  } finally {
    connection.destroy();
    db.exec('ALTER TABLE elsewhere RENAME TO entry');
    db.close();
  }
  assert.equal(server.stderr(), '');
});

test('a client that goes away in the middle of an export leaves no word', async () => {
  const before = logged().length;
  const connection = await connectRaw(Number(new URL(server.address).port));
  await connection.send(rawRequest('GET /app?format=ndjson'));
  await eventually('the answer has begun', async () => {
    const metrics = await (await fetch(`${server.address}/metrics`)).text();
    return metrics.includes('daybook_reads_total{register="app",status="200"} 2\n');
  });
  connection.destroy();
  // A request that comes after it is answered, and nothing was said about the other meanwhile.
  assert.equal((await fetch(`${server.address}/app?limit=1`)).status, 200);
  assert.equal(logged().length, before);
  assert.equal(server.stderr(), '');
});

test('without a connection to cut, the body fails for its reader', async () => {
  const causes: unknown[] = [];
  const failing = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(Buffer.from('begun')),
    pull: () => Promise.reject(new Error('away')),
  });
  const body = whenBroken(failing, (cause) => {
    causes.push(cause);
    return false;
  });
  await assert.rejects(new Response(body).text(), /away/);
  assert.equal(causes.length, 1);
});
