/**
 * The server under proof: a real `daybook serve` on a free port, in a directory of its own, with none of the caller's
 * configuration.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { serverEnvironment } from '../../config/cli-environment.ts';
import { CommandError } from '../failure.ts';

export interface ServerProcess {
  /** Such as `http://127.0.0.1:41233`. */
  readonly url: string;
  readonly durability: string;
  /** From the start of the process until it listened. */
  readonly readyAfterMs: number;
  /** SIGKILL, as a crash would be; resolves when the process is gone. */
  kill(): Promise<void>;
}

const START_TIMEOUT_MS = 60_000;
const PROGRAM = join(import.meta.dirname, '../../../bin/daybook.js');

/**
 * The process ends with ours, whenever that is.
 * @throws {CommandError} when it ends before it listens, with what it said.
 */
export async function startServerProcess(directory: string): Promise<ServerProcess> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [PROGRAM, 'serve', '--until-stdin-ends'], {
    cwd: directory,
    // The other end of its standard input is ours: it closes with us, also when nothing of us can run any more.
    stdio: ['pipe', 'pipe', 'pipe'],
    env: serverEnvironment({
      DAYBOOK_HOST: '127.0.0.1',
      DAYBOOK_PORT: '0',
      DAYBOOK_DATA_DIR: join(directory, 'data'),
      // All clients come from one address.
      DAYBOOK_RATE_LIMIT: 'off',
    }),
  });
  const killNow = (): void => void child.kill('SIGKILL');
  // Before whatever else is done then, such as removing the directory in which it writes.
  process.prependListener('exit', killNow);
  child.once('close', () => process.removeListener('exit', killNow));
  const timer = setTimeout(killNow, START_TIMEOUT_MS);
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  const listening = new Promise<Listening>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const found = readListening(line);
      if (found !== undefined) resolve(found);
    });
  });
  const first = await Promise.race([listening, ended]);
  clearTimeout(timer);
  if (first === undefined)
    throw new CommandError(`proof: the server ended before it listened: ${said.trim()}`);
  return {
    url: first.address,
    durability: first.durability,
    readyAfterMs: performance.now() - startedMs,
    kill() {
      killNow();
      return ended;
    },
  };
}

interface Listening {
  readonly address: string;
  readonly durability: string;
}

function readListening(line: string): Listening | undefined {
  if (!line.includes('"event":"listening"')) return undefined;
  const { address, durability } = JSON.parse(line) as Partial<Listening>;
  return typeof address === 'string' ? { address, durability: durability ?? 'unknown' } : undefined;
}
