/** A function for tests of fronts alone: remembers what it was given and answers what it is told to. */
import type { Invoked, LocalFunction } from '../runtime.ts';
import { createFunctionLogs } from '../runtime/function-logs.ts';

export interface AnsweringFunction extends LocalFunction {
  readonly events: unknown[];
  answer: (event: unknown) => Invoked | Promise<Invoked>;
}

export function responded(payload: unknown): Invoked {
  return { kind: 'response', payload, bytes: Buffer.byteLength(JSON.stringify(payload)) };
}

export function createAnswering(arn: string, payload: unknown): AnsweringFunction {
  const events: unknown[] = [];
  const made: AnsweringFunction = {
    name: arn.split(':')[6] ?? '',
    arn,
    timeoutMs: 29_000,
    variables: {},
    logs: createFunctionLogs(),
    events,
    answer: () => responded(payload),
    async invoke(event) {
      events.push(event);
      return await made.answer(event);
    },
    counts: () => ({ invocations: events.length, errors: 0, throttles: 0, starts: 0 }),
    environments: () => [],
    kill: () => Promise.resolve(0),
    close: () => Promise.resolve(),
  };
  return made;
}
