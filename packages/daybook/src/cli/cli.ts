/**
 * What every command gets: the terminal, and where to leave its exit code.
 */
import type { Command } from 'commander';

import { EXIT_OK } from './failure.ts';
import type { Terminal } from './terminal.ts';

export interface Cli {
  readonly terminal: Terminal;
  exitCode: number;
}

export interface CommandText {
  /** The verb and its arguments, as commander reads them. */
  readonly usage: string;
  readonly summary: string;
  /** A call and what it does. */
  readonly examples: readonly (readonly [call: string, effect: string])[];
}

/** Adds a command with its examples. */
export function defineCommand(program: Command, { usage, summary, examples }: CommandText): Command {
  const width = Math.max(...examples.map(([call]) => call.length));
  const lines = examples.map(([call, effect]) => `  $ ${call.padEnd(width)}  ${effect}`.trimEnd());
  return program
    .command(usage)
    .description(summary)
    .addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** Runs a command's work and keeps its exit code. @param work says by its type which flags it was defined with. */
export function action(
  cli: Cli,
  work: (flags: never, ...args: string[]) => Promise<number | void>,
): (...given: unknown[]) => Promise<void> {
  return async (...given) => {
    // commander passes the arguments, the command's own flags, and the command.
    const command = given.at(-1) as Command;
    const args = given.slice(0, -2) as string[];
    cli.exitCode = (await work(command.optsWithGlobals<never>(), ...args)) ?? EXIT_OK;
  };
}
