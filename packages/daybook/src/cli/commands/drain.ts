/**
 * `daybook drain` and `daybook undrain`: the readiness of a server's region fails on purpose, or no more.
 */
import type { Command } from 'commander';

import type { DrainView } from '../../client/index.ts';
import type { Cli } from '../cli.ts';
import { action, defineCommand } from '../cli.ts';
import { connectAsAdmin } from '../connection.ts';
import type { GlobalFlags } from '../connection.ts';
import { printable } from '../terminal.ts';

interface DrainFlags extends GlobalFlags {
  readonly reason?: string;
}

export function addDrain(program: Command, cli: Cli): void {
  defineCommand(program, {
    usage: 'drain',
    summary: "Make the readiness of the server's region fail, so that traffic goes elsewhere.",
    examples: [
      ['daybook drain --reason "new database"', 'of this machine; it goes on to answer what comes'],
      ['daybook drain --url https://eu.daybook.example --api-key "$KEY"', 'of the region behind that name'],
    ],
  })
    .option('--reason <text>', 'why, told to whoever asks for the readiness')
    .action(
      action(cli, async ({ reason, ...flags }: DrainFlags) =>
        tell(cli, flags, await connectAsAdmin(flags).drain({ reason })),
      ),
    );
  defineCommand(program, {
    usage: 'undrain',
    summary: 'Let the readiness of the region be what it is.',
    examples: [['daybook undrain', 'traffic comes back with the next health checks']],
  }).action(
    action(cli, async (flags: GlobalFlags) => tell(cli, flags, await connectAsAdmin(flags).undrain())),
  );
}

function tell({ terminal }: Cli, { json }: GlobalFlags, view: DrainView): Promise<void> {
  return terminal.line(json === true ? JSON.stringify(view) : printable(describe(view)));
}

function describe({ region, drained, since, by, reason }: DrainView): string {
  if (!drained) return `region ${region}: not drained`;
  return `region ${region}: drained since ${since} by ${by}${reason === null ? '' : `: ${reason}`}`;
}
