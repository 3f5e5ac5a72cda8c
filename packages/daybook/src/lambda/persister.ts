/**
 * The persister as a handler of an event source (SQS, with `ReportBatchItemFailures`): each invocation is one round over
 * its messages, with the same rules as the persister of a server. What must be known from one round to the next, whether
 * there is use in trying and how the last entries fared, is kept for as long as the execution environment.
 */
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';

import { loadConfig } from '../config/load.ts';
import { createDeadLetters } from '../persister/dead-letters.ts';
import { runRound } from '../persister/round.ts';
import { random } from '../retry.ts';
import type { HandlerParts } from './handler-parts.ts';
import { once, openHandlerParts, wallMicros } from './handler-parts.ts';
import type { InvocationContext } from './invocation.ts';
import { runInvocation, toMessages } from './invocation.ts';
import { counted, countStored } from './tally.ts';

export type SqsHandler = (event: SQSEvent, context: InvocationContext) => Promise<SQSBatchResponse>;

export function createPersisterHandler(open: () => Promise<HandlerParts>): SqsHandler {
  return async (event, context) => {
    const { limits, queueOf, store, objects, memory, log, emit } = await open();
    const queue = await queueOf(event.Records[0]?.eventSourceARN ?? '');
    return runInvocation({ messages: toMessages(event), context, queue, store, memory, emit, log }, (given) =>
      runRound(
        given.messages.map(({ delivery }) => delivery),
        {
          queue: given.queue,
          store: given.store,
          deadLetters: counted(createDeadLetters({ objects, store: given.store }), given.tally),
          limits,
          memory,
          stop: given.stop,
          nowMicros: wallMicros,
          random,
          onStored: (batches, results) => countStored(given.tally, batches, results),
          log,
        },
      ),
    );
  };
}

export const handler = createPersisterHandler(
  once(async () => openHandlerParts('persister', await loadConfig())),
);
