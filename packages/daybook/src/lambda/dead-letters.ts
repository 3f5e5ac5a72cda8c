/**
 * Consumes the queue of messages that ended the persister so often that SQS moved them away, or that a topic could not
 * deliver to the persister's queue, by the last resort of `persister/last-resort.ts`. While the store is away everything is
 * put back.
 */
import type { SQSBatchResponse } from 'aws-lambda';

import { loadConfig } from '../config/load.ts';
import { toError } from '../errors.ts';
import { createDeadLetters } from '../persister/dead-letters.ts';
import { Halt } from '../persister/halt.ts';
import { unpackCrashed } from '../persister/last-resort.ts';
import { createNet } from '../persister/net.ts';
import { random } from '../retry.ts';
import type { HandlerParts } from './handler-parts.ts';
import { once, openHandlerParts, wallMicros } from './handler-parts.ts';
import type { InvocationWork } from './invocation.ts';
import { runInvocation, toMessages } from './invocation.ts';
import type { SqsHandler } from './persister.ts';
import { counted, countStored } from './tally.ts';

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
  const onCaught = (): void => void (tally.dead += 1);
  await unpackCrashed(
    messages.map(({ delivery }) => delivery),
    {
      net: createNet({ letters, onCaught, nowMicros: wallMicros, overAfterMs: visibilityMs, log }),
      queue,
      store,
      deadLetters: counted(letters, tally),
      limits,
      memory,
      stop,
      nowMicros: wallMicros,
      random,
      onStored: (batches, results) => countStored(tally, batches, results),
      log,
    },
  );
}

export const handler = createDeadLettersHandler(
  once(async () => openHandlerParts('dead-letters', await loadConfig())),
);
