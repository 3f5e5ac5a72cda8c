/** SIGTERM while everything is busy: what was heard is answered, what was answered is there, and the process ends well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { TailPageView } from '../../src/contract/messages.ts';
import { readAll } from '../support/audit.ts';
import { eventually } from '../support/eventually.ts';
import { exchangeOnce, openConnection } from '../support/exchange.ts';
import type { EventReader } from './event-reader.ts';
import { readEvents } from './event-reader.ts';
import { metric, withServers } from './servers.ts';

interface Fates {
  /** Payload to id. */
  readonly answered: Map<string, string>;
  readonly refused: Set<string>;
  /** The connection ended before an answer, or was not accepted. */
  readonly unheard: Set<string>;
}

/** Writes one entry after the other until the server is gone. */
async function writeUntilTheEnd(address: string, writer: number, fates: Fates): Promise<void> {
  const connection = openConnection(address);
  try {
    for (let n = 0; ; n += 1) {
      const body = `${writer}/${n}`;
      fates.unheard.add(body);
      const headers = { 'content-type': 'text/plain' };
      const answer = await connection.exchange({ method: 'POST', path: '/app', headers, body });
      fates.unheard.delete(body);
      assert.ok(answer.complete, `an answer that broke off: ${answer.body}`);
      if (answer.status === 201) {
        fates.answered.set(body, (JSON.parse(answer.body) as { id: string }).id);
        continue;
      }
      const { code, outcome, retryable } = JSON.parse(answer.body) as Record<string, unknown>;
      assert.deepEqual([answer.status, code, outcome, retryable], [503, 'DRAINING', 'not-written', true]);
      assert.equal(answer.headers['connection'], 'close');
      assert.ok(answer.headers['retry-after']);
      fates.refused.add(body);
    }
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error;
  } finally {
    connection.close();
  }
}

/** Every event until the stream ends. */
async function readToTheEnd(reader: EventReader): Promise<string[]> {
  const ids: string[] = [];
  for (let event = await reader.next(); event !== undefined; event = await reader.next())
    ids.push(event.entry.id);
  return ids;
}

for (const round of [1, 2]) {
  test(`busy with writers, streams and polls, a server that is told to end loses nothing (${round})`, () =>
    withServers(async (start) => {
      const server = await start();
      const fates: Fates = { answered: new Map(), refused: new Set(), unheard: new Set() };
      const readers = await Promise.all(
        Array.from({ length: 5 }, () => readEvents(`${server.address}/app?live=sse`)),
      );
      const polls = Promise.all(
        Array.from({ length: 3 }, async () => {
          const answer = await exchangeOnce(server.address, { path: '/epoch?live=long-poll&wait=30' });
          assert.ok(answer.complete && answer.status === 200, answer.body);
          return JSON.parse(answer.body) as TailPageView;
        }),
      );
      await metric(server, 'daybook_followers', 8);
      const writers = Array.from({ length: 16 }, (_, writer) =>
        writeUntilTheEnd(server.address, writer, fates),
      );
      const streams = readers.map(readToTheEnd);
      await eventually('enough writes', async () => fates.answered.size > 300 * round, { everyMs: 5 });

      process.kill(server.pid, 'SIGTERM');
      assert.deepEqual(await server.exited, { exitCode: 0, signal: null });
      await Promise.all(writers);
      const streamed = await Promise.all(streams);
      const polled = await polls;
      assert.match(server.stdout(), /"event":"closed","inTime":true/);

      const again = await start();
      const found = new Map((await readAll(again.address)).map(({ payload, id }) => [String(payload), id]));
      for (const [payload, id] of fates.answered) assert.equal(found.get(payload), id);
      for (const payload of fates.refused) assert.ok(!found.has(payload), `${payload} was refused`);
      for (const payload of fates.unheard)
        assert.ok(!found.has(payload), `${payload} was served without an answer`);
      assert.equal(found.size, fates.answered.size);

      for (const [index, ids] of streamed.entries()) {
        assert.equal(new Set(ids).size, ids.length);
        const rest = await readEvents(`${again.address}/app?live=sse&cursor=${readers[index]?.lastId}`);
        const all = [...ids, ...(await rest.take(found.size - ids.length)).map(({ entry }) => entry.id)];
        rest.close();
        assert.deepEqual(new Set(all), new Set(found.values()), 'the cursor outlives the restart');
      }
      for (const { entries, nextCursor } of polled) {
        assert.deepEqual(entries, []);
        const { body } = await exchangeOnce(again.address, {
          path: `/epoch?live=long-poll&wait=0&cursor=${nextCursor}`,
        });
        assert.deepEqual((JSON.parse(body) as TailPageView).entries, []);
      }
    }));
}
