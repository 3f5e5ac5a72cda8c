/** The end of a server: what it waits for, what it does not wait for, and what it cuts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readAll } from '../support/audit.ts';
import { eventually } from '../support/eventually.ts';
import { exchangeOnce } from '../support/exchange.ts';
import { connectRaw, rawRequest } from './raw-connection.ts';
import { metric, withServers } from './servers.ts';

test('connections that say nothing, or half of something, do not hold up the end', () =>
  withServers(async (start) => {
    const server = await start();
    const port = Number(new URL(server.address).port);
    const connections = await Promise.all(Array.from({ length: 6 }, () => connectRaw(port)));
    const [silent, halfHead, kept, body, , events] = connections;
    await halfHead?.send('POST /app HTTP/1.1\r\nHost: loc');
    await kept?.send(rawRequest('GET /healthz'));
    assert.equal((await kept?.answer())?.status, 200);
    await events?.send(rawRequest('GET /app?live=sse'));
    await body?.send(rawRequest('POST /app', { 'content-type': 'text/plain', 'content-length': '4' }));
    await body?.send('in');
    await metric(server, 'daybook_followers', 1);
    await metric(server, 'daybook_bytes_in_flight', 2);

    process.kill(server.pid, 'SIGTERM');
    await eventually('draining', async () => server.stdout().includes('"draining"'));
    await Promise.all([silent?.rest(), halfHead?.rest(), kept?.rest(), events?.rest()]);
    // What was heard before is still waited for, within the grace.
    await body?.send('ti');
    const answer = await body?.answer();
    assert.equal(answer?.status, 201);
    assert.equal(answer?.headers.get('connection'), 'close');
    assert.deepEqual(await server.exited, { exitCode: 0, signal: null });
    assert.match(server.stdout(), /"event":"closed","inTime":true/);
    for (const connection of connections) connection.destroy();
  }));

test('what does not end within the grace is cut, the process says so and ends all the same', () =>
  withServers(async (start) => {
    const server = await start({ limits: { shutdownGraceMs: 500 } });
    const port = Number(new URL(server.address).port);
    const lines = `${JSON.stringify('x'.repeat(100_000))}\n`.repeat(150);
    const headers = { 'content-type': 'application/x-ndjson' };
    const written = await exchangeOnce(server.address, {
      method: 'POST',
      path: '/app',
      headers,
      body: lines,
    });
    assert.equal(written.status, 200);
    const [exports, body] = await Promise.all([connectRaw(port), connectRaw(port)]);
    exports.stall();
    await exports.send(rawRequest('GET /app?format=ndjson'));
    await body.send(`${rawRequest('POST /app', { 'content-length': '4' })}in`);
    await metric(server, 'daybook_bytes_in_flight', 2);
    process.kill(server.pid, 'SIGTERM');
    assert.deepEqual(await server.exited, { exitCode: 1, signal: null });
    assert.match(server.stdout(), /"event":"closed","inTime":false/);
    for (const connection of [exports, body]) connection.destroy();
    const again = await start();
    assert.equal((await readAll(again.address)).length, 150, 'what was cut off was not written');
  }));

// `npm start` passes a Ctrl-C on that the terminal has given to the server already.
test('a second signal while it ends cuts nothing off', () =>
  withServers(async (start) => {
    const server = await start();
    const connection = await connectRaw(Number(new URL(server.address).port));
    await connection.send(rawRequest('POST /app', { 'content-length': '4' }) + 'in');
    await metric(server, 'daybook_bytes_in_flight', 2);
    process.kill(server.pid, 'SIGINT');
    await eventually('draining', async () => server.stdout().includes('"draining"'));
    process.kill(server.pid, 'SIGINT');
    await connection.send('ti');
    assert.equal((await connection.answer()).status, 201);
    assert.deepEqual(await server.exited, { exitCode: 0, signal: null });
    connection.destroy();
  }));
