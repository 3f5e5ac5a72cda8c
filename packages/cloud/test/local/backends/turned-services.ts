/**
 * SQS, SNS and S3 of one region on a loopback port, with a clock that is turned by hand. It cannot outlive the test.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL('turned-services-process.ts', import.meta.url));
const START_TIMEOUT_MS = 30_000;

export interface TurnedServices {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** By the services' clock. */
  nowMs(): number;
  /** What is hidden or delayed until then is given to whoever waits for messages. */
  turn(forwardMs: number): Promise<void>;
  /** SIGSTOP: connections are taken and nothing is answered. */
  pause(): void;
  resume(): void;
  /** Idempotent. */
  close(): Promise<void>;
}

/** @throws {Error} with the output of the process when it does not start. */
export async function startTurnedServices(): Promise<TurnedServices> {
  const child: ChildProcess = spawn(process.execPath, [PROCESS], { stdio: ['pipe', 'pipe', 'pipe', 'ipc'] });
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('expected pipes');
  const errors = text(stderr);
  const timer = setTimeout(() => child.kill('SIGKILL'), START_TIMEOUT_MS);
  const first = await createInterface(stdout)[Symbol.asyncIterator]().next();
  clearTimeout(timer);
  if (first.done === true) throw new Error(`the services did not start: ${await errors}`);
  let turnedMs = 0;
  // A paused process does not see that its parent is gone.
  const killed = (): void => void child.kill('SIGKILL');
  process.once('exit', killed);
  return {
    endpoint: `http://127.0.0.1:${Number(first.value)}`,
    nowMs: () => Date.now() + turnedMs,
    async turn(forwardMs) {
      const told = once(child, 'message');
      child.send({ turnMs: forwardMs });
      await told;
      turnedMs += forwardMs;
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async close() {
      process.off('exit', killed);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}
