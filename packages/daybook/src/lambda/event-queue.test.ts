import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Delivery } from '../queue/queue.ts';
import type { EventMessage } from './event-queue.ts';
import { createEventQueue } from './event-queue.ts';

const MINUTE_MS = 60_000;

function message(id: string, receives = 1): EventMessage {
  return { id, receives, delivery: { body: Buffer.from(id), sentAt: 0, handle: id } };
}

function arrange(messages: readonly EventMessage[], release?: () => Promise<void>) {
  const released: (readonly [ids: unknown[], delayMs: number])[] = [];
  const warnings: object[] = [];
  const queue = createEventQueue({
    messages,
    queue: {
      send: async () => undefined,
      async release(deliveries: readonly Delivery[], delayMs: number) {
        released.push([deliveries.map(({ handle }) => handle), delayMs]);
        await release?.();
      },
    },
    random: () => 1,
    log: { warn: (line: object) => void warnings.push(line) },
  });
  const deliveries = messages.map(({ delivery }) => delivery);
  return { queue, deliveries, released, warnings };
}

test('what was not acknowledged is named, and put back for the longer the more often it came', async () => {
  const { queue, deliveries, released } = arrange([
    message('a'),
    message('b'),
    message('c', 3),
    message('d', 900),
    message('e'),
  ]);
  await queue.acknowledge(deliveries.slice(4));
  assert.deepEqual(queue.end(), ['a', 'b', 'c', 'd']);
  await queue.putBack();
  assert.deepEqual(released, [
    [['a', 'b'], MINUTE_MS / 2],
    [['c'], 2 * MINUTE_MS],
    [['d'], 60 * MINUTE_MS],
  ]);
});

test('a delay that was asked for is kept when it is longer', async () => {
  const { queue, deliveries, released } = arrange([message('early'), message('late')]);
  await queue.release(deliveries.slice(0, 1), 10_000);
  await queue.release(deliveries.slice(1), 10 * MINUTE_MS);
  queue.end();
  await queue.putBack();
  assert.deepEqual(released, [
    [['early'], MINUTE_MS / 2],
    [['late'], 10 * MINUTE_MS],
  ]);
});

test('a message that is there twice is named until both of its deliveries were acknowledged', async () => {
  const messages = [message('a'), message('a')];
  const half = arrange(messages);
  await half.queue.acknowledge(half.deliveries.slice(0, 1));
  assert.deepEqual(half.queue.end(), ['a']);
  const none = arrange(messages);
  assert.deepEqual(none.queue.end(), ['a']);
  const both = arrange(messages);
  await both.queue.acknowledge(both.deliveries);
  assert.deepEqual(both.queue.end(), []);
});

test('an acknowledgement after the end is none', async () => {
  const { queue, deliveries, released } = arrange([message('a')]);
  assert.deepEqual(queue.end(), ['a']);
  await queue.acknowledge(deliveries);
  await queue.putBack();
  assert.deepEqual(released, [[['a'], MINUTE_MS / 2]]);
});

test('a queue that does not take it back fails nothing else', async () => {
  const { queue, warnings } = arrange([message('a')], () => Promise.reject(new Error('throttled')));
  assert.deepEqual(queue.end(), ['a']);
  await queue.putBack();
  assert.deepEqual(warnings, [{ event: 'not-put-back', deliveries: 1, reason: 'throttled' }]);
});
