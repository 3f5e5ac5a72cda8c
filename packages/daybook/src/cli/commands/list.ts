/**
 * `daybook list`: what is on record, newest first unless asked otherwise.
 */
import { InvalidArgumentError, Option } from 'commander';
import type { Command } from 'commander';

import type { EntryView } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { action, defineCommand } from '../cli.ts';
import { connect } from '../connection.ts';
import type { GlobalFlags } from '../connection.ts';
import { entryHeading, toEntryLine } from '../entry-text.ts';
import { UsageError } from '../failure.ts';
import { toLines } from '../lines.ts';
import { printableLines } from '../terminal.ts';
import type { Terminal } from '../terminal.ts';

interface ListFlags extends GlobalFlags {
  readonly from?: string;
  readonly to?: string;
  readonly order?: 'asc' | 'desc';
  readonly limit?: number;
  readonly all?: boolean;
  readonly after?: string;
  readonly format?: 'table' | 'ndjson' | 'csv' | 'text';
}

const DEFAULT_LIMIT = 100;

export function addList(program: Command, cli: Cli): void {
  defineCommand(program, {
    usage: 'list <register>',
    summary: 'Show what is on record, newest first.',
    examples: [
      ['daybook list app', 'the newest 100'],
      ['daybook list app --from 2026-11-21 --to 2026-11-22 --all', 'a day, whole'],
      ['daybook list app --order asc --limit 10', 'the oldest ten'],
      ['daybook list app --all --format csv > app.csv', 'everything, for a spreadsheet'],
      ['daybook list app --json | jq .payload', 'one JSON document an entry'],
    ],
  })
    .option('--from <time>', 'stamped at this time or later: 2026-11-21 or 2026-11-21T07:55:43.368790Z')
    .option('--to <time>', 'stamped before this time')
    .addOption(new Option('--order <order>', 'desc: newest first (default)').choices(['asc', 'desc']))
    .option('--limit <entries>', `at most so many (default: ${DEFAULT_LIMIT})`, parseLimit)
    .option('--all', 'without a limit')
    .option('--after <id>', 'go on behind this entry')
    .addOption(
      new Option(
        '--format <format>',
        'table (default), or ndjson, csv, text as the server writes them',
      ).choices(['table', 'ndjson', 'csv', 'text']),
    )
    .action(action(cli, (flags: ListFlags, register = '') => list(cli, flags, register)));
}

async function list({ terminal }: Cli, flags: ListFlags, register: string): Promise<void> {
  const { from, to, order, after } = flags;
  if (flags.all === true && flags.limit !== undefined)
    throw new UsageError('--all: expected without --limit');
  if (flags.json === true && flags.format !== undefined && flags.format !== 'ndjson') {
    throw new UsageError(`--json: the same as --format ndjson, given also --format ${flags.format}`);
  }
  const format = flags.json === true ? 'ndjson' : (flags.format ?? 'table');
  const limit = flags.all === true ? Infinity : (flags.limit ?? DEFAULT_LIMIT);
  const read = (wanted: 'ndjson' | 'csv' | 'text', most: number) =>
    connect(flags).download(register, {
      format: wanted,
      from,
      to,
      order,
      after,
      limit: most === Infinity ? undefined : most,
    });
  // One more than is shown tells whether there are more.
  if (format === 'table') await showTable(terminal, await read('ndjson', limit + 1), limit);
  else await copy(terminal, await read(format, limit));
}

/** To a file go the exact bytes; a terminal must not be steered by what a stranger wrote. */
async function copy(terminal: Terminal, stream: AsyncIterable<Uint8Array>): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    await terminal.write(
      terminal.isInteractive ? printableLines(decoder.decode(chunk, { stream: true })) : chunk,
    );
  }
}

async function showTable(
  terminal: Terminal,
  stream: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<void> {
  let shown = 0;
  let last: string | undefined;
  for await (const line of toLines(stream)) {
    if (shown === limit) {
      const { id } = JSON.parse(last ?? '{}') as Partial<EntryView>;
      if (terminal.isInteractive) terminal.note(`There is more: --all, or --after ${id}`);
      return;
    }
    last = line.toString();
    if (shown === 0) await terminal.line(entryHeading(terminal));
    await terminal.line(toEntryLine(last, terminal));
    shown += 1;
  }
  if (shown === 0 && terminal.isInteractive) terminal.note('Nothing is on record here.');
}

function parseLimit(text: string): number {
  if (/^\d{1,15}$/.test(text) && Number(text) > 0) return Number(text);
  throw new InvalidArgumentError('Expected a whole number of 1 or more.');
}
