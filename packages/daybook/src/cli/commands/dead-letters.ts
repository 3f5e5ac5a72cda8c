/**
 * `daybook dead-letters`: what was given up on; shown, stored after all, or discarded.
 */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

import type { DeadLetterFilter } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { action, defineCommand } from '../cli.ts';
import { connectAsAdmin } from '../connection.ts';
import type { GlobalFlags } from '../connection.ts';
import { actOnLetters } from '../dead-letter-actions.ts';
import type { ActionFlags } from '../dead-letter-actions.ts';
import { letterRows, letterToText, payloadOf } from '../dead-letter-text.ts';
import { UsageError } from '../failure.ts';
import { toTable } from '../table.ts';
import { printableLines } from '../terminal.ts';

interface ListFlags extends GlobalFlags, DeadLetterFilter {
  readonly limit?: number;
  readonly all?: boolean;
}

interface ShowFlags extends GlobalFlags {
  readonly payload?: boolean;
}

const DEFAULT_LIMIT = 100;
const MAX_PAGE = 1_000;

export function addDeadLetters(program: Command, cli: Cli): void {
  const group = defineCommand(program, {
    usage: 'dead-letters',
    summary: 'What was given up on: list, show, replay, discard. Needs the role admin.',
    examples: [
      ['daybook dead-letters list', 'what there is, and why'],
      ['daybook dead-letters replay --register app --yes', 'store those of a register after all'],
    ],
  });
  addList(group, cli);
  addShow(group, cli);
  addAction(group, cli, 'replay', {
    summary: 'Store entries after all, with their own ids and stamps. Asks first when they are several.',
    examples: [
      ['daybook dead-letters replay 01a1fd95-8800-7e35-a40f-7422bfe1fdd1', 'one'],
      ['daybook dead-letters replay --register app --reason unexpected --dry-run', 'what would happen'],
      ['daybook dead-letters replay --from 2026-11-21 --rate 50 --yes', 'a day and later, 50 a second'],
    ],
  });
  addAction(group, cli, 'discard', {
    summary: 'Give entries up for good; their payloads are gone then. Asks first.',
    examples: [
      ['daybook dead-letters discard 01a1fd95-8800-7e35-a40f-7422bfe1fdd1', 'one'],
      [
        'daybook dead-letters discard --reason idempotency-conflict --yes',
        'all of a reason, without a question',
      ],
    ],
  });
}

function addList(group: Command, cli: Cli): void {
  const command = defineCommand(group, {
    usage: 'list',
    summary: 'Show what was given up on and why, oldest first.',
    examples: [
      ['daybook dead-letters list --register app', 'those of one register'],
      ['daybook dead-letters list --all --json | jq -r .id', 'the ids of all'],
    ],
  });
  addFilters(command)
    .option('--limit <letters>', `at most so many (default: ${DEFAULT_LIMIT})`, parseCount)
    .option('--all', 'without a limit')
    .action(action(cli, (flags: ListFlags) => list(cli, flags)));
}

function addShow(group: Command, cli: Cli): void {
  defineCommand(group, {
    usage: 'show <id>',
    summary: 'Show one, with its payload.',
    examples: [
      ['daybook dead-letters show 01a1fd95-8800-7e35-a40f-7422bfe1fdd1', ''],
      ['daybook dead-letters show 01a1fd95-8800-7e35-a40f-7422bfe1fdd1 --payload > body', 'its exact bytes'],
    ],
  })
    .option('--payload', 'the bytes alone: the payload, or the message that does not decode')
    .action(action(cli, (flags: ShowFlags, id = '') => show(cli, flags, id)));
}

function addAction(
  group: Command,
  cli: Cli,
  verb: 'replay' | 'discard',
  described: { summary: string; examples: readonly (readonly [string, string])[] },
): void {
  addFilters(defineCommand(group, { usage: `${verb} [id...]`, ...described }))
    .option('--all', 'every one there is')
    .option('--dry-run', 'look, and change nothing')
    .option('--rate <per second>', 'at most so many a second', parseCount)
    .option('--yes', 'do not ask')
    // commander gives the ids as one array.
    .action(action(cli, (flags: ActionFlags, ...ids) => actOnLetters(cli, verb, flags, ids.flat())));
}

function addFilters(command: Command): Command {
  return command
    .option('--register <register>', 'only those of this register')
    .option('--from <time>', 'stamped at this time or later: 2026-11-21 or 2026-11-21T07:55:43.368790Z')
    .option('--to <time>', 'stamped before this time')
    .option('--reason <code>', 'only those with this reason, such as rejected');
}

async function list({ terminal }: Cli, flags: ListFlags): Promise<void> {
  const { register, from, to, reason } = flags;
  if (flags.all === true && flags.limit !== undefined)
    throw new UsageError('--all: expected without --limit');
  let left = flags.all === true ? Number.POSITIVE_INFINITY : (flags.limit ?? DEFAULT_LIMIT);
  const pages = connectAsAdmin(flags).deadLetters.pages({
    register,
    from,
    to,
    reason,
    limit: Math.min(left, MAX_PAGE),
  });
  let isFirst = true;
  for await (const { deadLetters } of pages) {
    const shown = deadLetters.slice(0, left);
    if (flags.json === true) for (const letter of shown) await terminal.line(JSON.stringify(letter));
    else if (shown.length > 0) await terminal.line(printableLines(toTable(letterRows(shown, isFirst))));
    if (shown.length > 0) isFirst = false;
    left -= shown.length;
    if (left <= 0) break;
  }
  if (isFirst && flags.json !== true && terminal.isInteractive) terminal.note('no dead letters');
}

async function show({ terminal }: Cli, flags: ShowFlags, id: string): Promise<void> {
  const letter = await connectAsAdmin(flags).deadLetters.show(id);
  if (flags.payload === true) await terminal.write(payloadOf(letter));
  else if (flags.json === true) await terminal.line(JSON.stringify(letter));
  else await terminal.line(printableLines(letterToText(letter)));
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('Expected a whole number of 1 or more.');
}
