/**
 * Waiting for messages, and the end of waiting.
 */
import assert from 'node:assert/strict';

import type { Check } from './opened-queue.ts';
import { isQueueError, makeMessage, receiveOne, textOf } from './opened-queue.ts';

/** Much longer than the test may take. */
const LONG_MS = 300_000;
const RECEIVE = { maxMessages: 10, maxBytes: 1e8, waitMs: LONG_MS } as const;

export function testWaiting(check: Check): void {
  check('a receiver that waits is given what is sent meanwhile', async ({ queue }) => {
    const waiting = queue.receive(RECEIVE);
    await queue.send(makeMessage(1));
    assert.deepEqual((await waiting).map(textOf), ['message 1']);
  });

  check('a receiver that waits is given what is put back meanwhile', async ({ queue }) => {
    await queue.send(makeMessage(1));
    const delivery = await receiveOne(queue);
    const waiting = queue.receive(RECEIVE);
    await queue.release([delivery], 0);
    assert.deepEqual((await waiting).map(textOf), ['message 1']);
  });

  check('a wait without a message ends with nothing', async ({ queue }) => {
    assert.deepEqual(await queue.receive({ ...RECEIVE, waitMs: 1 }), []);
    assert.deepEqual(await queue.receive({ ...RECEIVE, waitMs: 0 }), []);
  });

  check(
    'a signal ends a wait with nothing, and nothing is lost by it',
    async ({ queue }) => {
      assert.deepEqual(await queue.receive({ ...RECEIVE, signal: AbortSignal.abort() }), []);
      const stop = new AbortController();
      const waiting = queue.receive({ ...RECEIVE, signal: stop.signal });
      // The wait is under way before or after this; either must end.
      setTimeout(() => stop.abort(), 50);
      assert.deepEqual(await waiting, []);
      await queue.send(makeMessage(1));
      // A message that was on its way to the one that has gone comes after its visibility.
      assert.equal(textOf(await receiveOne(queue)), 'message 1');
    },
    { shortVisibility: true },
  );

  check('closing ends a wait, and afterwards nothing is accepted', async ({ queue }) => {
    const waiting = queue.receive(RECEIVE);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await queue.close();
    assert.deepEqual(await waiting, []);
    await queue.close();
    await assert.rejects(queue.send(makeMessage(1)), isQueueError('unavailable'));
    await assert.rejects(queue.receive(RECEIVE), isQueueError('unavailable'));
  });

  check('closing waits for what was sent before', async (opened) => {
    const sent = opened.queue.send(makeMessage(1));
    const closed = opened.queue.close();
    await Promise.all([sent, closed]);
    assert.equal(textOf(await receiveOne(await opened.reopen())), 'message 1');
  });
}
