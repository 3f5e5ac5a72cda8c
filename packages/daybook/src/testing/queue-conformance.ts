/**
 * The conformance suite of the queue port: every driver runs all of it. Takes `test` as an argument, so that drivers of
 * others may run it in a runner of their own. What a driver cannot do is told by its capabilities, never by a list here.
 */
import { testBodies } from './queue-conformance/bodies.ts';
import { testDelivery } from './queue-conformance/delivery.ts';
import type { Check, OpenedQueue, OpenOptions } from './queue-conformance/opened-queue.ts';
import { testStatus } from './queue-conformance/status.ts';
import { testWaiting } from './queue-conformance/waiting.ts';

export type { OpenedQueue, OpenOptions } from './queue-conformance/opened-queue.ts';

type Test = (name: string, run: () => Promise<void>) => unknown;

/** @param open makes a queue that is empty and new. */
export function testQueueConformance(test: Test, open: (options: OpenOptions) => Promise<OpenedQueue>): void {
  const check: Check = (name, run, { shortVisibility = false } = {}) => {
    test(name, async () => {
      const opened = await open({ shortVisibility });
      try {
        await run(opened);
      } finally {
        await opened.dispose();
      }
    });
  };
  testDelivery(check);
  testBodies(check);
  testWaiting(check);
  testStatus(check);
}
