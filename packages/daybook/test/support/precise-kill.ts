/**
 * SIGKILL at a chosen fraction of a millisecond. The wait runs in a thread of its own, so that the test's event loop
 * keeps the load going and the moment of the kill does not follow the rhythm of its answers.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const THREAD = `
  const { parentPort } = require('node:worker_threads');
  const never = new Int32Array(new SharedArrayBuffer(4));
  parentPort.on('message', ({ pid, delayMs }) => {
    Atomics.wait(never, 0, 0, delayMs);
    try { process.kill(-pid, 'SIGKILL'); } catch {}
    parentPort.postMessage('killed');
  });
`;

export interface PreciseKill {
  /** Kills the process group of a server after the delay; resolves when the signal is sent. */
  kill(pid: number, delayMs: number): Promise<void>;
  close(): Promise<void>;
}

export function createPreciseKill(): PreciseKill {
  const worker = new Worker(THREAD, { eval: true });
  return {
    kill: async (pid, delayMs) => {
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread, not a window
      worker.postMessage({ pid, delayMs });
      await once(worker, 'message');
    },
    close: async () => {
      await worker.terminate();
    },
  };
}
