/**
 * `daybook registers`: which registers there are, where they are and what they keep.
 */
import type { Command } from 'commander';

import type { Registers } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { action, defineCommand } from '../cli.ts';
import { connectAsAdmin } from '../connection.ts';
import type { GlobalFlags } from '../connection.ts';
import { toTable } from '../table.ts';

type Register = Registers['registers'][number];

export function addRegisters(program: Command, cli: Cli): void {
  defineCommand(program, {
    usage: 'registers',
    summary: 'Show the registers, who may use them, and their settings; needs the role admin.',
    examples: [
      ['daybook registers', 'with the admin key of ./data'],
      ['daybook registers --data-dir /var/lib/daybook', 'with the one of another directory'],
      ['daybook registers --json', 'every setting'],
    ],
  }).action(
    action(cli, async (flags: GlobalFlags) => {
      const answer = await connectAsAdmin(flags).registers();
      if (flags.json === true) return cli.terminal.line(JSON.stringify(answer));
      const heading = [
        'NAME',
        'PATHS',
        'WRITE',
        'READ',
        'ENTRY',
        'SHOWN TO',
        'RETENTION',
        'RATE LIMIT',
        'KEPT',
      ];
      const [first = '', ...rest] = toTable([heading, ...answer.registers.map(toRow)]).split('\n');
      return cli.terminal.line([cli.terminal.paint('bold', first), ...rest].join('\n'));
    }),
  );
}

function toRow({
  name,
  paths,
  access,
  ownership,
  retentionDays,
  maxEntryBytes,
  rateLimit,
  keepHeaders,
  keepQuery,
}: Register): string[] {
  const limit = rateLimit === null ? '-' : `${rateLimit.refillPerSecond}/s, ${rateLimit.capacity} at once`;
  const kept = [...keepHeaders, ...keepQuery.map((parameter) => `?${parameter}`)].join(', ') || '-';
  const shown = ownership ? 'its owner' : 'readers';
  const retention = retentionDays === null ? 'for ever' : `${retentionDays} days`;
  const entry = `${maxEntryBytes / 1024} KiB`;
  return [name, paths.join(', '), access.write, access.read, entry, shown, retention, limit, kept];
}
