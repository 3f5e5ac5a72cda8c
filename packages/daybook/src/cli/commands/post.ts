/**
 * `daybook post`: puts one moment on record, or with `--batch` one a line.
 */
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

import { readBody } from '../body.ts';
import type { Cli } from '../cli.ts';
import { action, defineCommand } from '../cli.ts';
import { connect } from '../connection.ts';
import { EXIT_OK, UsageError } from '../failure.ts';
import { postLines } from '../post-lines.ts';
import type { PostFlags } from '../post-lines.ts';

interface SingleOrBatchFlags extends PostFlags {
  readonly batch?: boolean;
}

export function addPost(program: Command, cli: Cli): void {
  defineCommand(program, {
    usage: 'post <register> [body]',
    summary:
      'Put a moment on record: alone, with the body given, from a file (@path) or from standard input (-).',
    examples: [
      ['daybook post app', 'the moment alone'],
      [`daybook post app '{"what":"deploy"}'`, 'JSON'],
      ['daybook post app @photo.jpg --type image/jpeg', 'a file'],
      ['uptime | daybook post app -', 'standard input'],
      ['daybook post app --batch @events.ndjson', 'one entry a line'],
      [
        'daybook post app --batch @events.ndjson --key import-2026-11-21',
        'again after a break: nothing twice',
      ],
    ],
  })
    .option('--type <content-type>', 'default: JSON if the body is an object or array, else text or bytes')
    .option('--key <key>', 'idempotency key, 16 to 255 visible characters (default: a random one)')
    .option('--no-key', 'send no idempotency key, and never try again')
    .option(
      '--header <name: value>',
      'send a header, such as one that the register keeps; may be repeated',
      addHeader,
    )
    .option('--batch', 'the body is NDJSON: one entry a line (default body: standard input)')
    .action(
      action(cli, (flags: SingleOrBatchFlags, register = '', body) =>
        flags.batch === true
          ? postLines(cli, flags, register, body ?? '-')
          : postOne(cli, flags, register, body),
      ),
    );
}

async function postOne(
  { terminal }: Cli,
  flags: PostFlags,
  register: string,
  given?: string,
): Promise<number> {
  if (given === undefined && flags.type !== undefined) {
    throw new UsageError('--type: expected a body for it, given none; "-" reads standard input');
  }
  const body = given === undefined ? undefined : await readBody(given);
  const receipt = await connect(flags).post(register, body?.bytes, {
    contentType: body && (flags.type ?? body.contentType),
    idempotencyKey: flags.key,
    headers: flags.header,
  });
  const repeated = receipt.duplicate === true && typeof flags.key === 'string' ? '  (on record before)' : '';
  await terminal.line(
    flags.json === true
      ? JSON.stringify(receipt)
      : `${receipt.id}  ${receipt.receivedAt}${terminal.paint('dim', repeated)}`,
  );
  return EXIT_OK;
}

function addHeader(text: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const [, name, value] = /^([!#$%&'*+.^_`|~\w-]+):\s*(.*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new InvalidArgumentError(`Expected one such as 'X-Source: cron'.`);
  }
  return { ...before, [name]: value };
}
