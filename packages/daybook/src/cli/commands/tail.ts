/**
 * `daybook tail`: follows a register for as long as it runs, whatever becomes of the server meanwhile.
 *
 * With `--cursor-file` an entry counts as done when it was printed, or when its command ended with 0; only then its
 * cursor is saved. So a tail that is started again begins with the first entry that is not done: none is missed, and one
 * whose command was cut off comes again.
 */
import type { Command } from 'commander';

import type { ClientError, TailItem } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { action, defineCommand } from '../cli.ts';
import { connect } from '../connection.ts';
import type { GlobalFlags } from '../connection.ts';
import { openCursorFile } from '../cursor-file.ts';
import { toEntryLine } from '../entry-text.ts';
import { CommandError, describeFailure, EXIT_FAILURE, EXIT_OK, UsageError } from '../failure.ts';
import { runForEntry } from '../shell-command.ts';
import { printable } from '../terminal.ts';

interface TailFlags extends GlobalFlags {
  readonly fromStart?: boolean;
  readonly cursor?: string;
  readonly cursorFile?: string;
  readonly exec?: string;
  readonly keepGoing?: boolean;
  readonly wait?: boolean;
}

export function addTail(program: Command, cli: Cli): void {
  defineCommand(program, {
    usage: 'tail <register>',
    summary:
      'Follow a register: every entry once, in stored order, over restarts of the server. Ctrl-C ends it.',
    examples: [
      ['daybook tail app', 'what comes from now on'],
      ['daybook tail app --from-start --json', 'everything, one JSON document an entry'],
      [`daybook tail app --exec 'jq .payload'`, 'a command for each entry, one after the other'],
      [`daybook tail app --cursor-file app.cursor --exec ./handle.sh`, 'started again it misses nothing'],
    ],
  })
    .option('--from-start', 'begin with the oldest entry')
    .option('--cursor <cursor>', 'go on behind this place')
    .option('--cursor-file <file>', 'keep the place in a file, and go on from there when it exists')
    .option(
      '--exec <command>',
      'run this for each entry: JSON on its standard input; DAYBOOK_ID, DAYBOOK_RECEIVED_AT, DAYBOOK_REGISTER, DAYBOOK_CURSOR',
    )
    .option('--keep-going', 'go on when a command fails (the exit code still tells)')
    .option('--wait', 'try on when there is no server at first')
    .action(action(cli, (flags: TailFlags, register = '') => tail(cli, flags, register)));
}

async function tail(cli: Cli, flags: TailFlags, register: string): Promise<number> {
  if (flags.fromStart === true && flags.cursor !== undefined) {
    throw new UsageError('--from-start: expected without --cursor');
  }
  if (flags.keepGoing === true && flags.exec === undefined) {
    throw new UsageError('--keep-going: expected with --exec');
  }
  const file = flags.cursorFile === undefined ? undefined : openCursorFile(flags.cursorFile, register);
  const stop = stopOnSignal();
  const items = connect(flags).tail(register, {
    cursor: file?.cursor ?? flags.cursor,
    from: flags.fromStart === true ? 'start' : 'now',
    signal: stop,
    retryFirst: flags.wait === true,
    onCursor: (cursor) => file?.save(cursor),
    onDisconnect: ({ error, delayMs }) => tellDisconnect(cli, error, delayMs),
  });
  let exitCode = EXIT_OK;
  for await (const item of items) {
    const failed = await handle(cli, flags, item);
    // Ctrl-C reaches the command too: that it ended early is no news, and its entry is not done.
    if (failed !== undefined && stop.aborted) break;
    if (failed !== undefined) {
      exitCode = EXIT_FAILURE;
      const message = `--exec: the command ${failed} for entry ${item.entry.id}`;
      if (flags.keepGoing !== true)
        throw new CommandError(`${message}; a tail with --cursor ${item.cursor} goes on behind it`);
      cli.terminal.note(`daybook: ${message}`);
    }
    file?.save(item.cursor);
  }
  return exitCode;
}

/** @returns how the command failed, if it did. */
async function handle({ terminal }: Cli, flags: TailFlags, item: TailItem): Promise<string | undefined> {
  if (flags.exec !== undefined) return runForEntry(flags.exec, item);
  await terminal.line(flags.json === true ? item.json : toEntryLine(item.json, terminal));
  return undefined;
}

function tellDisconnect({ terminal }: Cli, error: ClientError | undefined, delayMs: number): void {
  const why = error === undefined ? 'the server ended the connection' : describeFailure(error);
  terminal.note(printable(`daybook: ${why}; trying again in ${(delayMs / 1000).toFixed(1)} s`));
}

/** The first signal ends the tail in order; a second one ends the process at once, as it does by default. */
function stopOnSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  return stop.signal;
}
