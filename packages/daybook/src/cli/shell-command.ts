/**
 * Runs the user's command for one entry: by the shell, the entry as JSON on its standard input, its place in the
 * environment, our own output as its output.
 */
import { spawn } from 'node:child_process';

import type { TailItem } from '../client/index.ts';
import { commandEnvironment } from '../config/cli-environment.ts';
import { CommandError } from './failure.ts';

/** @returns undefined when it ended with 0, else how it ended. @throws {CommandError} when there is no shell. */
export async function runForEntry(
  command: string,
  { entry, json, cursor }: TailItem,
): Promise<string | undefined> {
  const child = spawn(command, {
    shell: true,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: commandEnvironment({
      DAYBOOK_ID: entry.id,
      DAYBOOK_RECEIVED_AT: entry.receivedAt,
      DAYBOOK_REGISTER: entry.register,
      DAYBOOK_CURSOR: cursor,
    }),
  });
  // A command need not read its input: whatever it leaves in the pipe is no failure.
  child.stdin.on('error', () => undefined);
  child.stdin.end(`${json}\n`);
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  child.once('error', (cause) =>
    reject(new CommandError(`--exec: the shell did not start, ${cause.message}`, { cause })),
  );
  child.once('close', (code, signal) => {
    if (code === 0) resolve(undefined);
    else resolve(signal === null ? `ended with code ${code}` : `was ended by ${signal}`);
  });
  return promise;
}
