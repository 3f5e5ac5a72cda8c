/**
 * The thread's side of a call across threads: announces that it is ready, then answers calls in the order they came.
 */
import { parentPort } from 'node:worker_threads';

import { toError } from '../errors.ts';
import type { Failure } from './failure.ts';
import { toFailure } from './failure.ts';

export interface Call {
  readonly id: number;
  readonly method: string;
  readonly argument: unknown;
}

export type Reply =
  | { readonly ready: unknown }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure };

/** A failure whose meaning is known; of any other error the outcome of the call is not. */
export class ThreadFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

// oxlint-disable-next-line typescript/no-explicit-any -- a method's argument type is the caller's business
type Methods = Record<string, (argument: any) => unknown>;

/** @param ready what the starter of the thread learns about it. */
export function serveThread(ready: unknown, methods: Methods): void {
  const port = parentPort;
  if (port === null) throw new TypeError('serveThread: expected to run in a worker thread');

  function answer({ id, method, argument }: Call): Reply {
    try {
      const run = methods[method];
      if (run === undefined) throw new TypeError(`thread: no method "${method}"`);
      return { id, value: run(argument) };
    } catch (thrown) {
      const failure = thrown instanceof ThreadFailure ? thrown.failure : toFailure(toError(thrown), true);
      return { id, failure };
    }
  }

  port.on('message', (call: Call) => {
    port.postMessage(answer(call));
    if (call.method === 'close') port.close();
  });
  port.postMessage({ ready });
}
