/**
 * Reads a request body from a Node request, within its plan's limits and the budget of bytes in flight.
 */
import type { IncomingMessage } from 'node:http';

import { DaybookError } from '../../errors.ts';
import type { Budget } from '../../intake/budget.ts';
import { overloaded } from '../decompress.ts';
import type { WritePlan } from '../write/head.ts';
import { tooLarge } from '../write/head.ts';
import type { BodyWatch } from './body-watch.ts';

const EMPTY = Buffer.alloc(0);

export interface ReadBodyOptions {
  readonly budget: Budget;
  readonly watch: BodyWatch;
  readonly deadlineInMs: number;
  /** The key of the configuration that the deadline comes from. */
  readonly deadlineKey: string;
}

/**
 * The caller releases the bytes of the result from the budget once they are no longer held.
 * @throws {DaybookError} 413, 408, OVERLOADED; BODY_INCOMPLETE when the client went away, and nobody is there to be told.
 */
export function readBody(
  request: IncomingMessage,
  plan: WritePlan,
  options: ReadBodyOptions,
): Promise<Buffer> {
  const { budget, watch, deadlineInMs, deadlineKey } = options;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const arriving = watch.add({ deadlineInMs, deadlineKey, fail });

    let stopped = false;

    /** Taking listeners off costs more than asking whether they still matter. */
    function stop(): void {
      stopped = true;
      watch.remove(arriving);
    }

    function fail(error: DaybookError): void {
      stop();
      budget.release(arriving.bytes);
      reject(error);
    }

    function onData(chunk: Buffer): void {
      if (stopped) return;
      if (!budget.reserve(chunk.byteLength)) return fail(overloaded(budget, chunk.byteLength));
      arriving.bytes += chunk.byteLength;
      if (arriving.bytes > plan.maxBytes)
        return fail(tooLarge(plan.kind, plan.register, plan.maxBytes, 'more'));
      chunks.push(chunk);
    }

    function onEnd(): void {
      if (stopped) return;
      stop();
      const [only = EMPTY] = chunks;
      resolve(chunks.length > 1 ? Buffer.concat(chunks, arriving.bytes) : only);
    }

    function onClose(): void {
      if (stopped) return;
      fail(
        new DaybookError('BODY_INCOMPLETE', 'body: expected all of it, given a connection that ended', {
          outcome: 'not-written',
        }),
      );
    }

    // An aborted request emits 'close'; its 'error' is only emitted to those who listen for it.
    request.on('data', onData).on('end', onEnd).on('close', onClose);
  });
}
