/**
 * Consumes the queue of messages that ended the persister so often that SQS moved them away, or that a topic could not
 * deliver to the persister's queue; nothing else gets there. Each is unpacked as carefully as can be: one message after the
 * other, its entries a few at a time, what fails by itself at once a dead letter. While the store is away everything stays.
 *
 *   store away ──▶ all put back
 *   a net is there, and old ──▶ this handler ended over the message before: the net is its dead letter, acknowledged
 *   else: net written ──▶ entries stored, or dead letters ──▶ acknowledged ──▶ net removed
 *                     └─▶ halted ──▶ put back, net removed
 *                     └─▶ out of time, or the process ends ──▶ the net stays
 *
 * The net is a raw dead letter with the whole message, so a message that ends this handler as well is tried once, and is
 * then where people see it and can replay it. SQS's count of deliveries would not tell: it goes on from the other queue.
 */
import type { SQSBatchResponse } from 'aws-lambda';

import { loadConfig } from '../config/load.ts';
import { toError } from '../errors.ts';
import { createDeadLetters } from '../persister/dead-letters.ts';
import { Halt } from '../persister/halt.ts';
import { openDelivery } from '../persister/received.ts';
import { runRound } from '../persister/round.ts';
import type { Delivery } from '../queue/queue.ts';
import { random } from '../retry.ts';
import type { HandlerParts } from './handler-parts.ts';
import { once, openHandlerParts, wallMicros } from './handler-parts.ts';
import type { InvocationWork } from './invocation.ts';
import { runInvocation, toMessages } from './invocation.ts';
import type { SqsHandler } from './persister.ts';
import { createNet } from './net.ts';
import { counted, countStored } from './tally.ts';

/** Entries at once: few enough for any memory and time, and for one transaction of any store. */
const APART_ENTRIES = 20;

export function createDeadLettersHandler(open: () => Promise<HandlerParts>): SqsHandler {
  return async (event, context): Promise<SQSBatchResponse> => {
    const parts = await open();
    const { store, memory, log, emit } = parts;
    const queue = await parts.queueOf(event.Records[0]?.eventSourceARN ?? '');
    const { visibilityMs = 0 } = queue.capabilities;
    return runInvocation(
      { messages: toMessages(event), context, queue, store, memory, emit, log },
      async (given) => {
        try {
          await given.store.probe();
        } catch (thrown) {
          return memory.breaker.trip(new Halt('waiting', toError(thrown).message));
        }
        await unpackAll(parts, visibilityMs, given);
      },
    );
  };
}

async function unpackAll(
  { objects, limits, memory, log }: HandlerParts,
  visibilityMs: number,
  { messages, queue, store, stop, tally }: InvocationWork,
): Promise<void> {
  const letters = createDeadLetters({ objects, store });
  const net = createNet({ letters, tally, nowMicros: wallMicros, overAfterMs: visibilityMs, log });
  const unpack = (delivery: Delivery): Promise<void> =>
    runRound([delivery], {
      queue,
      store,
      deadLetters: counted(letters, tally),
      limits: { ...limits, concurrency: 1 },
      memory,
      lastResort: { apart: APART_ENTRIES, maxAttempts: 1 },
      stop,
      nowMicros: wallMicros,
      random,
      onStored: (batches, results) => countStored(tally, batches, results),
      log,
    });

  for (const { delivery } of messages) {
    if (stop.aborted) return;
    // What cannot be worked on is put back, or a raw dead letter by itself, and ends nobody.
    const isWork = openDelivery(delivery, wallMicros()).kind === 'work';
    const under = isWork ? await net.spread(delivery.body) : 'spread';
    if (under === 'caught') await queue.acknowledge([delivery]);
    if (under !== 'spread') continue;
    await unpack(delivery);
    if (isWork && !stop.aborted) await net.remove(delivery.body);
  }
}

export const handler = createDeadLettersHandler(
  once(async () => openHandlerParts('dead-letters', await loadConfig())),
);
