/**
 * Bodies come back byte for byte, and the limits of a message and of a receive hold.
 */
import assert from 'node:assert/strict';

import type { Check } from './opened-queue.ts';
import { isQueueError, makeMessage, receiveAll, receiveNow, receiveOne, textOf } from './opened-queue.ts';

export function testBodies(check: Check): void {
  check('every byte comes back, whatever the body', async ({ queue }) => {
    const every = Uint8Array.from({ length: 65_536 }, (_, index) => (index * 7 + (index >> 8)) % 256);
    const bodies: Uint8Array[] = [
      new Uint8Array(0),
      Uint8Array.of(0),
      Uint8Array.of(0, 0),
      Uint8Array.of(255, 254, 253),
      every,
      // A part of a larger buffer.
      every.subarray(1_000, 2_001),
      Buffer.from('{"a":1}\n\u0000\ud7ff'),
    ];
    for (const body of bodies) {
      await queue.send({ ...makeMessage(1), body });
      const delivery = await receiveOne(queue);
      assert.equal(Buffer.compare(delivery.body, body), 0, `${body.byteLength} bytes`);
      await queue.acknowledge([delivery]);
    }
  });

  check('the largest message is taken, and one byte more is refused before it is sent', async ({ queue }) => {
    const { maxMessageBytes } = queue.capabilities;
    const body = new Uint8Array(maxMessageBytes + 1).map((_, index) => (index * 31) % 251);
    await assert.rejects(queue.send({ ...makeMessage(1), body }), (error) => {
      assert.equal((error as { outcome?: unknown }).outcome, 'not-written');
      return isQueueError('too-large')(error);
    });
    assert.equal((await queue.status()).messages, 0);
    const largest = body.subarray(1);
    await queue.send({ ...makeMessage(1), body: largest });
    assert.equal(Buffer.compare((await receiveOne(queue)).body, largest), 0);
    assert.deepEqual(await receiveNow(queue), []);
  });

  check('the sender may change its bytes once the message is sent', async ({ queue }) => {
    const body = Buffer.from('as it was');
    await queue.send({ ...makeMessage(1), body });
    body.fill('x');
    assert.equal(textOf(await receiveOne(queue)), 'as it was');
  });

  check('a receive gives at most as many messages and bytes as are asked for', async ({ queue }) => {
    const body = new Uint8Array(1_000);
    for (let n = 0; n < 6; n++) {
      body[0] = n;
      await queue.send({ ...makeMessage(n), body });
    }
    const few = await queue.receive({ maxMessages: 2, maxBytes: 1e8, waitMs: 1_000 });
    assert.ok(few.length >= 1 && few.length <= 2);
    const light = await queue.receive({ maxMessages: 10, maxBytes: 2_500, waitMs: 1_000 });
    assert.ok(light.length >= 1 && light.length <= 2);
    // The first is given whatever its size.
    const heavy = await queue.receive({ maxMessages: 10, maxBytes: 10, waitMs: 1_000 });
    assert.equal(heavy.length, 1);
    const rest = 6 - few.length - light.length - heavy.length;
    assert.equal((await receiveAll(queue, rest)).length, rest);
  });
}
