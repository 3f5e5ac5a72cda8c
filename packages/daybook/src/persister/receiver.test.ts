/** What is told of a queue that is away, by what comes of asking it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { ReceiveOptions } from '../queue/queue.ts';
import { QueueError } from '../queue/queue.ts';
import { createReceiver } from './receiver.ts';

test('a wait that was interrupted does not say that the queue is back; one that came to its end does', async () => {
  const events: unknown[] = [];
  const note = ({ event }: { event?: unknown }): void => void events.push(event);
  const asked: ((options: ReceiveOptions) => Promise<[]>)[] = [
    () => Promise.reject(new QueueError('unavailable', 'not-written', 'away')),
    ({ signal }) => new Promise((resolve) => signal?.addEventListener('abort', () => resolve([]))),
    async () => [],
  ];
  const receiver = createReceiver({
    queue: { receive: async (options) => (await asked.shift()?.(options)) ?? [] },
    backOff: { firstMs: 1, limitMs: 1, random: () => 0, sleep: async () => undefined },
    nowMicros: () => 1,
    closing: new AbortController().signal,
    log: { info: note, warn: note },
  });
  await receiver.receive(1, 1, 1);
  const waiting = receiver.receive(1, 1, 1);
  receiver.interrupt();
  await waiting;
  assert.deepEqual([receiver.trouble?.reason, events], ['away', ['queue-away']]);
  await receiver.receive(1, 1, 1);
  assert.deepEqual([receiver.trouble, events], [undefined, ['queue-away', 'queue-back']]);
});
