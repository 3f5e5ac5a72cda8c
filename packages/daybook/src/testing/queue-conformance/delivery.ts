/**
 * The rules of delivery: at least once, until acknowledged, whatever comes late or twice.
 */
import assert from 'node:assert/strict';

import { systemTime } from '../../clock.ts';
import type { Check } from './opened-queue.ts';
import {
  bodiesOf,
  CLOCK_SLACK_MS,
  eventually,
  makeMessage,
  receiveAll,
  receiveNow,
  receiveOne,
  sendMany,
  textOf,
} from './opened-queue.ts';

const MANY = 10_000;
const RECEIVERS = 8;
const SENDERS = 64;
/** SQS delays by whole seconds. */
const DELAY_MS = 1_000;

export function testDelivery(check: Check): void {
  check('a message comes, and does not come again once it is acknowledged', async (opened) => {
    await opened.queue.send(makeMessage(1));
    const delivery = await receiveOne(opened.queue);
    assert.equal(textOf(delivery), 'message 1');
    assert.ok(Number.isSafeInteger(delivery.sentAt) && delivery.sentAt > 0);
    await opened.queue.acknowledge([delivery]);
    assert.deepEqual(await receiveNow(opened.queue), []);
    assert.deepEqual(await receiveNow(await opened.reopen()), []);
  });

  check('what was sent is there after a restart', async (opened) => {
    await sendMany(opened.queue, 50);
    const received = await receiveAll(await opened.reopen(), 50);
    assert.deepEqual(received.map(textOf).toSorted(), bodiesOf(50));
  });

  check(
    'a delivery that is not acknowledged comes again, after its visibility or after a restart',
    async (opened) => {
      await sendMany(opened.queue, 5);
      await receiveAll(opened.queue, 5);
      const endless = opened.queue.capabilities.visibilityMs === undefined;
      const queue = endless ? await opened.reopen() : opened.queue;
      const again = await receiveAll(queue, 5);
      assert.deepEqual(again.map(textOf).toSorted(), bodiesOf(5));
    },
    { shortVisibility: true },
  );

  check('a message that is put back comes again after its delay and not before', async ({ queue }) => {
    await queue.send(makeMessage(1));
    const delivery = await receiveOne(queue);
    const start = systemTime.monotonicMs();
    await queue.release([delivery], DELAY_MS);
    const again = await receiveOne(queue);
    const elapsedMs = systemTime.monotonicMs() - start;
    assert.ok(elapsedMs >= DELAY_MS - CLOCK_SLACK_MS, `it came after ${elapsedMs} ms`);
    await queue.release([again], 0);
    await queue.acknowledge([await receiveOne(queue)]);
    assert.deepEqual(await receiveNow(queue), []);
  });

  check('a message that is sent with a delay does not come before', async (opened) => {
    const start = systemTime.monotonicMs();
    await opened.queue.send({ ...makeMessage(1), delayMs: DELAY_MS });
    await opened.queue.send(makeMessage(0));
    const first = await receiveOne(opened.queue);
    assert.equal(textOf(first), 'message 0');
    await opened.queue.acknowledge([first]);
    assert.equal(textOf(await receiveOne(await opened.reopen())), 'message 1');
    const elapsedMs = systemTime.monotonicMs() - start;
    assert.ok(elapsedMs >= DELAY_MS - CLOCK_SLACK_MS, `it came after ${elapsedMs} ms`);
  });

  check('longer delays than the queue knows are cut, not refused', async ({ queue }) => {
    await queue.send({ ...makeMessage(1), delayMs: 1e12 });
    await queue.send(makeMessage(2));
    const delivery = await receiveOne(queue);
    assert.equal(textOf(delivery), 'message 2');
    await queue.release([delivery], 1e12);
    assert.deepEqual(await receiveNow(queue), []);
    await eventually(async () => assert.equal((await queue.status()).messages, 2));
  });

  check('a second acknowledgement, and one after the message was put back, are harmless', async (opened) => {
    const { queue } = opened;
    await sendMany(queue, 3);
    const deliveries = await receiveAll(queue, 3);
    const [first, second, third] = deliveries;
    assert.ok(first && second && third);
    await queue.acknowledge([first, first]);
    await queue.acknowledge([first]);
    await queue.acknowledge([]);
    await queue.release([first, second], 0);
    const again = await receiveOne(queue);
    assert.equal(textOf(again), textOf(second));
    // Late, by the delivery of before: done with, or passed over and coming again.
    await queue.acknowledge([second, third]);
    await queue.acknowledge([again]);
    assert.deepEqual(await receiveNow(queue), []);
    assert.equal((await queue.status()).messages, 0);
  });

  check('what comes late touches no other message', async (opened) => {
    await opened.queue.send(makeMessage(1));
    const delivery = await receiveOne(opened.queue);
    await opened.queue.acknowledge([delivery]);
    const queue = await opened.reopen();
    await queue.send(makeMessage(2));
    await queue.acknowledge([delivery]);
    await queue.release([delivery], 0);
    await queue.extend([delivery]);
    assert.equal(textOf(await receiveOne(queue)), 'message 2');
  });

  check('a delivery that is extended can be acknowledged', async ({ queue }) => {
    await queue.send(makeMessage(1));
    const delivery = await receiveOne(queue);
    await queue.extend([delivery]);
    await queue.acknowledge([delivery]);
    assert.deepEqual(await receiveNow(queue), []);
  });

  check(`${MANY} messages go to concurrent receivers, each once in effect`, async ({ queue }) => {
    let next = 0;
    const send = async (): Promise<void> => {
      while (next < MANY) await queue.send(makeMessage(next++));
    };
    const effects = new Map<string, number>();
    const receive = async (): Promise<void> => {
      while (effects.size < MANY) {
        const deliveries = await queue.receive({ maxMessages: 100, maxBytes: 1e8, waitMs: 1_000 });
        for (const delivery of deliveries) {
          effects.set(textOf(delivery), (effects.get(textOf(delivery)) ?? 0) + 1);
        }
        await queue.acknowledge(deliveries);
      }
    };
    await Promise.all([
      ...Array.from({ length: SENDERS }, send),
      ...Array.from({ length: RECEIVERS }, receive),
    ]);
    assert.deepEqual([...effects.keys()].toSorted(), bodiesOf(MANY));
    await eventually(async () => assert.equal((await queue.status()).messages, 0));
  });
}
