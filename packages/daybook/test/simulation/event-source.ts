/**
 * An event source of a simulated world, with the rules of "Using Lambda with Amazon SQS" (AWS Lambda Developer Guide): it
 * polls, invokes a function with what it received, and deletes what the answer does not name. A function is throttled,
 * runs out of time, is killed at a step of its work or forgets everything in a new environment; then its messages come
 * again when their visibility timeout is over.
 */
import type { EventMessage } from '../../src/lambda/event-queue.ts';
import { runInvocation } from '../../src/lambda/invocation.ts';
import { createRoundMemory, runRound } from '../../src/persister/round.ts';
import type { Delivery } from '../../src/queue/queue.ts';
import type { PersisterHabits } from './persisters.ts';
import type { World } from './world.ts';

export interface EventSourceHabits extends PersisterHabits {
  readonly functions: number;
  readonly batchSize: number;
  /** Below the visibility timeout of the queue. */
  readonly timeoutMs: number;
}

export interface EventSource {
  readonly invocations: number;
  /** What is under way is finished first. */
  close(): Promise<void>;
}

/** Parts of 1. */
const THROTTLED = 0.05;
const TWICE_IN_ONE_EVENT = 0.05;
/** Longer than SQS lets anybody wait, which only spares the simulation polls that find nothing. */
const POLL_WAIT_MS = 600_000;

export function startEventSource(world: World, habits: EventSourceHabits): EventSource {
  const { time, chance } = world;
  let closing = false;
  let invocations = 0;

  async function poll(): Promise<void> {
    const { queue } = world.enter();
    let environment = createEnvironment(world, habits);
    while (!closing) {
      const deliveries = await queue
        .receive({ maxMessages: habits.batchSize, maxBytes: 6_000_000, waitMs: POLL_WAIT_MS })
        .catch(() => undefined);
      if (deliveries === undefined) await time.sleep(1_000);
      if (deliveries === undefined || deliveries.length === 0) continue;
      if (!world.calm && chance() < THROTTLED) continue;
      invocations += 1;
      const failed = await environment.invoke(toEvent(deliveries));
      if (failed === undefined || (!world.calm && chance() < 0.02))
        environment = createEnvironment(world, habits);
      if (failed === undefined) continue;
      const done = deliveries.filter((delivery) => !failed.has(idOf(delivery)));
      // A lost deletion is not repeated.
      await queue.acknowledge(done).catch(() => undefined);
    }
    environment.end();
  }

  function toEvent(deliveries: readonly Delivery[]): EventMessage[] {
    return deliveries.flatMap((delivery) => {
      const { receipt } = delivery.handle as { receipt: number };
      const message = { id: idOf(delivery), delivery, receives: receipt };
      const again = { ...message, delivery: { ...delivery } };
      return !world.calm && chance() < TWICE_IN_ONE_EVENT ? [message, again] : [message];
    });
  }

  const polling = Promise.all(Array.from({ length: habits.functions }, poll));
  return {
    get invocations() {
      return invocations;
    },
    async close() {
      closing = true;
      await polling;
    },
  };
}

/** One execution environment: what its invocations share. */
function createEnvironment(world: World, habits: EventSourceHabits) {
  const { time, chance } = world;
  const { process, queue, store, deadLetters } = world.enter();
  const { sleep } = process;
  const { nowMs, nowMicros } = time;
  const memory = createRoundMemory({ nowMs, nowMicros, log: habits.log, sleep, random: chance });

  return {
    end: () => process.kill(),
    /** @returns the ids of messages that failed; undefined when it did not answer, and is no more. */
    async invoke(messages: readonly EventMessage[]): Promise<ReadonlySet<string> | undefined> {
      const endMs = nowMs() + habits.timeoutMs;
      const context = { getRemainingTimeInMillis: () => endMs - nowMs() };
      const answering = runInvocation(
        {
          messages,
          context,
          queue,
          store: async () => store,
          memory,
          emit: () => undefined,
          log: habits.log,
          sleep,
          random: chance,
        },
        (given) =>
          runRound(
            given.messages.map(({ delivery }) => delivery),
            {
              queue: given.queue,
              store: given.store,
              deadLetters,
              limits: habits.limits,
              memory,
              stop: given.stop,
              nowMicros,
              random: chance,
              onStored: () => undefined,
              log: habits.log,
              onStep() {
                if (!world.calm && chance() < habits.deadlySteps) process.kill();
              },
            },
          ),
      );
      const answer = await Promise.race([answering, time.sleep(habits.timeoutMs)]);
      if (answer !== undefined)
        return new Set(answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
      process.kill();
      return undefined;
    },
  };
}

/** One that lives until all is calm. */
export async function keepEventSource(world: World, habits: EventSourceHabits): Promise<void> {
  const source = startEventSource(world, habits);
  while (!world.calm) await world.time.sleep(1_000);
  await source.close();
}

function idOf({ handle }: Delivery): string {
  return String((handle as { number: number }).number);
}
