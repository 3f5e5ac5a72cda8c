/**
 * The main thread's side: starts a worker thread and calls it. A thread that dies fails every call under way with an
 * unknown outcome and is started anew by the next call, so no fault needs a restart of the process.
 */
import { flushCompileCache, getCompileCacheDir } from 'node:module';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';

import type { Failure } from './failure.ts';
import type { Reply } from './thread-server.ts';

/**
 * Runs in the thread before its module. With the compiled code that the process keeps, a thread does not load the
 * TypeScript stripper, which takes 20 MB and a tenth of a second. It is a script or a module, as `--input-type` says.
 */
const BOOTSTRAP = `
  const { workerData } = process.getBuiltinModule('node:worker_threads');
  if (workerData.codeCache) process.getBuiltinModule('node:module').enableCompileCache(workerData.codeCache);
  import(workerData.module).then(({ serve }) => serve(workerData.data));
`;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

export interface Thread<Ready> {
  /** What the thread said about itself when it first started. */
  readonly ready: Ready;
  /** @throws what `toError` of the options makes of a failure. */
  call<T>(method: string, argument?: unknown, transfer?: ArrayBuffer[]): Promise<T>;
  /** Lets the thread finish what it was called for, then ends it. */
  close(): Promise<void>;
}

export interface ThreadOptions {
  /** For messages: `store writer`. */
  readonly name: string;
  /**
   * The URL of a module whose `serve(data)` is run in the thread; import it in the caller too, so that its code is
   * compiled once.
   */
  readonly module: string;
  readonly data: object;
  /** Makes the error of the caller's port. */
  readonly toError: (failure: Failure, cause?: unknown) => Error;
}

/** @throws the thread's own error when it cannot start. */
export async function startThread<Ready>(options: ThreadOptions): Promise<Thread<Ready>> {
  const { name, module, data, toError } = options;
  flushCompileCache();
  // Node.js appends a folder of its own for its version.
  const cacheFolder = getCompileCacheDir();
  const codeCache = cacheFolder === undefined ? undefined : dirname(cacheFolder);
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let closed = false;
  let worker: Promise<Worker> | undefined;
  let current: Worker | undefined;
  let firstReady: Ready | undefined;

  function start(): Promise<Worker> {
    const started = new Worker(BOOTSTRAP, {
      eval: true,
      workerData: { module, data, codeCache },
    });
    return new Promise((resolve, reject) => {
      started.on('message', (reply: Reply) => {
        if ('ready' in reply) {
          firstReady ??= reply.ready as Ready;
          resolve(started);
        } else settle(reply);
      });
      started.on('error', (error) => {
        reject(error);
        died(started, error.message);
      });
      started.on('exit', () => died(started, 'the thread ended'));
      current = started;
    });
  }

  function settle(reply: Exclude<Reply, { ready: unknown }>): void {
    const call = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('failure' in reply) call?.reject(toError(reply.failure));
    else call?.resolve(reply.value);
  }

  /** An `exit` follows every `error`, and may come when the next thread runs already. */
  function died(thread: Worker, reason: string): void {
    if (thread !== current) return;
    current = undefined;
    worker = undefined;
    for (const call of waiting.values()) {
      call.reject(unavailable('unknown', reason));
    }
    waiting.clear();
  }

  function unavailable(outcome: Failure['outcome'], reason: string, cause?: unknown): Error {
    return toError({ reason: 'unavailable', outcome, message: `${name} thread: ${reason}` }, cause);
  }

  async function startAgain(): Promise<Worker> {
    try {
      return await start();
    } catch (cause) {
      worker = undefined;
      throw unavailable('not-written', 'does not start', cause);
    }
  }

  worker = start();
  await worker;

  async function call<T>(method: string, argument?: unknown, transfer: ArrayBuffer[] = []): Promise<T> {
    if (closed) throw unavailable('not-written', 'closed');
    worker ??= startAgain();
    const running = await worker;
    return new Promise<T>((resolve, reject) => {
      const id = (lastId += 1);
      waiting.set(id, { resolve, reject });
      running.postMessage({ id, method, argument }, transfer);
    });
  }

  async function close(): Promise<void> {
    const running = await worker;
    if (running === undefined) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    const closing = call('close');
    // A late caller, such as a probe, must not start the thread anew and keep the process.
    closed = true;
    await closing;
    await ended;
  }

  return { ready: firstReady as Ready, call, close };
}
