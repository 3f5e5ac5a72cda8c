/**
 * Starts `fauxqs` (SQS, SNS and S3 in one process) as a child on a free loopback port. It can be stopped, as an outage
 * would, and started again at the same address with its data; it cannot outlive the test. Its S3 takes no notice of
 * `If-None-Match`: a conditional PUT overwrites.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const PROCESS = fileURLToPath(new URL('fauxqs-process.ts', import.meta.url));
const START_TIMEOUT_MS = 30_000;

export interface Fauxqs {
  /** `http://127.0.0.1:PORT`, the same after every start. */
  readonly endpoint: string;
  /** What the clients of the AWS SDK want to be given; any values do. */
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** SIGKILL: connections break, later ones are refused. Idempotent. */
  stop(): Promise<void>;
  /** At the same port, with the data that it had. */
  start(): Promise<void>;
  /** SIGSTOP: connections are taken and nothing is answered. */
  pause(): void;
  resume(): void;
  /** Stops it and removes its data. Idempotent. */
  dispose(): Promise<void>;
}

export interface FauxqsOptions {
  /** Keep data on disk, so that it is there after the next start; default true. */
  readonly persistent?: boolean;
}

/** @throws {Error} with the output of the process when it does not start. */
export async function startFauxqs({ persistent = true }: FauxqsOptions = {}): Promise<Fauxqs> {
  const directory = await mkdtemp(join(tmpdir(), 'daybook-fauxqs-'));
  let child: ChildProcess | undefined;
  let port = 0;

  async function start(): Promise<void> {
    if (child !== undefined) throw new Error('fauxqs is running already');
    const started = spawn(process.execPath, [PROCESS, persistent ? directory : '', String(port)], {
      stdio: ['pipe', 'pipe', 'pipe'],
      cwd: directory,
    });
    child = started;
    const errors = text(started.stderr);
    const timer = setTimeout(() => started.kill('SIGKILL'), START_TIMEOUT_MS);
    const first = await createInterface(started.stdout)[Symbol.asyncIterator]().next();
    clearTimeout(timer);
    if (first.done === true) {
      child = undefined;
      throw new Error(`fauxqs did not start: ${await errors}`);
    }
    port = Number(first.value);
  }

  async function stop(): Promise<void> {
    const running = child;
    child = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  }

  async function dispose(): Promise<void> {
    await stop();
    await rm(directory, { recursive: true, force: true });
  }

  try {
    await start();
  } catch (error) {
    await dispose();
    throw error;
  }
  // A paused process does not see the end of its standard input.
  process.once('exit', () => child?.kill('SIGKILL'));
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    stop,
    start,
    pause: () => void child?.kill('SIGSTOP'),
    resume: () => void child?.kill('SIGCONT'),
    dispose,
  };
}
