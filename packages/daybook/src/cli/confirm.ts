/**
 * A question before something that cannot be taken back. Asked on standard error, so that it is seen when the answer of
 * the command goes into a file.
 */
import { createInterface } from 'node:readline/promises';

import { UsageError } from './failure.ts';
import { printable } from './terminal.ts';

/** @throws {UsageError} when there is nobody to ask. */
export function assertCanAsk(): void {
  if (process.stdin.isTTY && process.stderr.isTTY) return;
  throw new UsageError('--yes: expected, because there is no terminal to ask on');
}

/** @returns true for `y` or `yes`; anything else, also the end of the input, is no. */
export async function confirm(question: string): Promise<boolean> {
  const asking = createInterface({ input: process.stdin, output: process.stderr });
  const { promise: closed, resolve } = Promise.withResolvers<string>();
  asking.once('close', () => resolve(''));
  try {
    const answer = await Promise.race([asking.question(`${printable(question)} [y/N] `), closed]);
    return /^y(?:es)?$/i.test(answer.trim());
  } finally {
    asking.close();
  }
}
