/**
 * Starts DynamoDB Local, Amazon's own, as a child on a free port. It needs Java. It can be stopped, as an outage would,
 * and started again at the same address; it cannot outlive the test. It offers no choice of address to listen on.
 */
import type { ChildProcess } from 'node:child_process';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

import { eventually } from './eventually.ts';

/** The package also has a launcher, which ends with nobody and pulls in a whole command line. */
const FOLDER = join(
  dirname(createRequire(import.meta.url).resolve('amplify-dynamodb-simulator/package.json')),
  'emulator',
);
const JAVA_OPTIONS = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
/** Tells its number, and ends it with our end of its standard input, which closes however we end. */
const SHELL = `exec 3<&0
java "$@" 3<&- & java=$!
echo $java
stop() {
  kill $java; kill -CONT $java
  for wait in $(seq 50); do sleep 0.1; kill -0 $java || return; done
  kill -9 $java
}
(cat <&3 >/dev/null; stop 2>/dev/null) & wait $java`;

export const hasJava = spawnSync('java', ['-version']).status === 0;

/** Any values do; without -sharedDb each pair has its own tables. */
export const CREDENTIALS = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' } as const;

export interface DynamoDbLocal {
  /** `http://127.0.0.1:PORT`, the same after every start. */
  readonly endpoint: string;
  readonly awsRegion: string;
  /** Connections break, later ones are refused. By SIGTERM: killed, it loses some of what it had answered. Idempotent. */
  stop(): Promise<void>;
  /** At the same port; with its data if they are kept. */
  start(): Promise<void>;
  /** SIGSTOP: connections are taken and nothing is answered. */
  pause(): void;
  resume(): void;
  /** Stops it and removes its data. Idempotent. */
  dispose(): Promise<void>;
}

export interface DynamoDbLocalOptions {
  /** Keep data in files, so that they are there after the next start; default false. */
  readonly persistent?: boolean;
}

/** Sets the credentials of this process, which the SDK reads from the environment. */
export async function startDynamoDbLocal({
  persistent = false,
}: DynamoDbLocalOptions = {}): Promise<DynamoDbLocal> {
  Object.assign(process.env, CREDENTIALS);
  const directory = await mkdtemp(join(tmpdir(), 'daybook-dynamodb-'));
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let java: number | undefined;

  async function start(): Promise<void> {
    if (child !== undefined) throw new Error('DynamoDB Local is running already');
    const data = persistent ? ['-dbPath', directory] : ['-inMemory'];
    const jar = [`-Djava.library.path=${FOLDER}/DynamoDBLocal_lib`, '-jar', 'DynamoDBLocal.jar'];
    const started = spawn(
      'sh',
      ['-c', SHELL, 'sh', ...JAVA_OPTIONS, ...jar, '-disableTelemetry', '-port', String(port), ...data],
      { cwd: FOLDER, stdio: ['pipe', 'pipe', 'ignore'] },
    );
    child = started;
    const lines = createInterface(started.stdout);
    const [number] = (await once(lines, 'line')) as [string];
    java = Number(number);
    await eventually('DynamoDB Local answers', async () => {
      if (started.exitCode !== null) throw new Error('DynamoDB Local ended');
      return (await fetch(endpoint)).status > 0;
    });
  }

  async function stop(): Promise<void> {
    const running = child;
    child = undefined;
    if (running === undefined) return;
    const ended = running.exitCode === null ? once(running, 'exit') : undefined;
    running.stdin?.end();
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
  return {
    endpoint,
    awsRegion: 'eu-west-1',
    stop,
    start,
    pause: () => void (java && process.kill(java, 'SIGSTOP')),
    resume: () => void (java && process.kill(java, 'SIGCONT')),
    dispose,
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
