/**
 * What is done with messages that ended the persister so often that the queue moved them away, or that a topic could not
 * deliver; nothing else gets there. Each is unpacked as carefully as can be: one message after the other, its entries a few
 * at a time, what fails by itself at once a dead letter.
 *
 *   a net is there, and old ──▶ whoever took it before ended over it: the net is its dead letter, acknowledged
 *   else: net written ──▶ entries stored, or dead letters ──▶ acknowledged ──▶ net removed
 *                     └─▶ halted ──▶ put back, net removed
 *                     └─▶ out of time, or the process ends ──▶ the net stays
 *
 * The net is a raw dead letter with the whole message, so a message that ends this process as well is tried once, and is
 * then where people see it and can replay it. A broker's count of deliveries would not tell: it goes on from the other queue.
 */
import type { Delivery } from '../queue/queue.ts';
import type { Net } from './net.ts';
import { openDelivery } from './received.ts';
import type { RoundOptions } from './round.ts';
import { runRound } from './round.ts';

export interface LastResortOptions extends Omit<RoundOptions, 'lastResort'> {
  readonly net: Net;
}

/** Entries at once: few enough for any memory and time, and for one transaction of any store. */
const APART_ENTRIES = 20;

/** Resolves when each was acknowledged, put back or left; whoever calls has looked whether the store is there. */
export async function unpackCrashed(
  deliveries: readonly Delivery[],
  { net, ...options }: LastResortOptions,
): Promise<void> {
  const { queue, nowMicros, stop } = options;
  for (const delivery of deliveries) {
    if (stop.aborted) return;
    // What cannot be worked on is put back, or a raw dead letter by itself, and ends nobody.
    const isWork = openDelivery(delivery, nowMicros()).kind === 'work';
    const under = isWork ? await net.spread(delivery.body) : 'spread';
    if (under === 'caught') await queue.acknowledge([delivery]);
    if (under !== 'spread') continue;
    await runRound([delivery], {
      ...options,
      limits: { ...options.limits, concurrency: 1 },
      lastResort: { apart: APART_ENTRIES, maxAttempts: 1 },
    });
    if (isWork && !stop.aborted) await net.remove(delivery.body);
  }
}
