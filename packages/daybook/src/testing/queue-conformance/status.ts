/**
 * What a queue tells of itself: figures, stamps, whether it accepts, and that it is away.
 */
import assert from 'node:assert/strict';

import type { Check } from './opened-queue.ts';
import {
  BASE_STAMP,
  bodiesOf,
  eventually,
  isQueueError,
  makeMessage,
  receiveAll,
  receiveNow,
  receiveOne,
  sendMany,
  textOf,
} from './opened-queue.ts';

const AWAY = isQueueError('unavailable', 'disk-full');

export function testStatus(check: Check): void {
  check('status tells messages and deliveries, and the rest where it is known', async ({ queue }) => {
    const empty = await queue.status();
    assert.deepEqual([empty.messages, empty.delivered, empty.oldestSentAt], [0, 0, undefined]);
    await sendMany(queue, 4);
    const [first] = await receiveAll(queue, 4);
    assert.ok(first);
    await eventually(async () => {
      const status = await queue.status();
      assert.deepEqual([status.messages, status.delivered], [4, 4]);
      if (status.entries !== undefined) assert.equal(status.entries, 8);
      if (status.bytes !== undefined) assert.equal(status.bytes, 4 * 'message 0'.length);
    });
    await queue.acknowledge([first]);
    await eventually(async () => {
      const status = await queue.status();
      assert.deepEqual([status.messages, status.delivered], [3, 3]);
      if (status.entries !== undefined) assert.equal(status.entries, 6);
      if (status.oldestSentAt !== undefined) assert.ok(status.oldestSentAt > 0);
    });
  });

  check('the oldest stamp follows what is acknowledged', async (opened) => {
    const { queue } = opened;
    if (!queue.capabilities.settled) {
      await assert.rejects(queue.oldestStamp(), TypeError);
      return;
    }
    assert.equal(await queue.oldestStamp(), undefined);
    for (const n of [3, 1, 2]) await queue.send(makeMessage(n));
    assert.equal(await queue.oldestStamp(), BASE_STAMP + 1);
    const deliveries = await receiveAll(queue, 3);
    const byBody = new Map(deliveries.map((delivery) => [textOf(delivery), delivery]));
    for (const [n, next] of [
      [1, 2],
      [2, 3],
    ] as const) {
      // A delivery alone settles nothing.
      assert.equal(await queue.oldestStamp(), BASE_STAMP + n);
      const delivery = byBody.get(`message ${n}`);
      assert.ok(delivery);
      await queue.acknowledge([delivery]);
      assert.equal(await queue.oldestStamp(), BASE_STAMP + next);
    }
    const reopened = await opened.reopen();
    assert.equal(await reopened.oldestStamp(), BASE_STAMP + 3);
    await reopened.acknowledge(await receiveAll(reopened, 1));
    assert.equal(await reopened.oldestStamp(), undefined);
  });

  check('a queue that knows the newest stamp ever sent tells it after a restart', async (opened) => {
    assert.equal(opened.queue.newestStampAtOpen, undefined);
    for (const n of [3, 8, 5]) await opened.queue.send(makeMessage(n));
    await opened.queue.acknowledge(await receiveAll(opened.queue, 3));
    const { newestStampAtOpen, capabilities } = await opened.reopen();
    assert.equal(newestStampAtOpen, capabilities.local ? BASE_STAMP + 13 : undefined);
  });

  check('a probe passes and sends nothing', async ({ queue }) => {
    await queue.probe();
    assert.deepEqual(await receiveNow(queue), []);
    assert.equal((await queue.status()).messages, 0);
  });

  check('a queue that is away says so, and goes on without being made anew', async (opened) => {
    const { queue } = opened;
    await sendMany(queue, 3);
    const delivery = await receiveOne(queue);
    const outage = await opened.startOutage();
    try {
      await Promise.all([
        assert.rejects(queue.send(makeMessage(9)), AWAY),
        assert.rejects(queue.probe(), AWAY),
        assert.rejects(queue.acknowledge([delivery]), AWAY),
      ]);
    } finally {
      await outage.end();
    }
    await eventually(() => queue.probe());
    await queue.acknowledge([delivery]);
    await queue.send(makeMessage(10));
    // A send of unknown outcome may have arrived; what was acknowledged does not come again.
    const expected = [...bodiesOf(3).filter((body) => body !== textOf(delivery)), 'message 10'];
    const bodies = new Set<string>();
    await eventually(async () => {
      for (const one of await receiveNow(queue)) bodies.add(textOf(one));
      bodies.delete('message 9');
      assert.deepEqual([...bodies].toSorted(), expected.toSorted());
    });
  });
}
